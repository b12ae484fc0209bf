"""Conda environments that are built on the target from a channel made here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conda_channel import make_channel, write_program
from keeper_stage import Stage, events_of, log_of, until

from jupyter_compute.runner import environments

BUILDING = "building the environment"
SHOW = (
    "import json, os, sys; names = ('GREETING', 'CONDA_PREFIX', 'MOOD');"
    "print(json.dumps([sys.prefix, *(os.environ.get(n) for n in names)]))"
)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "cache"))
    for name in ("MAMBA_EXE", "CONDA_EXE", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    stage = Stage(tmp_path / "root")
    yield stage
    stage.close()


@pytest.fixture
def conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a program of the conda family where its installer would, off the ``PATH``."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return write_program(tmp_path / "home/micromamba/bin/micromamba")


@pytest.fixture
def channel(tmp_path: Path) -> str:
    return make_channel(tmp_path / "channel")


def environment(channel: str, *packages: str) -> dict[str, Any]:
    lines = [
        *["name: ignored", "channels:", f"  - {channel}", "dependencies:"],
        *[f"  - {package}" for package in packages],
        *["variables:", "  MOOD: good"],
    ]
    return {"type": "conda", "text": "\n".join(lines) + "\n"}


def phases(folder: str) -> list[str]:
    return [event["name"] for event in events_of(folder, "phase")]


def test_an_environment_is_built_once_and_activated(stage: Stage, conda: str, channel: str) -> None:
    asked = environment(channel, "python", "greeting")
    first = stage.python(SHOW, environment=asked)
    assert stage.finish(first)["state"] == "completed", log_of(first)
    assert BUILDING in phases(first)
    assert "$ micromamba create --prefix" in log_of(first)
    prefix, greeting, named, mood = json.loads(log_of(first).splitlines()[-1])
    assert os.path.dirname(prefix) == os.path.join(stage.root, "environments")
    assert (greeting, named, mood) == (f"hello from {prefix}", prefix, "good")
    facts = [event["facts"] for event in events_of(first, "facts")]
    assert facts[0]["packages"]["greeting"] == "1.5"

    second = stage.python(SHOW, environment=asked)
    assert stage.finish(second)["state"] == "completed"
    assert BUILDING not in phases(second)
    assert json.loads(log_of(second))[0] == prefix


def test_runs_at_once_build_one_environment(stage: Stage, conda: str, channel: str) -> None:
    asked = environment(channel, "python")
    folders = [stage.python(SHOW, environment=asked) for _ in range(3)]
    assert [stage.finish(folder)["state"] for folder in folders] == ["completed"] * 3
    assert [BUILDING in phases(folder) for folder in folders].count(True) == 1


def test_an_environment_without_python_runs_other_programs(
    stage: Stage, conda: str, channel: str
) -> None:
    asked = environment(channel, "greeting")
    folder = stage.launch("sh", "-c", 'cat "$CONDA_PREFIX/share/greeting"', environment=asked)
    assert stage.finish(folder)["state"] == "completed", log_of(folder)
    assert log_of(folder).endswith("hello")
    found = stage.finish(stage.python("1", environment=asked))
    assert "bin/python could not be started" in found["error"]


def test_a_build_that_fails_says_why(stage: Stage, conda: str, channel: str) -> None:
    folder = stage.python("1", environment=environment(channel, "no-such-package"))
    found = stage.finish(folder)
    assert found["error"].startswith("the environment could not be built: ")
    assert "no-such-package" in found["error"]
    assert os.listdir(os.path.join(stage.root, "environments")) == [
        name for name in os.listdir(os.path.join(stage.root, "environments")) if "lock" in name
    ]


def test_without_conda_it_is_said_what_to_do(
    stage: Stage, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", stage.root)
    folder = stage.python("1", environment=environment(channel, "python"), env={"PATH": "/bin"})
    error = stage.finish(folder)["error"]
    assert "there is neither micromamba, mamba nor conda; install one there" in error


def test_an_environment_that_is_there_already_is_activated(
    stage: Stage, conda: str, channel: str
) -> None:
    built = stage.python(SHOW, environment=environment(channel, "python", "greeting"))
    stage.finish(built)
    prefix = json.loads(log_of(built).splitlines()[-1])[0]
    named = {"type": "python", "interpreter": f"{prefix}/bin/python"}
    folder = stage.python(SHOW, environment=named)
    assert stage.finish(folder)["state"] == "completed"
    assert json.loads(log_of(folder))[1:] == [f"hello from {prefix}", prefix, "good"]


def test_an_environment_that_nobody_uses_can_be_removed(
    stage: Stage, conda: str, channel: str
) -> None:
    asked = environment(channel, "python")
    stage.finish(stage.python("1", environment=asked))
    assert environments.discard(stage.root, 1 << 40) == 0
    assert until(lambda: environments.discard(stage.root, 0), "the end of the keeper") > 0
    again = stage.python(SHOW, environment=asked)
    assert stage.finish(again)["state"] == "completed"
    assert BUILDING in phases(again)
