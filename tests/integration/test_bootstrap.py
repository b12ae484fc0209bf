"""Whatever the login shell is, its command line leads to an agent."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_compute.drivers import _bootstrap, _package
from jupyter_compute.drivers._agent import Agent
from jupyter_compute.drivers._bootstrap import Container, NoAgent, PipeEnded, Wanted, bring
from jupyter_compute.drivers._host import ProcessPipe

SHELLS = (
    ("sh",),
    ("bash",),
    ("dash",),
    ("fish",),
    ("tcsh",),
    ("zsh",),
    ("busybox", "sh"),
)


def wanted(folder: Path, **changes: Any) -> Wanted:
    archive = _package.place(folder / "near")
    root = str(folder / "root 中 it's $HOME")
    found = Wanted(root, sys.executable, Container(), archive.name, archive.read_bytes())
    return found._replace(**changes)


async def log_in(*shell: str) -> ProcessPipe:
    process = await asyncio.create_subprocess_exec(
        *shell,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return ProcessPipe(process)


async def greet(want: Wanted, *shell: str) -> str:
    """Bring an agent up, say hello, and return its root."""
    pipe = await log_in(*shell)
    pipe.reader = await bring(pipe, want)
    agent = Agent(pipe)
    try:
        await agent.start({"root": want.root}, timeout_s=60)
        return str(agent.hello["root"])
    finally:
        await agent.close()


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_every_login_shell_starts_the_agent(shell: tuple[str, ...], tmp_path: Path) -> None:
    assert shutil.which(shell[0]), f"{shell[0]} is not on PATH: make engines"
    want = wanted(tmp_path)
    for _ in range(2):
        root = asyncio.run(greet(want, *shell, "-c", _bootstrap.COMMAND))
        assert root == want.root
    assert [path.name for path in Path(want.root, "agent").iterdir()] == [want.name]


def test_the_command_is_one_line_that_every_shell_hands_on_as_it_stands() -> None:
    inner = _bootstrap.COMMAND.removeprefix("exec /bin/sh -c '").removesuffix("'")
    assert not set(inner) & set("'!\n")
    assert "\\'" not in inner and "\\\\" not in inner


def test_an_archive_that_arrived_in_part_is_sent_anew(tmp_path: Path) -> None:
    want = wanted(tmp_path)
    place = Path(want.root, "agent")
    place.mkdir(parents=True)
    (place / want.name).write_bytes(want.archive[:1000])
    asyncio.run(greet(want, "sh", "-c", _bootstrap.COMMAND))
    assert (place / want.name).read_bytes() == want.archive


def test_the_archive_travels_only_once(tmp_path: Path) -> None:
    want = wanted(tmp_path)
    asyncio.run(greet(want, "sh", "-c", _bootstrap.COMMAND))
    # Of the right length, so it is started as it is: bytes that were sent would replace it.
    asyncio.run(
        greet(want._replace(archive=bytes(len(want.archive))), "sh", "-c", _bootstrap.COMMAND)
    )
    assert Path(want.root, "agent", want.name).read_bytes() == want.archive


def test_files_of_the_agent_are_its_users_and_runs_keep_the_users_mask(tmp_path: Path) -> None:
    want = wanted(tmp_path)
    asyncio.run(greet(want, "sh", "-c", f"umask 022; {_bootstrap.COMMAND}"))
    assert Path(want.root).stat().st_mode & 0o077 == 0
    assert Path(want.root, "agent", want.name).stat().st_mode & 0o077 == 0


def test_what_the_login_prints_comes_before_the_greeting(tmp_path: Path) -> None:
    noise = "head -c 300000 /dev/zero | tr '\\000' x; echo; printf '\\000jupyter-compute-'; "
    asyncio.run(greet(wanted(tmp_path), "sh", "-c", noise + _bootstrap.COMMAND))


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"python": "/no/such/python"}, None, "no-python"),
        ({"root": "/proc/nothing"}, None, "no-root"),
        ({"root": "/dev/full"}, None, "no-root"),
        ({"container": Container("any")}, "/nothing", "no-engine"),
    ],
)
def test_what_is_missing_is_said(
    changes: dict[str, Any], path: str | None, code: str, tmp_path: Path
) -> None:
    setting = f"PATH={path}; " if path else ""

    async def try_it() -> None:
        pipe = await log_in("sh", "-c", setting + _bootstrap.COMMAND)
        try:
            await bring(pipe, wanted(tmp_path, **changes))
        finally:
            await pipe.close()

    with pytest.raises(NoAgent) as caught:
        asyncio.run(try_it())
    assert caught.value.code == code


def test_a_shell_that_does_not_run_commands_is_told_by_its_last_line(tmp_path: Path) -> None:
    async def try_it() -> None:
        pipe = await log_in("sh", "-c", "echo This account is not available.; exit 1")
        try:
            await bring(pipe, wanted(tmp_path))
        finally:
            await pipe.close()

    with pytest.raises(PipeEnded, match="not available"):
        asyncio.run(try_it())
