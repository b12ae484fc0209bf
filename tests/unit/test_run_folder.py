from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.runner import identity, processes
from jupyter_compute.runner.run_folder import RunFolder, files_below


def make(tmp_path: Path) -> RunFolder:
    path = tmp_path / "runs" / "r1" / "2"
    path.mkdir(parents=True)
    return RunFolder(str(path))


def test_the_folder_names_run_and_attempt(tmp_path: Path) -> None:
    run = make(tmp_path)
    assert (run.run_id, run.attempt) == ("r1", "2")
    assert run.checkpoint == str(tmp_path / "runs/r1/checkpoint")


def test_an_event_never_joins_a_line_that_was_cut(tmp_path: Path) -> None:
    run = make(tmp_path)
    Path(run / "events").write_bytes(b'{"type": "met')
    run.add_event("phase", name="running")
    last = Path(run / "events").read_text().splitlines()[-1]
    assert json.loads(last)["name"] == "running"


def test_the_final_status_is_whole_whatever_was_reserved(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.reserve()
    assert run.exit() is None
    run.write_exit({"state": "completed"})
    assert run.exit() == {"state": "completed"}
    assert not os.path.exists(run / "exit.tmp")


def test_only_one_may_act(tmp_path: Path) -> None:
    run = make(tmp_path)
    lock = run.lock()
    assert lock is not None
    assert run.lock() is None
    os.close(lock)
    assert run.lock() is not None


def test_the_first_wish_counts(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.write_wish({"by": "ada"})
    run.write_wish({"by": "bob"})
    assert run.wish() == {"by": "ada"}
    assert os.listdir(run.path) == ["cancel"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    run = make(tmp_path)
    os.makedirs(run / "work/logs/deep")
    Path(run / "work/logs/deep/a").write_text("abc")
    os.symlink("/etc", run / "work/logs/etc")
    os.symlink("/etc/passwd", run / "work/logs/passwd")
    assert files_below(run / "work/logs", "logs") == {"logs/deep/a": 3}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.just(b'{"pid": "x"}') | st.just(b"[]"))
def test_a_damaged_state_still_says_that_there_was_a_keeper(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "state.json").write_bytes(data)
    found = RunFolder(str(folder)).state()
    assert found is not None
    assert identity.life_of(found) is identity.Life.RESTARTED
    (folder / "state.json").unlink()
    assert RunFolder(str(folder)).state() is None


def test_this_process_is_alive_and_init_is_not_us() -> None:
    me = identity.identify("t")
    assert identity.life_of(me) is identity.Life.ALIVE
    assert identity.life_of({**me, "start": me["start"] + 1}) is identity.Life.ENDED
    assert identity.life_of({**me, "boot": "x"}) is identity.Life.RESTARTED
    assert identity.life_of({**me, "boot": "x", "host": "y"}) is identity.Life.UNKNOWN
    assert identity.life_of({**me, "pid_namespace": "pid:[1]"}) is identity.Life.UNKNOWN


def test_a_zombie_does_not_run() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    found = processes.find(pid)
    assert found is not None
    assert found.is_zombie
    assert not processes.is_running(pid, found.start)
    os.waitpid(pid, 0)
    assert processes.find(pid) is None


def test_a_process_name_cannot_confuse() -> None:
    pid = os.fork()
    if pid == 0:
        processes.set_name(") S 1 (")
        os.kill(os.getpid(), 19)
        os._exit(0)
    os.waitpid(pid, os.WUNTRACED)
    found = processes.find(pid)
    assert found is not None
    assert found.parent == os.getpid()
    os.kill(pid, 9)
    os.waitpid(pid, 0)
