"""The whole product with its runs on a machine whose wire is cut, whose sshd dies, that reboots.

Nothing here is a fake: the wire, the machine's sshd and its kernel's view of it are real. Seeds
decide what happens and when; ``SURVIVAL_SEED`` sets another one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from killer import LINES, SEED, Filler, kill, survive
from machines import Machine, User
from remote_survivors import Cutter, RemoteKiller, RemoteStage, Submitter
from survivors import until

from jupyter_compute.model import RunState

SetUp = Callable[..., RemoteStage]


@pytest.fixture
def new_stage(new_machine: Callable[..., Machine], tmp_path: Path) -> Iterator[SetUp]:
    """Set up a workspace and a machine; the arguments are those of ``Machine``."""
    stages: list[RemoteStage] = []

    def set_up(target: dict[str, Any] | None = None, **options: Any) -> RemoteStage:
        machine = new_machine(**options)
        stages.append(RemoteStage(tmp_path / "home", machine, **(target or {})))
        return stages[-1]

    yield set_up
    for stage in stages:
        stage.close()


def test_a_hundred_cuts_lose_nothing_and_double_nothing(new_stage: SetUp) -> None:
    stage = new_stage(target={"slots": 4})
    cutter, many = Cutter(stage, SEED), 500_000
    submitter = Submitter(stage, active=6, lines=200, many=many)
    thread = threading.Thread(target=submitter.work)
    thread.start()
    try:
        for number in range(100):
            stage.care()
            cutter.cut(Cutter.PHASES[number % len(Cutter.PHASES)])
    finally:
        submitter.is_over = True
        thread.join()
    print(cutter.cuts, f"{cutter.away_s:.1f} s away,", len(submitter.names), "runs")
    runs = stage.runs()
    assert sorted(runs) == submitter.names
    for run in stage.over(*(run.id for run in runs.values())):
        stage.check_whole(run, 200, many)


def test_whatever_is_killed_on_either_side_no_run_is_lost_or_started_twice(
    new_stage: SetUp,
) -> None:
    stage = new_stage(target={"slots": 4})
    survive(stage, RemoteKiller(stage, SEED, keepers=3, cancels=2), count=8, kills=30)


FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
hold = [sys.executable, "-c", "import time; time.sleep(1000)"]
subprocess.Popen(hold, start_new_session=True)
subprocess.Popen(["sh", "-c", 'trap "" TERM; "$@" & wait', "sh", *hold])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, hold)
    os._exit(0)
print("up", flush=True)
time.sleep(1000)
"""


def test_a_canceled_run_leaves_no_process_there(new_stage: SetUp) -> None:
    stage = new_stage()
    (stage.source / "family.py").write_text(FAMILY)
    run = stage.client.submit("family.py", source=stage.source, target=stage.target)
    until(lambda: stage.client.log(run.id) == b"up\n", "the first line")
    until(lambda: len(stage.processes_of(run.id)) >= 5, "the whole family")
    stage.client.cancel(run.id, "somebody")
    (run,) = stage.over(run.id)
    assert run.state is RunState.CANCELED
    assert stage.processes_of(run.id) == []


def test_a_killed_keeper_fails_its_run_and_leaves_no_process_there(new_stage: SetUp) -> None:
    stage = new_stage()
    (stage.source / "family.py").write_text(FAMILY)
    run = stage.client.submit("family.py", source=stage.source, target=stage.target)
    until(lambda: stage.client.log(run.id) == b"up\n", "the first line")
    until(lambda: len(stage.processes_of(run.id)) >= 5, "the whole family")
    kill(until(lambda: stage.keeper(run), "the keeper"))
    (run,) = stage.over(run.id)
    assert run.state is RunState.FAILED and "the keeper of the run was killed" in run.error
    assert stage.processes_of(run.id) == []
    assert stage.client.log(run.id) == b"up\n"


def test_a_reboot_ends_its_runs_for_good_and_those_that_wait_go_on(new_stage: SetUp) -> None:
    stage = new_stage(target={"slots": 1})
    hold = f"{stage.there}/hold"
    first, second = stage.submit("first", LINES, hold), stage.submit("second", LINES)
    stage.until_in_state(first.id, "running")
    until(lambda: stage.client.log(first.id).endswith(b"000059\n"), "its last line")
    stage.machine.reboot()
    first, second = stage.over(first.id, second.id)
    assert (first.state, first.attempt) == (RunState.FAILED, 1)
    assert "restarted" in first.error or "reboot" in first.error, first.error
    assert stage.client.log(first.id) == stage.note("said", "first")
    assert stage.note("ends", "first") == b""
    stage.check_whole(second, LINES)


