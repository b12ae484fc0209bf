"""The whole product under `kill -9`, on full disks and beside unfriendly neighbors.

Nothing here is a fake. Seeds decide what is killed and when; ``SURVIVAL_SEED`` sets another one.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kernels import kernel
from killer import LINES, SEED, Filler, Killer, kill, small_disk, survive
from survivors import PATIENCE_S, Stage, until

from jupyter_compute.client import Client
from jupyter_compute.controller import process
from jupyter_compute.controller.lock import process_ticks
from jupyter_compute.errors import ComputeError, SnapshotError, StoreError
from jupyter_compute.model import RunState
from jupyter_compute.store import Store, database
from jupyter_compute.store.doctor import integrity


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "home", tmp_path / "place", settings="slots = 5")
    yield stage
    stage.close()


def test_whatever_is_killed_under_load_no_run_is_lost_or_started_twice(stage: Stage) -> None:
    print("seed", SEED)
    survive(stage, Killer(stage, SEED, keepers=4, cancels=4), count=15, kills=24)


SITE = """
import builtins, io

_open = builtins.open

def open(path, *args, **kwargs):
    if path != "/proc/self/mountinfo":
        return _open(path, *args, **kwargs)
    with _open(path, *args, **kwargs) as file:
        lines = [line.partition(" - ")[0] for line in file]
    return io.StringIO("".join(line + " - nfs4 server:/ rw\\n" for line in lines))

