"""A keeper that is killed, at every step it takes: the truth is told, once, and nothing is left."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keeper_stage import FINAL, Stage, final, log_of, state_of, until

from jupyter_compute.runner import family, identity, keeper, programs, status

STEPS = (
    "write",
    "rename",
    "link",
    "unlink",
    "fsync",
    "fork",
    "open",
    "mkdir",
    "rmdir",
    "ftruncate",
    "posix_fallocate",
    "waitpid",
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def in_child(act: Callable[[], Any]) -> int:
    """Do something in a child, which then ends; returns its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        finally:
            os._exit(0)
    return pid


def kill_at(step: int, mark: Path) -> None:
    """Let the keeper that this process is going to fork be killed before its n-th step.

    The mark is made just before.
    """
    me = {"pid": 0, "count": 0}
    reset_signals = programs.reset_signals

    def begin() -> None:
        me["pid"] = os.getpid()
        reset_signals()

    programs.reset_signals = begin
    family._LEAVING_S = 0.05
    for name in STEPS:
        setattr(os, name, _counted(getattr(os, name), me, step, mark))


def kill_agent_at(step: int, mark: Path) -> None:
    """Let this process, or the one between it and the keeper, be killed before its n-th step."""
    me = {"pid": os.getpid(), "count": 0}
    setsid = os.setsid

    def begin() -> None:
        # The program makes a session of its own later on; it is not meant.
        os.setsid = setsid
        me["pid"] = os.getpid()
        setsid()

    os.setsid = begin
    for name in (*STEPS, "pipe", "read", "close"):
        setattr(os, name, _counted(getattr(os, name), me, step, mark))


def _counted(
    original: Callable[..., Any], me: dict[str, int], step: int, mark: Path
) -> Callable[..., Any]:
    def act(*args: Any, **kwargs: Any) -> Any:
        if os.getpid() == me["pid"]:
            me["count"] += 1
            if me["count"] == step:
                with open(mark, "w"):
                    os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    return act


def start_and_die(stage: Stage, folder: str, step: int, mark: Path) -> None:
    def act() -> None:
        kill_at(step, mark)
        keeper.start(stage.root, folder, {})

    os.waitpid(in_child(act), 0)


def read_by_two(folder: str) -> list[dict[str, Any] | None]:
    """Look from two processes at once."""
    reader, writer = os.pipe()
    children = [
        in_child(lambda: os.write(writer, json.dumps(final(folder)).encode() + b"\n"))
        for _ in range(2)
    ]
    os.close(writer)
    for child in children:
        os.waitpid(child, 0)
    with open(reader) as file:
        return [json.loads(line) for line in file]


@pytest.mark.timeout(600)
def test_a_keeper_killed_at_any_step_tells_the_truth_once(stage: Stage, tmp_path: Path) -> None:
    seen = set()
    for step in range(1, 1000):
        ran, mark = tmp_path / f"ran-{step}", tmp_path / f"killed-{step}"
        script = f"echo ran >> {ran}; setsid sleep 1000 & echo said"
        folder = stage.write_job("sh", "-c", script, grace_s=0.2)
        start_and_die(stage, folder, step, mark)
        outcome = _settle(stage, folder)
        seen.add(outcome)
        assert log_of(folder).count("said") <= 1
        assert not ran.exists() or ran.read_text() in ("", "ran\n")
        if not mark.exists():
            assert outcome == "completed"
            break
    assert seen == {"never started", "killed", "completed"}


def _settle(stage: Stage, folder: str) -> str:
    """Look until it is over, as an agent would; check all that must hold; name the outcome."""
    if status.read_status(folder) is None:
        keeper.start(stage.root, folder, {})
        assert stage.finish(folder)["state"] == "completed"
        return "never started"
    until(lambda: any(read_by_two(folder)), f"the end of {folder}")
    # The one of the two that came second may have seen the run a moment before it was over.
    answers = [final(folder), *read_by_two(folder)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0] is not None
    assert stage.left() == []
    keeper.start(stage.root, folder, {})
    assert final(folder) == answers[0]
    if answers[0]["state"] == "completed":
        return "completed"
    assert answers[0]["state"] == "failed"
    assert answers[0]["error"].startswith("the keeper of the run was killed")
    return "killed"


