"""A target is detached: its runs go on there, or are ended, and our files stay or go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from shell import PATIENCE_S, Shell

from jupyter_compute.client import Client
from jupyter_compute.errors import ConflictError, NotFoundError
from jupyter_compute.model import RunState

KINDS = str(Path(__file__).parents[1] / "kinds")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(KINDS)
    monkeypatch.setenv("PYTHONPATH", KINDS)
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(tmp_path / "compute"))
    yield tmp_path / "compute"
    with Client(tmp_path / "compute") as client:
        assert client.stop_controller(PATIENCE_S)


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    with Client(home) as client:
        yield client


@pytest.fixture
def shell(home: Path, tmp_path: Path) -> Shell:
    folder = tmp_path / "source"
    folder.mkdir()
    shell = Shell(folder, home)
    shell.ok("attach", "box", "--kind", "showcase", "--host", "well")
    return shell


def start(shell: Shell, client: Client, gate: Path) -> str:
    """Submit a run that ends once its gate is there."""
    shell.write(
        "wait.py",
        f"import os, time\nprint('begun', flush=True)\nwhile not os.path.exists({str(gate)!r}):\n"
        "    time.sleep(0.02)\nprint('done')\n",
    )
    run_id = str(shell.ok("submit", "--target", "box", "wait.py", "--json").json["id"])
    for seen in client.watch(run_id, PATIENCE_S):
        if seen.state is RunState.RUNNING:
            return run_id
    raise AssertionError("it did not start")


def attach_again(shell: Shell) -> None:
    shell.ok("attach", "box", "--kind", "showcase", "--host", "well")


def test_runs_go_on_there_say_so_and_are_found_again(
    shell: Shell, client: Client, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run_id = start(shell, client, gate)
    told = shell.ok("detach", "box")
    assert "1 run goes on there; attach box again" in told.text
    for waiting in (["wait", run_id], ["logs", "--follow", run_id]):
        stopped = shell.run(*waiting)
        assert stopped.code != 0
        assert "box is detached" in stopped.text + stopped.err
    shown = shell.ok("run", run_id).text
    assert "running" in shown and "its target is detached" in shown
    gate.touch()
    attach_again(shell)
    assert client.wait(run_id, PATIENCE_S).state is RunState.COMPLETED
    assert client.log(run_id) == b"begun\ndone\n"


def test_runs_are_ended_first_and_our_files_removed_if_that_is_wished(
    shell: Shell, client: Client, tmp_path: Path
) -> None:
    run_id = start(shell, client, tmp_path / "never")
    folder = client.workspace.target("box")
    with pytest.raises(ConflictError, match="1 run is still active on box"):
        client.detach("box", purge=True)
    assert client.target("box").name == "box"
    (folder / "mine.txt").write_text("not yours")
    shell.ok("detach", "box", "--cancel", "--purge")
    assert client.run(run_id).state is RunState.CANCELED
    assert client.log(run_id).startswith(b"begun\n")
    with pytest.raises(NotFoundError):
        client.target("box")
    # What is known about the target is no part of what is there.
    assert set(os.listdir(folder)) - {"info.json"} == {"mine.txt"}
    # It is as good as new.
    attach_again(shell)
    gate = tmp_path / "gate"
    gate.touch()
    again = start_over(shell, client)
    assert client.wait(again, PATIENCE_S).state is RunState.COMPLETED


def start_over(shell: Shell, client: Client) -> str:
    shell.write("hello.py", "print('hello')")
    return str(shell.ok("submit", "--target", "box", "hello.py", "--json").json["id"])
