"""What is refused before anything is sent, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_compute.client import Client
from jupyter_compute.client.checks import check_cell
from jupyter_compute.errors import ComputeError, ConfigError, NotFoundError, SnapshotError
from jupyter_compute.model import CellCommand, Resources, RunFilter
from jupyter_compute.options import nearest


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    with Client() as client:
        yield client


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)")
    (folder / "report.ipynb").write_text('{"cells": [], "nbformat": 4}')
    return folder


def refused(client: Client, folder: Path, command: Any, **changes: Any) -> ComputeError:
    with pytest.raises(ComputeError) as caught:
        client.submit(command, **{"source": folder, **changes})
    assert "\n" not in caught.value.message.replace("\\n", "")
    assert client.runs(RunFilter()).total == 0
    assert list(client.workspace.runs.iterdir()) == []
    assert client.controller() is None
    return caught.value


def test_wrong_options_of_a_target_are_refused_before_the_run_is_written(
    client: Client, source: Path
) -> None:
    targets = client.workspace.root / "targets.toml"
    targets.write_text("[targets.local]\nslots = 'many'\n")
    error = refused(client, source, "train.py")
    assert error.message == "target 'local': option 'slots' takes a whole number, not 'many'"


def test_an_unknown_target_is_refused_with_the_nearest_name(client: Client, source: Path) -> None:
    error = refused(client, source, "train.py", target="locl")
    assert isinstance(error, NotFoundError)
    assert "'local'" in error.hint


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("trian.py", "'trian.py' is not there"),
        ("", "nothing to run"),
        ([], "nothing to run"),
        ("../other.py", "outside"),
        (".", "not there"),
        (["report.ipynb", "--lr"], "no arguments"),
        ("broken.ipynb", "no notebook"),
        ("list.ipynb", "no notebook of format 4"),
        ("folder.py", "a folder"),
        (["train.py", "a\0b"], "NUL"),
        ("..", "'..' is a folder"),
        (["./folder.py/", "x"], "is a folder"),
        ("tr\0ain.py", "NUL"),
    ],
)
def test_a_command_that_cannot_run_is_refused(
    client: Client, source: Path, command: Any, said: str
) -> None:
    (source / "broken.ipynb").write_text("{")
    (source / "list.ipynb").write_text("[]")
    (source / "folder.py").mkdir()
    (source.parent / "other.py").write_text("1")
    if command == ".":
        command = "sub/x.py"
    assert said in refused(client, source, command).message


def test_a_script_that_a_rule_leaves_out_is_refused_with_the_rule(
    client: Client, source: Path
) -> None:
    (source / ".amlignore").write_text("# mine\ntr*.py\n")
    error = refused(client, source, "train.py")
    assert isinstance(error, SnapshotError)
    assert "'tr*.py'" in error.message and ".amlignore, line 2" in error.message
    assert "!train.py" in error.hint


def test_a_dockerfile_that_a_rule_leaves_out_is_refused_with_the_rule(
    client: Client, source: Path
) -> None:
    (source / "Dockerfile").write_text("FROM x")
    (source / ".amlignore").write_text("Dockerfile\n")
    error = refused(client, source, "train.py", environment="Dockerfile")
    assert "'Dockerfile' is not in the snapshot" in error.message
    assert ".amlignore, line 1" in error.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"resources": Resources(gpus=-1, nodes=0)}, "nodes is 0, gpus is -1"),
        ({"resources": Resources(time_limit_min=float("nan"))}, "time_limit_min"),
        ({"env": {"A B": "1"}}, "'A B' is no name"),
        ({"env": {"A": "1\0"}}, "NUL"),
        ({"env": {"JUPYTER_COMPUTE_RUN_ID": "x"}}, "set by the runner"),
        ({"env": {"A": "1"}, "secrets": {"A": "env:B"}}, "both"),
        ({"secrets": {"A": "hunter2"}}, "no reference"),
        ({"secrets": {"A": "env:NOT_SET_ANYWHERE"}}, "NOT_SET_ANYWHERE"),
        ({"secrets": {"A": "file:/nowhere/at/all"}}, "does not exist"),
        ({"params": {"a b": 1}}, "no name for a parameter"),
        ({"params": {"a": object()}}, "a (object) is no JSON value"),
        ({"environment": "missing.txt"}, "missing.txt"),
        ({"environment": "image:Not a name"}, "is no name of an image"),
        ({"source": "/nowhere/at/all"}, "not there"),
        ({"source": __file__}, "a file"),
        ({"source": "a\0b"}, "not there"),
    ],
)
def test_a_wrong_argument_is_refused(
    client: Client, source: Path, changes: dict[str, Any], said: str
) -> None:
    error = refused(client, source, "train.py", **changes)
    assert said in error.message
    assert "hunter2" not in error.message + error.hint


def test_a_folder_that_cannot_be_captured_is_refused(client: Client, source: Path) -> None:
    os.mkfifo(source / "pipe")
    (source / "away").symlink_to("/etc/hostname")
    with socket.socket(socket.AF_UNIX) as server:
        before = os.getcwd()
        os.chdir(source)
        try:
            server.bind("socket")
        finally:
            os.chdir(before)
    error = refused(client, source, "train.py")
    assert isinstance(error, SnapshotError)


def test_a_folder_over_the_limit_is_refused(client: Client, source: Path) -> None:
    client.workspace.targets_file.write_text("[settings]\nsnapshot_limit_mb = 0.01\n")
    (source / "data").mkdir()
    (source / "data" / "big.bin").write_bytes(b"x" * 100_000)
    error = refused(client, source, "train.py")
    assert "data" in error.message + error.hint


@pytest.mark.parametrize(
    "code",
    [
        "await x",
        "%time x = 1",
        "!ls",
        "files = !ls",
        "%%time\nx = 1",
        "x?",
        "async for a in b: pass",
        "return_ = 1",
        "from __future__ import annotations",
    ],
)
def test_a_cell_may_hold_what_a_notebook_may(code: str) -> None:
    check_cell(code)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\nif x\n    pass", "in line 2"),
        ("print('a'", "line 1"),
        ("!ls\nx =", "line 2"),
        ("x = 1\n  y = 2", "line 2"),
        ("   \n", "empty"),
        ("a\0b", "syntax error"),
    ],
)
def test_a_cell_with_a_syntax_error_is_refused_with_its_line(
    client: Client, source: Path, code: str, said: str
) -> None:
    assert said in refused(client, source, CellCommand(code=code)).message


def test_an_unknown_kind_or_option_is_refused(client: Client) -> None:
    with pytest.raises(ConfigError) as caught:
        client.attach("there", "lcoal")
    assert caught.value.hint == nearest("lcoal", ["local"])
    with pytest.raises(ConfigError):
        client.attach("there", "local", {"nothing": 1})
    assert [target.name for target in client.targets()] == ["local"]


@pytest.mark.parametrize("name", ["nothing", "", "r" * 500, "\udcff", "a\nb"])
def test_an_unknown_run_is_refused_by_everything(client: Client, name: str) -> None:
    for call in (client.run, client.cancel, client.rerun, client.delete, client.wait, client.log):
        with pytest.raises(NotFoundError):
            call(name)


def test_a_workspace_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError), Client(tmp_path / "file" / "compute") as client:
        client.runs()
