from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_compute.runner.blobs import Blobs
from jupyter_compute.runner.endings import BY_HOST
from jupyter_compute.runner.foreground import write_secrets
from jupyter_compute.runner.incoming import Incoming


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "root/runs/r1/1"
    folder.mkdir(parents=True)
    return folder


def give(folder: Path, *argv: str) -> None:
    root = folder.parents[2]
    manifest = b'{"files":[],"folders":[]}'
    digest = _store(root, manifest)
    job = {"run_id": "r1", "attempt": 1, "argv": list(argv), "snapshot_id": digest}
    (folder / "job.json").write_text(json.dumps({**job, "python": sys.executable, "env": {}}))


def _store(root: Path, data: bytes) -> str:

    digest = hashlib.sha256(data).hexdigest()
    incoming = Incoming(Blobs(str(root)), [[digest, len(data), 0]])
    incoming.feed(data)
    if incoming.finish():
        incoming.settle()
    incoming.close()
    return digest


def keeping(archive: Path, folder: Path) -> list[str]:
    command = [sys.executable, "-I", "-S", str(archive), "keep"]
    return [*command, str(folder.parents[2]), str(folder)]


def keep(archive: Path, folder: Path) -> int:
    return subprocess.run(keeping(archive, folder), stdin=subprocess.DEVNULL, timeout=60).returncode


def test_the_exit_code_is_that_of_the_run(archive: Path, folder: Path) -> None:
    give(folder, "/bin/sh", "-c", "echo hello; exit 7")
    assert keep(archive, folder) == 7
    assert json.loads((folder / "exit.json").read_text())["exit_code"] == 7
    assert (folder / "log").read_text() == "hello\n"


def test_keeping_twice_is_keeping_once(archive: Path, folder: Path) -> None:
    give(folder, "/bin/sh", "-c", "echo hello")
    assert [keep(archive, folder), keep(archive, folder)] == [0, 0]
    assert (folder / "log").read_text() == "hello\n"


def test_secrets_reach_the_program_and_leave_the_disk(archive: Path, folder: Path) -> None:
    give(folder, "/bin/sh", "-c", 'test "$KEY" = s3cret')
    write_secrets(str(folder), {"KEY": "s3cret"})
    assert stat.S_IMODE(os.stat(folder.parent / "secrets.json").st_mode) == 0o600
    assert keep(archive, folder) == 0
    run = [path for path in folder.parent.rglob("*") if path.is_file()]
    left = [path for path in run if b"s3cret" in path.read_bytes()]
    # The program's own words name it: they stand in what was asked for.
    assert [path.name for path in left] == ["job.json"]


def test_an_attempt_that_an_engine_begins_goes_on_from_the_one_before(
    archive: Path, folder: Path
) -> None:
    # What the first attempt was given, and a keeper that was killed with its node.
    give(folder, "/bin/sh", "-c", 'test "$KEY" = s3cret && echo "$JUPYTER_COMPUTE_ATTEMPT"')
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, "requeues": 2}))
    write_secrets(str(folder), {"KEY": "s3cret"})
    (folder / "state.json").write_text('{"phase": "running", "started": 5.0}')
    second = folder.parent / "2"
    assert keep(archive, second) == 0
    assert (second / "log").read_text() == "2\n"
    assert json.loads((second / "job.json").read_text())["requeues"] == 1
    ended = json.loads((folder / "exit.json").read_text())
    assert (ended["state"], ended["requeue"], ended["started"]) == ("failed", True, 5.0)
    assert not (folder.parent / "secrets.json").exists()


@pytest.mark.parametrize(
    ("ended", "code"),
    [
        ({"state": "completed", "exit_code": 0}, 0),
        ({"state": "failed", "exit_code": 3, "error": "exit code 3"}, 3),
        ({"state": "canceled", "error": "canceled by ann"}, 1),
    ],
    ids=lambda value: value["state"] if isinstance(value, dict) else "",
)
def test_a_run_that_is_over_is_not_begun_again_by_an_engine(
    ended: dict[str, object], code: int, archive: Path, folder: Path
) -> None:
    """Such as when its node dies after its last word and before its engine has heard of it."""
    give(folder, "/bin/sh", "-c", "echo again")
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, "requeues": 2}))
    (folder / "exit.json").write_text(json.dumps(ended))
    second, third = folder.parent / "2", folder.parent / "3"
    assert [keep(archive, second), keep(archive, third)] == [code, code]
    assert not (second / "log").exists() and not (third / "log").exists()
    assert json.loads((folder / "exit.json").read_text()) == ended


def test_a_run_whose_attempts_are_used_up_is_not_begun_again_by_an_engine(
    archive: Path, folder: Path
) -> None:
    give(folder, "/bin/sh", "-c", "echo again")
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, "requeues": 0}))
    (folder / "state.json").write_text('{"phase": "running", "started": 5.0}')
    assert keep(archive, folder.parent / "2") == 1
    assert not (folder.parent / "2" / "log").exists()


def test_what_ended_because_its_host_wanted_it_to_goes_on_when_its_engine_begins_it_again(
    archive: Path, folder: Path
) -> None:
    give(folder, "/bin/sh", "-c", "echo again")
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, "requeues": 1}))
    (folder / "exit.json").write_text(json.dumps({"state": "failed", "error": BY_HOST}))
    assert keep(archive, folder.parent / "2") == 0
    assert (folder.parent / "2" / "log").read_text() == "again\n"


def test_a_program_hears_that_its_time_is_nearly_up_and_its_checkpoint_makes_it_go_on(
    archive: Path, folder: Path
) -> None:
    give(
        folder,
        "/bin/sh",
        "-c",
        "trap 'touch \"$JUPYTER_COMPUTE_CHECKPOINT/at-7\"; exit 3' USR2; echo up; sleep 60 & wait",
    )
    job = json.loads((folder / "job.json").read_text())
    (folder / "job.json").write_text(json.dumps({**job, "requeues": 1}))
    process = subprocess.Popen(keeping(archive, folder), stdin=subprocess.DEVNULL)
    while not (folder / "log").exists() or "up" not in (folder / "log").read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGUSR2)
    assert process.wait(60) == 3
    assert json.loads((folder / "exit.json").read_text())["requeue"] is True


def test_a_program_that_does_not_listen_goes_on_when_its_time_is_nearly_up(
    archive: Path, folder: Path
) -> None:
    give(folder, sys.executable, "-c", "import time; print('up', flush=True); time.sleep(1)")
    process = subprocess.Popen(keeping(archive, folder), stdin=subprocess.DEVNULL)
    while not (folder / "log").exists() or "up" not in (folder / "log").read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGUSR2)
    assert process.wait(60) == 0


def test_other_words_are_answered_with_what_there_is(archive: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(archive), "fly"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "keep ROOT FOLDER" in done.stderr