def test_a_machine_that_is_off_while_a_run_is_submitted_gets_it_when_it_is_on(
    new_stage: SetUp,
) -> None:
    stage = new_stage()
    stage.machine.power_off()
    run = stage.submit("early")
    until(lambda: "no answer" in stage.client.run(run.id).reason, "that it does not answer")
    assert not stage.client.run(run.id).is_final
    stage.machine.start()
    (run,) = stage.over(run.id)
    stage.check_whole(run, 20)


def test_a_full_disk_there_delays_and_loses_nothing(new_stage: SetUp) -> None:
    stage = new_stage(home_mb=24)
    size, hold = 500_000, f"{stage.there}/hold"
    filler = Filler(stage.machine.path("/home"))
    patient = stage.submit_patient("patient", size, hold)
    until(lambda: stage.client.log(patient.id) == b"it begins\n", "the first line")
    filler.fill()
    (stage.place / "hold").touch()
    until(lambda: stage.note("refused", "patient"), "a line that is refused")
    late = stage.submit("late")
    until(lambda: stage.client.run(late.id).reason or stage.client.run(late.id).error, "words")
    assert not stage.client.run(patient.id).is_final
    filler.empty()
    (patient, late) = stage.over(patient.id, late.id)
    lines = b"".join(b"%099d\n" % number for number in range(size // 100))
    assert (patient.state, patient.error, patient.attempt) == (RunState.COMPLETED, "", 1)
    assert stage.client.log(patient.id) == b"it begins\n" + lines
    if late.state is RunState.FAILED:
        assert "No space left" in late.error and stage.note("starts", "late") == b""
    else:
        stage.check_whole(late, 20)


def test_a_disk_there_without_room_for_an_upload_fails_the_run_with_words(
    new_stage: SetUp,
) -> None:
    stage = new_stage(home_mb=12)
    first = stage.submit("first")
    stage.over(first.id)
    (stage.source / "big.bin").write_bytes(random.Random(SEED).randbytes(16_000_000))
    (big,) = stage.over(stage.submit("big").id)
    assert big.state is RunState.FAILED and "No space left" in big.error
    assert stage.note("starts", "big") == b""
    (stage.source / "big.bin").unlink()
    (small,) = stage.over(stage.submit("small").id)
    stage.check_whole(small, 20)


def test_a_home_that_turns_read_only_delays_and_loses_nothing(new_stage: SetUp) -> None:
    stage = new_stage()
    hold = f"{stage.there}/hold"
    running = stage.submit("running", LINES, hold)
    until(lambda: stage.client.log(running.id).endswith(b"000059\n"), "its last line")
    stage.machine.home_is_read_only()
    (refused,) = stage.over(stage.submit("refused").id)
    assert refused.state is RunState.FAILED and "Read-only" in refused.error
    assert stage.note("starts", "refused") == b""
    (stage.place / "hold").touch()
    stage.machine.home_is_read_only(False)
    (running,) = stage.over(running.id)
    stage.check_whole(running, LINES)


@pytest.mark.parametrize(
    "options",
    [
        {"sshd_options": {"MaxSessions": "1", "MaxStartups": "1:100:1"}},
        {"users": [User("tim", shell="/usr/bin/tcsh", files={".cshrc": "echo hi; sleep 2\n"})]},
        {"users": [User("bob", files={".bashrc": "echo hi; echo hm >&2; sleep 2\n"})]},
        {"users": [User("jo smith", home="/home/jo smith")]},
        {"clock_offset_s": 7200},
        {"clock_offset_s": -400 * 86400},
        {"python": "3.8"},
        {"python": "3.13"},
        {"env": {"LC_ALL": "C"}},
    ],
    ids=["limits", "tcsh", "bash", "space", "ahead", "behind", "3.8", "3.13", "C"],
)
def test_a_run_is_whole_on_an_odd_machine(options: dict[str, Any], new_stage: SetUp) -> None:
    try:
        stage = new_stage(**options)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    runs = [stage.submit(f"run-{number}", LINES) for number in range(2)]
    for run in stage.over(*(run.id for run in runs)):
        stage.check_whole(run, LINES)
        assert run.created and run.started and run.ended
