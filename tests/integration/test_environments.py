"""Environments that are built on the target, offline, from a package made here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keeper_stage import Stage, events_of, log_of, state_of, until

from jupyter_compute.runner import environments, status

BUILDING = "building the environment"


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def wheel(tmp_path: Path) -> str:
    """Make a package ``greeting`` and return the requirement that names it."""
    path = tmp_path / "greeting-1.5-py3-none-any.whl"
    info = "greeting-1.5.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("greeting.py", "WORD = 'hello'\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.5\n")
        wheel = "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{info}/WHEEL", wheel)
        record = f"greeting.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n"
        file.writestr(f"{info}/RECORD", record)
    return f"greeting @ file://{path}"


def packages(*requirements: str, **more: Any) -> dict[str, Any]:
    return {"type": "packages", "requirements": list(requirements), **more}


def phases(folder: str) -> list[str]:
    return [event["name"] for event in events_of(folder, "phase")]


GREET = "import greeting, sys; print(greeting.WORD, sys.prefix)"


def test_an_environment_is_built_once_and_kept(
    stage: Stage, wheel: str, engine: Callable[[str], str]
) -> None:
    engine("uv")
    first = stage.python(GREET, environment=packages(wheel))
    assert stage.finish(first)["state"] == "completed"
    assert BUILDING in phases(first)
    assert "uv pip install" in log_of(first)
    word, prefix = log_of(first).splitlines()[-1].split(" ", 1)
    assert (word, os.path.dirname(prefix)) == ("hello", os.path.join(stage.root, "environments"))
    facts = [event["facts"] for event in events_of(first, "facts")]
    assert facts[0]["packages"]["greeting"] == "1.5"

    second = stage.python(GREET, environment=packages(wheel))
    assert stage.finish(second)["state"] == "completed"
    assert BUILDING not in phases(second)
    assert log_of(second) == f"hello {prefix}\n"


def test_a_lock_is_installed_as_it_stands(
    stage: Stage, wheel: str, engine: Callable[[str], str], tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    path = wheel.partition("file://")[2]
    (project / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.8"\n'
        f'dependencies = ["greeting"]\n[tool.uv.sources]\ngreeting = {{ path = "{path}" }}\n'
    )
    subprocess.run([engine("uv"), "lock", "-q", "--project", str(project)], check=True)
    files = {path.name: path.read_text() for path in project.iterdir() if path.is_file()}
    assert set(files) == {"pyproject.toml", "uv.lock"}
    folder = stage.python(GREET, environment=packages(files=files))
    assert stage.finish(folder)["state"] == "completed", log_of(folder)
    assert "uv sync --frozen" in log_of(folder)
    assert log_of(folder).splitlines()[-1].startswith("hello ")


def test_an_environment_in_use_is_not_removed(
    stage: Stage, wheel: str, engine: Callable[[str], str]
) -> None:
    engine("uv")
    code = GREET + "; import time; time.sleep(1000)"
    folder = stage.python(code, environment=packages(wheel))
    until(lambda: "hello" in log_of(folder), "the program")
    assert environments.discard(stage.root, 0) == 0
    status.cancel(folder)
    stage.finish(folder)
    assert environments.discard(stage.root, 1 << 40) == 0
    assert until(lambda: environments.discard(stage.root, 0), "the end of the keeper") > 0
    again = stage.python(GREET, environment=packages(wheel))
    assert stage.finish(again)["state"] == "completed"
    assert BUILDING in phases(again)


def test_two_runs_at_once_build_one_environment(
    stage: Stage, wheel: str, engine: Callable[[str], str]
) -> None:
    engine("uv")
    folders = [stage.python(GREET, environment=packages(wheel)) for _ in range(3)]
    assert [stage.finish(folder)["state"] for folder in folders] == ["completed"] * 3
    assert [BUILDING in phases(folder) for folder in folders].count(True) == 1
    assert len({log_of(folder).splitlines()[-1] for folder in folders}) == 1


def test_a_build_that_fails_says_why(stage: Stage, engine: Callable[[str], str]) -> None:
    engine("uv")
    folder = stage.python("print(1)", environment=packages("no-such-package==1"))
    found = stage.finish(folder)
    assert found["state"] == "failed"
    assert found["error"].startswith("the environment could not be built: ")
    assert "no-such-package" in found["error"]
    assert "started" not in found
    names = os.listdir(os.path.join(stage.root, "environments"))
    assert [name for name in names if not name.endswith(".lock")] == []


def test_a_password_in_the_address_of_an_index_is_not_repeated(
    stage: Stage, engine: Callable[[str], str]
) -> None:
    engine("uv")
    env = {"UV_DEFAULT_INDEX": "http://me:hush@127.0.0.1:1/simple", "UV_OFFLINE": "0"}
    folder = stage.python("1", environment=packages("no-such-package==1"), env=env)
    found = stage.finish(folder)
    assert "no-such-package" in log_of(folder) + found["error"]
    assert "hush" not in log_of(folder) + found["error"]


def test_a_build_that_was_killed_is_started_afresh(
    stage: Stage, wheel: str, engine: Callable[[str], str], tmp_path: Path
) -> None:
    uv = engine("uv")
    slow = tmp_path / "programs" / "uv"
    slow.parent.mkdir()
    slow.write_text(
        f'#!/bin/sh\nif [ "$1" = venv ]; then mkdir -p {tmp_path}/seen; sleep 1000; fi\n'
        f'exec {uv} "$@"\n'
    )
    slow.chmod(0o755)
    path = f"{slow.parent}{os.pathsep}{os.environ['PATH']}"
    # The real one may stand beside the interpreter, which would be preferred.
    alone = tmp_path / "python"
    alone.symlink_to(Path(sys.executable).resolve())
    env = packages(wheel, python=str(alone))
    folder = stage.python(GREET, environment=env, env={"PATH": path})
    until((tmp_path / "seen").exists, "the build")
    os.kill(state_of(folder)["pid"], signal.SIGKILL)
    found = stage.finish(folder)
    assert found["error"].startswith(
        "the keeper of the run was killed before or as the program started"
    )
    assert stage.left() == []
    again = stage.python(GREET, environment=env)
    assert stage.finish(again)["state"] == "completed"


def test_a_build_can_be_canceled(stage: Stage, tmp_path: Path) -> None:
    slow = tmp_path / "uv"
    slow.write_text('#!/bin/sh\nif [ "$1" = venv ]; then echo slow; sleep 1000; fi\n')
    slow.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    folder = stage.python("1", environment=packages("x", python="3"), env={"PATH": path})
    until(lambda: "slow" in log_of(folder), "the build")
    found = status.read_status(folder)
    assert found is not None
    assert (found["state"], found["reason"]) == ("preparing", BUILDING)
    status.cancel(folder, "ada")
    found = stage.finish(folder)
    assert (found["state"], found["error"]) == ("canceled", "canceled by ada")
    assert stage.left() == []


def test_pip_builds_where_there_is_no_uv(stage: Stage, wheel: str) -> None:
    base = os.path.realpath(sys.executable)
    env = {"PATH": "/usr/bin:/bin"}
    folder = stage.python(GREET, environment=packages(wheel, python=base), env=env)
    assert stage.finish(folder)["state"] == "completed", log_of(folder)
    assert log_of(folder).splitlines()[-1].startswith("hello ")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"type": "dream"}, "an environment of the type 'dream' is not known"),
        ({"type": "python", "interpreter": "python9.9"}, "there is no interpreter python9.9 on"),
        ({"type": "python", "interpreter": "/no/python"}, "there is no interpreter /no/python on"),
    ],
)
def test_an_environment_that_cannot_be_says_so(
    stage: Stage, environment: dict[str, Any], words: str
) -> None:
    found = stage.finish(stage.python("print(1)", environment=environment))
    assert found["state"] == "failed"
    assert found["error"].startswith(words)


def test_an_interpreter_is_found_by_its_name(stage: Stage) -> None:
    environment = {"type": "python", "interpreter": "python3"}
    code = "import sys; print(sys.version_info[0])"
    folder = stage.python(code, environment=environment)
    assert stage.finish(folder)["state"] == "completed"
    assert log_of(folder) == "3\n"
