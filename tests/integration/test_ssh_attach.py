"""A machine is attached once, whatever it is called, and what is wrong is told before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machines import Sshd
from shell import Answer, Shell, open_shell

from jupyter_compute.client import Client
from jupyter_compute.errors import CODES, ConflictError


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[str], str]) -> Iterator[Sshd]:
    engine("sshd")
    with Sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    yield from open_shell(tmp_path / "source", tmp_path / "compute", monkeypatch)


def attach(shell: Shell, sshd: Sshd, name: str, **options: str) -> Answer:
    place = {"host": sshd.name, "config-file": str(sshd.ssh_config), **options}
    words = [word for key, value in place.items() for word in (f"--{key}", value)]
    return shell.run("attach", name, "--kind", "ssh", *words)


def test_a_second_name_for_a_machine_is_refused_with_the_first_one(
    shell: Shell, sshd: Sshd, tmp_path: Path
) -> None:
    assert attach(shell, sshd, "box").code == 0
    same = attach(shell, sshd, "other")
    assert same.code == CODES[ConflictError].exit_code
    assert "already attached as 'box'" in same.err and "--replace" in same.err
    # Another address of the same machine is only known by what is found there.
    config = tmp_path / "config"
    alias = f"localhost\n  HostKeyAlias [127.0.0.1]:{sshd.port}"
    config.write_text(sshd.ssh_config.read_text().replace('"127.0.0.1"', alias))
    there = {"config-file": str(config)}
    assert "already attached as 'box'" in attach(shell, sshd, "other", **there).err
    assert names(shell) == ["local", "box"]
    assert shell.run(*replacing(sshd, config)).code == 0
    assert names(shell) == ["local", "other"]


def replacing(sshd: Sshd, config: Path) -> tuple[str, ...]:
    place = ("--host", sshd.name, "--config-file", str(config))
    return ("attach", "other", "--replace", "--kind", "ssh", *place)


def names(shell: Shell) -> list[str]:
    with Client(shell.home) as client:
        return [target.name for target in client.targets()]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"port": "1"}, "nothing listens on port 1 of 127.0.0.1"),
        ({"host": "no-such-machine.invalid"}, "no machine of the name no-such-machine"),
        ({"key-file": "/no/such/key"}, "the key file /no/such/key cannot be read"),
        ({"user": "nobody-of-that-name"}, "did not let nobody-of-that-name in"),
        ({"password": "hunter2"}, "says where the password is kept"),
        ({"port": "0"}, "port"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_attached(
    options: dict[str, str], said: str, shell: Shell, sshd: Sshd
) -> None:
    answer = attach(shell, sshd, "box", **options)
    assert answer.code not in (0, 1)
    assert said in answer.err
    assert "Traceback" not in answer.err and "hunter2" not in answer.err
    assert names(shell) == ["local"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"python": "/no/such/python"}, "no Python on 127.0.0.1: no /no/such/python"),
        ({"root": "/proc/nothing"}, "the folder /proc/nothing on 127.0.0.1 cannot be made"),
    ],
)
def test_what_keeps_runs_from_a_machine_is_told_when_it_is_attached(
    options: dict[str, str], said: str, shell: Shell, sshd: Sshd
) -> None:
    told = attach(shell, sshd, "box", **options).text
    assert said in told
    # Nobody could look, so that nothing is told of what is there.
    assert "cores" not in told and "gpus" not in told


def test_a_key_that_others_can_read_is_named(shell: Shell, sshd: Sshd, tmp_path: Path) -> None:
    key = tmp_path / "id of mine"
    key.write_text(sshd.key.read_text())
    key.chmod(0o644)
    config = tmp_path / "config"
    config.write_text(
        f"Host here\n  HostName 127.0.0.1\n  Port {sshd.port}\n"
        f"  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    answer = attach(shell, sshd, "box", **{"key-file": str(key), "config-file": str(config)})
    assert f"others can read: {key}" in answer.err and "chmod 600" in answer.err


def test_variables_of_the_target_reach_its_runs(shell: Shell, sshd: Sshd) -> None:
    values = "HTTPS_PROXY=http://proxy:3128,NO_PROXY=localhost,127.0.0.1"
    assert attach(shell, sshd, "box", env=values).code == 0
    shell.write("show.py", "import os; print(os.environ['HTTPS_PROXY'], os.environ['NO_PROXY'])")
    done = shell.ok("submit", "--target", "box", "--wait", "show.py")
    assert "http://proxy:3128 localhost,127.0.0.1" in done.text
