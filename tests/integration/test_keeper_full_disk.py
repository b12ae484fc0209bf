"""A disk that is full: the run's end is told all the same, and a start that failed is no start."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keeper_stage import Stage, final, log_of

from jupyter_compute.runner import keeper, programs, status

WRITERS = ("write", "rename", "link", "fsync", "mkdir", "ftruncate", "posix_fallocate")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Stage]:
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], capture_output=True
    )
    if done.returncode:
        pytest.skip("a small file system cannot be mounted here")
    stage = Stage(place)
    try:
        yield stage
    finally:
        stage.close()
        stage.blobs.packs._drop_fds()
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_outputs_that_fill_the_disk_are_the_reason(small_disk: Stage) -> None:
    folder = small_disk.python("open('outputs/large', 'wb').write(b'x' * 9_000_000)")
    found = small_disk.finish(folder)
    assert found["state"] == "failed"
    assert "disk is full" in found["error"] or "No space left" in found["error"]


def test_outputs_that_were_written_before_the_disk_was_full_are_announced(
    small_disk: Stage,
) -> None:
    folder = small_disk.python(
        "import os\n"
        "for n in range(100): open(f'outputs/{n}', 'w').write('x')\n"
        f"with open({str(Path(small_disk.root, 'filler'))!r}, 'wb', buffering=0) as file:\n"
        "    try:\n"
        "        while True: file.write(b'x' * 4096)\n"
        "    except OSError: pass\n"
    )
    assert small_disk.finish(folder)["state"] == "completed"
    events = map(json.loads, Path(folder, "events").read_text().splitlines())
    assert sum(event["type"] == "output" for event in events) == 100


def test_a_log_that_fills_the_disk_is_the_reason(small_disk: Stage) -> None:
    folder = small_disk.python("while True: print('x' * 1000)")
    found = small_disk.finish(folder)
    assert found["state"] == "failed"
    assert "disk is full" in found["error"]


def test_a_run_that_does_not_fit_does_not_start(small_disk: Stage) -> None:
    filler = Path(small_disk.root, "filler")
    folder = small_disk.write_job("echo", "said", files={"large": "x" * 1_000_000})
    room = os.statvfs(small_disk.root)
    filler.write_bytes(b"x" * (room.f_bavail * room.f_frsize - 200_000))
    keeper.start(small_disk.root, folder, {})
    found = small_disk.finish(folder)
    assert found["state"] == "failed"
    assert found["error"].startswith("the disk is full")
    assert "started" not in found
    assert "said" not in log_of(folder)


def test_a_start_on_a_full_disk_fails_and_may_be_tried_again(small_disk: Stage) -> None:
    filler = Path(small_disk.root, "filler")
    folder = small_disk.write_job("echo", "said")
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(OSError, match="No space left"):
        keeper.start(small_disk.root, folder, {})
    assert status.read_status(folder) is None
    filler.unlink()
    keeper.start(small_disk.root, folder, {})
    assert small_disk.finish(folder)["state"] == "completed"


@pytest.mark.timeout(600)
def test_a_disk_that_is_full_for_a_moment_at_any_step_loses_no_run(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    for step in range(1, 1000):
        ran, mark = tmp_path / f"ran-{step}", tmp_path / f"refused-{step}"
        folder = stage.write_job("sh", "-c", f"echo ran >> {ran}")
        _start_with_refusal(stage, folder, step, mark)
        if status.read_status(folder) is None:
            keeper.start(stage.root, folder, {})
        found = stage.finish(folder)
        times = ran.read_text().count("ran") if ran.exists() else 0
        if found["state"] == "completed":
            assert times == 1
        else:
            assert found["error"].startswith("the disk is full")
            assert times == 0
        assert stage.left() == []
        assert final(folder) == found
        if not mark.exists():
            return
    pytest.fail("a run takes no thousand steps")


def _start_with_refusal(stage: Stage, folder: str, step: int, mark: Path) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            _refuse_at(step, mark)
            keeper.start(stage.root, folder, {})
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _refuse_at(step: int, mark: Path) -> None:
    me = {"pid": 0, "count": 0}
    reset_signals = programs.reset_signals

    def begin() -> None:
        me["pid"] = os.getpid()
        reset_signals()

    programs.reset_signals = begin
    keeper._RETRY_S = 0.05
    for name in WRITERS:
        setattr(os, name, _refusing(getattr(os, name), me, step, mark))


def _refusing(
    original: Callable[..., Any], me: dict[str, int], step: int, mark: Path
) -> Callable[..., Any]:
    def act(*args: Any, **kwargs: Any) -> Any:
        is_pipe = isinstance(args[0], int) and stat.S_ISFIFO(os.fstat(args[0]).st_mode)
        if os.getpid() == me["pid"] and not is_pipe:
            me["count"] += 1
            if step <= me["count"] < step + 3:
                with open(mark, "w"):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(*args, **kwargs)

    return act
