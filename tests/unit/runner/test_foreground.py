from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_compute.runner.blobs import Blobs
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


def keep(archive: Path, folder: Path) -> int:
    command = [
        sys.executable,
        "-I",
        "-S",
        str(archive),
        "keep",
        str(folder.parents[2]),
        str(folder),
    ]
    return subprocess.run(command, stdin=subprocess.DEVNULL, timeout=60).returncode


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
    assert stat.S_IMODE(os.stat(folder / "secrets.json").st_mode) == 0o600
    assert keep(archive, folder) == 0
    left = [path for path in folder.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]
    # The program's own words name it: they stand in what was asked for.
    assert [path.name for path in left] == ["job.json"]


def test_other_words_are_answered_with_what_there_is(archive: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(archive), "fly"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "keep ROOT FOLDER" in done.stderr