builtins.open = open
"""


def test_the_same_holds_where_the_disk_bears_no_write_ahead_log(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every process is told that its disk is a network's, so that a rollback journal is used."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setattr(database, "is_on_network", lambda path: True)
    survive(stage, Killer(stage, SEED + 1, keepers=1, cancels=1), count=5, kills=8)
    assert stage.client.store.journal == "delete"
    assert not list(stage.home.glob("store.db-wal"))


def test_a_killed_keeper_fails_its_run_and_nothing_of_the_run_lives_on(stage: Stage) -> None:
    (stage.source / "family.py").write_text(
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "hold = [sys.executable, '-c', 'import time; time.sleep(1000)']\n"
        "subprocess.Popen(hold, start_new_session=True)\n"
        "subprocess.Popen(['sh', '-c', 'trap \"\" TERM; \"$@\" & wait', 'sh', *hold])\n"
        "print('up', flush=True)\n"
        "time.sleep(1000)\n"
    )
    run = stage.client.submit("family.py", source=stage.source)
    until(lambda: stage.client.log(run.id) == b"up\n", "the first line")
    until(lambda: len(stage.processes_of(run.id)) >= 4, "the whole family")
    keeper = until(lambda: stage.keeper(run), "the keeper")
    kill(keeper)
    (run,) = stage.over(run.id)
    assert (run.state, run.attempt) == (RunState.FAILED, 1)
    assert (
        run.error
        == "the keeper of the run was killed during the run; what was left of the run was ended"
    )
    assert stage.processes_of(run.id) == []
    assert stage.client.log(run.id) == b"up\n"


def test_a_killed_kernel_takes_neither_its_run_nor_the_controller_along(stage: Stage) -> None:
    release = stage.place / "release"
    cell = (
        "%%submit --name cell\n"
        "import os, time\n"
        f"print('once', file=open({str(stage.place / 'starts-cell')!r}, 'a'))\n"
        "print('before', flush=True)\n"
        f"while not os.path.exists({str(release)!r}): time.sleep(0.01)\n"
        "print('after')\n"
    )
    with kernel(stage.source, JUPYTER_COMPUTE_HOME=str(stage.home)) as notebook:
        assert notebook.run("%load_ext jupyter_compute").error is None
        notebook.start(cell)
        run = until(lambda: stage.runs().get("cell"), "the run of the cell")
        until(lambda: stage.client.log(run.id) == b"before\n", "the first line")
        controller = stage.controller()
        notebook.manager.signal_kernel(signal.SIGKILL)
        until(lambda: not notebook.manager.is_alive(), "the end of the kernel")
    assert stage.controller() == controller
    release.touch()
    (run,) = stage.over(run.id)
    assert (run.state, run.error) == (RunState.COMPLETED, "")
    assert stage.client.log(run.id) == b"before\nafter\n"
    assert stage.note("starts", "cell") == b"once\n"


def test_of_racing_controllers_one_acts_and_every_run_starts_once(stage: Stage) -> None:
    argv = [sys.executable, "-m", "jupyter_compute.controller", str(stage.workspace.root)]
    racers: list[subprocess.Popen[bytes]] = []

    def have_lost() -> bool:
        return [racer.poll() for racer in racers].count(None) <= 1

    try:
        front = stage.start_front_end("a", 10, LINES)
        for _ in range(3):
            racers += [subprocess.Popen(argv) for _ in range(3)]
            pid = until(stage.controller, "one that won")
            until(have_lost, "the end of those that lost")
            assert stage.controller() == pid
            kill(pid)
            until(lambda pid=pid: stage.controller() != pid, "its end")
        assert front.wait(PATIENCE_S) == 0
        ids = [run.id for run in stage.runs().values()]
        for run in stage.over(*ids):
            stage.check_whole(run, LINES)
        assert len(ids) == 10
    finally:
        assert process.stop(stage.workspace, PATIENCE_S)
        codes = [racer.wait(PATIENCE_S) for racer in racers]
    assert set(codes) <= {0, -signal.SIGKILL}


# -- full disks --------------------------------------------------------------------------------


@pytest.fixture
def small_stage(tmp_path: Path) -> Iterator[Stage]:
    with small_disk(tmp_path / "disk", "24m") as disk:
        stage = Stage(disk / "home", tmp_path / "place")
        filler = Filler(disk)
        yield stage
        filler.empty()
        stage.close()


def test_a_full_disk_refuses_a_submit_and_leaves_nothing_of_it(small_stage: Stage) -> None:
    stage, filler = small_stage, Filler(small_stage.home.parent)
    first = stage.submit("first")
    stage.over(first.id)
    known = stage.client.store.snapshot_ids()
    data = random.Random(SEED)
    for number, room in enumerate((0, 4096, 8192, 40_000, 200_000, 1_000_000)):
        content = data.randbytes(2_000_000)
        (stage.source / "data.bin").write_bytes(content)
        (stage.source / "small.txt").write_text(f"{number}")
        filler.fill(room)
        before = set(os.listdir(stage.workspace.runs))
        with pytest.raises((SnapshotError, StoreError)) as caught:
            stage.submit(f"refused-{number}")
        assert caught.value.hint
        assert "full" in caught.value.message or "No space" in caught.value.message
        assert set(stage.runs()) == {"first"}
        assert set(os.listdir(stage.workspace.runs)) == before
        assert stage.client.store.snapshot_ids() == known
        filler.empty()
        digest = hashlib.sha256(content).hexdigest()
        if stage.client.blobs.has(digest):
            assert stage.client.blobs.read(digest) == content
    last = stage.submit("last")
    for run in stage.over(first.id, last.id):
        stage.check_whole(run, 20)
    assert integrity(stage.workspace.database) == []


def test_a_disk_that_is_full_while_a_run_is_written_down_refuses_it_whole(
    small_stage: Stage,
) -> None:
    """The snapshot is known already: only the record and the store need room."""
    stage, filler = small_stage, Filler(small_stage.home.parent)
    accepted = [stage.submit("first")]
    stage.over(accepted[0].id)
    assert process.stop(stage.workspace, PATIENCE_S)
    stage.client.close()
    for number, room in enumerate((0, 0, 4096, 8192, 16_384, 32_768, 65_536)):
        filler.fill(room)
        try:
            accepted.append(stage.submit(f"more-{number}"))
        except (StoreError, SnapshotError) as exc:
            assert exc.hint
            assert "full" in exc.message or "No space" in exc.message
        finally:
            filler.empty()
        assert set(stage.runs()) == {run.name for run in accepted}
        assert set(os.listdir(stage.workspace.runs)) == {run.id for run in accepted}
        stage.over(*(run.id for run in accepted))
        assert process.stop(stage.workspace, PATIENCE_S)
        stage.client.close()
    accepted.append(stage.submit("last"))
    for run in stage.over(*(run.id for run in accepted)):
        stage.check_whole(run, 20)


def test_a_disk_that_is_full_while_runs_print_and_end_delays_and_loses_nothing(
    small_stage: Stage,
) -> None:
    stage, filler = small_stage, Filler(small_stage.home.parent)
    size, hold, quiet_hold = 500_000, stage.place / "hold", stage.place / "quiet-hold"
    patient = stage.submit_patient("patient", size, hold)
    quiet = stage.submit_patient("quiet", 0, quiet_hold)
    for run in (patient, quiet):
        until(lambda run=run: stage.client.log(run.id) == b"it begins\n", "the first line")
    filler.fill()
    quiet_hold.touch()
    hold.touch()
    until(lambda: stage.note("refused", "patient"), "a line that is refused")
    until(lambda: (stage.attempt(quiet) / "exit.json").exists(), "the end of the quiet run")
    assert stage.client.run(patient.id).state is RunState.RUNNING
    kill(until(stage.controller, "the controller"))
    filler.empty()
    runs = stage.over(patient.id, quiet.id)
    lines = b"".join(b"%099d\n" % number for number in range(size // 100))
    for run, text in zip(runs, (lines, b""), strict=True):
        assert (run.state, run.error, run.attempt) == (RunState.COMPLETED, "", 1)
        assert stage.client.log(run.id) == b"it begins\n" + text
        assert stage.note("starts", run.name) == b"starts"
        assert stage.note("ends", run.name) == b"ends"
    assert integrity(stage.workspace.database) == []


# -- unfriendly neighbors ----------------------------------------------------------------------

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_locked_database_delays_and_loses_nothing(stage: Stage) -> None:
    hold = stage.place / "hold"
    under_way = stage.submit("under-way", LINES, hold)
    stage.until_in_state(under_way.id, "running")
    argv = [sys.executable, "-c", LOCKER, str(stage.workspace.database)]
    locker = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert locker.stdout is not None and locker.stdout.readline() == b"held\n"
    try:
        hold.touch()
        until(lambda: (stage.attempt(under_way) / "exit.json").exists(), "the end of the program")
        assert stage.client.run(under_way.id).state is RunState.RUNNING
        with Client(stage.home) as hasty:
            hasty.__dict__["store"] = Store.open(stage.workspace.database, busy_s=0.1)
            with pytest.raises(StoreError, match="locked by another process") as caught:
                hasty.submit("work.py", source=stage.source, name="hasty")
            assert caught.value.hint
        assert os.listdir(stage.workspace.runs) == [under_way.id]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(stage.submit, "waiting", LINES)
            locker.communicate()
            waiting.result(PATIENCE_S)
    finally:
        locker.kill()
        locker.communicate()
    runs = stage.runs()
    assert set(runs) == {"under-way", "waiting"}
    for run in stage.over(*(run.id for run in runs.values())):
        stage.check_whole(run, LINES)


def test_a_newer_database_is_refused_by_all_and_left_as_it_is(stage: Stage) -> None:
    run = stage.submit("first")
    stage.over(run.id)
    path = stage.workspace.database
    pid = until(stage.controller, "the controller")
    assert process.stop(stage.workspace, PATIENCE_S)
    until(lambda: process_ticks(pid) is None, "its end")
    stage.client.close()
    Store.open(path).close()
    assert not list(stage.home.glob("store.db-*"))
    ours = path.read_bytes()
    newer = ours[:60] + (9999).to_bytes(4, "big") + ours[64:]
    path.write_bytes(newer)
    with pytest.raises(StoreError, match="version 9999") as caught:
        stage.submit("second")
    assert "upgrade" in (caught.value.hint or "")
    argv = [sys.executable, "-m", "jupyter_compute.controller", str(stage.workspace.root)]
    done = subprocess.run(argv, timeout=PATIENCE_S, capture_output=True, check=False)
    assert done.returncode not in (0, None) and b"Traceback" not in done.stderr
    assert path.read_bytes() == newer
    assert not list(stage.home.glob("store.db-*"))
    path.write_bytes(ours)
    assert set(stage.runs()) == {"first"}
    stage.check_whole(stage.client.run(run.id), 20)


# -- unsteady sources --------------------------------------------------------------------------


def test_a_source_that_changes_while_it_is_captured_is_captured_whole_or_refused(
    stage: Stage,
) -> None:
    is_over = threading.Event()

    def disturb() -> None:
        chance = random.Random(SEED)
        while not is_over.is_set():
            path = stage.source / f"file-{chance.randrange(8)}"
            if chance.random() < 0.3:
                path.unlink(missing_ok=True)
            else:
                spare = stage.place / "spare"
                spare.write_bytes(bytes([chance.randrange(256)]) * chance.randrange(1, 300_000))
                os.replace(spare, path)

    disturber = threading.Thread(target=disturb)
    disturber.start()
    taken, runs = 0, []
    try:
        for number in range(60):
            try:
                if number % 20 == 0:
                    runs.append(stage.submit(f"run-{len(runs)}").id)
                    continue
                snapshot = stage.client.snapshot(stage.source)
            except SnapshotError as exc:
                assert exc.hint
                continue
            taken += 1
            for file in snapshot.files:
                content = stage.client.blobs.read(file.digest)
                assert len(content) == file.size
                if file.path.startswith("file-"):
                    assert len(set(content)) == 1, f"{file.path} is torn"
    finally:
        is_over.set()
        disturber.join()
    assert taken
    for run in stage.over(*runs):
        stage.check_whole(run, 20)
    shutil.rmtree(stage.source)
    with pytest.raises(ComputeError) as caught:
        stage.submit("gone")
    assert caught.value.hint
    assert len(stage.runs()) == len(runs)


def test_a_source_on_a_read_only_disk_can_be_submitted(stage: Stage, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        for path in stage.source.iterdir():
            shutil.copy(path, disk)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        stage.source = disk
        (run,) = stage.over(stage.submit("read-only").id)
        stage.check_whole(run, 20)