@pytest.mark.timeout(600)
def test_an_agent_killed_at_any_step_of_a_start_loses_no_run(stage: Stage, tmp_path: Path) -> None:
    for step in range(1, 1000):
        ran, mark = tmp_path / f"ran-{step}", tmp_path / f"killed-{step}"
        folder = stage.write_job("sh", "-c", f"echo ran >> {ran}; sleep 0.05")

        def act(folder: str = folder, step: int = step, mark: Path = mark) -> None:
            kill_agent_at(step, mark)
            keeper.start(stage.root, folder, {})

        os.waitpid(in_child(act), 0)
        keeper.start(stage.root, folder, {})
        assert stage.finish(folder)["state"] == "completed"
        assert ran.read_text() == "ran\n"
        if not mark.exists():
            return
    pytest.fail("a start takes no thousand steps")


def test_a_keeper_killed_at_any_moment_leaves_nothing_behind(stage: Stage, tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(12):
        ran = tmp_path / f"ran-{number}"
        script = f"echo ran >> {ran}; (sleep 1000 &) ; setsid sleep 1000 & sleep 1000"
        folder = stage.launch("sh", "-c", script)
        time.sleep(chance.random() * 0.05)
        os.kill(state_of(folder)["pid"], signal.SIGKILL)
        found = stage.finish(folder)
        assert found["state"] == "failed"
        assert found["error"].startswith("the keeper of the run was killed")
        assert stage.left() == []
        assert not ran.exists() or ran.read_text() in ("", "ran\n")


def test_what_hides_from_a_dead_keeper_is_found_by_where_it_writes(stage: Stage) -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "  os.setsid()\n"
        "  if os.fork() == 0:\n"
        "    os.execve('/bin/sleep', ['sleep', '1000'], {'STAGE': os.environ['STAGE']})\n"
        "  os._exit(0)\n"
        "print('ready')\ntime.sleep(1000)\n"
    )
    folder = stage.python(code)
    until(lambda: "ready" in log_of(folder), "the program")
    until(lambda: len(stage.left()) == 2, "the hidden process")
    os.kill(state_of(folder)["pid"], signal.SIGKILL)
    assert stage.finish(folder)["state"] == "failed"
    assert stage.left() == []


def test_a_cancel_finds_a_dead_keeper_and_ends_the_run(stage: Stage) -> None:
    folder = stage.launch("sh", "-c", "setsid sleep 1000 & sleep 1000")
    until(lambda: state_of(folder)["phase"] == "running", "the program")
    os.kill(state_of(folder)["pid"], signal.SIGKILL)
    status.cancel(folder, "ada")
    found = stage.finish(folder)
    assert (found["state"], found["error"]) == ("canceled", "canceled by ada")
    assert stage.left() == []


def test_a_restarted_host_is_told_from_a_killed_keeper(stage: Stage) -> None:
    folder = stage.write_job("true")
    _pretend_keeper(folder, boot="another boot")
    found = stage.finish(folder)
    assert found["state"] == "failed"
    assert found["error"].endswith("was restarted during the run")


def test_a_state_that_a_loss_of_power_emptied_is_never_a_second_start(stage: Stage) -> None:
    folder = stage.write_job("true")
    Path(folder, "state.json").write_bytes(b"")
    keeper.start(stage.root, folder, {})
    found = stage.finish(folder)
    assert found["state"] == "failed"
    assert "restarted" in found["error"]


def test_a_reused_pid_is_not_taken_for_the_keeper(stage: Stage) -> None:
    folder = stage.write_job("true")
    _pretend_keeper(folder, start=1)
    assert stage.finish(folder)["state"] == "failed"


def test_a_keeper_on_another_host_is_left_alone(stage: Stage) -> None:
    folder = stage.write_job("true")
    _pretend_keeper(folder, boot="another boot", host="another host", machine="another")
    found = status.read_status(folder)
    assert found is not None
    assert found["state"] == "running"
    assert not Path(folder, "exit.json").exists()


def test_a_living_keeper_is_never_buried(stage: Stage) -> None:
    folder = stage.launch("sleep", "1000")
    until(lambda: state_of(folder)["phase"] == "running", "the program")
    true_state = state_of(folder)
    # The worst an observer can believe: that the keeper is gone, while it holds its lock.
    Path(folder, "state.json").write_text(json.dumps({**true_state, "start": 1}))
    found = status.read_status(folder)
    assert found is not None
    assert found["state"] not in FINAL
    assert len(stage.left()) == 1
    Path(folder, "state.json").write_text(json.dumps(true_state))
    status.cancel(folder)
    assert stage.finish(folder)["state"] == "canceled"


def _pretend_keeper(folder: str, **changes: Any) -> None:
    state = {**identity.identify("no token"), "phase": "running", "since": 1.0, "started": 1.0}
    Path(folder, "state.json").write_text(json.dumps({**state, **changes}))
