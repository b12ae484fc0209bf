"""Writers that are killed, writers side by side, and a disk that is full."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jupyter_compute.blobs import Blobs
from jupyter_compute.errors import SnapshotError
from jupyter_compute.snapshot import Snapshotter

WRITER = """
import random, sys
from pathlib import Path
from jupyter_compute.blobs import Blobs

blobs, rng = Blobs(Path(sys.argv[1])), random.Random(sys.argv[2])
while True:
    with blobs.writer() as writer:
        sizes = [rng.choice((10, 5000, 200_000)) for _ in range(30)]
        added = [writer.add_bytes(rng.randbytes(size)) for size in sizes]
        added.append(writer.add_bytes(rng.randbytes(1_500_000)))
    for digest in added:
        print(digest)
    sys.stdout.flush()
"""

ADDER = """
import sys
from pathlib import Path
from jupyter_compute.blobs import Blobs

blobs = Blobs(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    with blobs.hold():
        digest = blobs.add_bytes(sys.argv[2].encode() * (number % 3) + b"%d" % number)
        with open(sys.argv[4], "a") as file:
            file.write(digest + "\\n")
"""


def sound(blobs: Blobs) -> int:
    """Read everything that claims to be there; return how much that is."""
    blobs.missing(["0" * 64])
    digests = [*blobs._index.places, *blobs._known_large]
    for digest in digests:
        blobs.read(digest)
    return len(digests)


def test_a_writer_killed_at_any_instant_leaves_no_wrong_byte(tmp_path: Path) -> None:
    root = tmp_path / "blobs"
    rng = random.Random(1)
    acknowledged: set[str] = set()
    for number in range(6):
        command = [sys.executable, "-c", WRITER, os.fspath(root), str(number)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(31)]
        time.sleep(rng.random() * 0.03)
        writer.kill()
        lines += writer.stdout.read().splitlines(keepends=True)
        writer.wait(60)
        writer.stdout.close()
        acknowledged |= {line.decode().strip() for line in lines if line.endswith(b"\n")}
        blobs = Blobs(root)
        assert not blobs.missing(acknowledged)
        assert sound(blobs) >= len(acknowledged)
    blobs = Blobs(root)
    blobs.gc(acknowledged, grace_s=0)
    assert not blobs.missing(acknowledged)
    assert sound(blobs) == len(acknowledged)
    assert not list((root / "incoming").iterdir())


def run_adders(root: Path, needed: Path, count: int) -> list[subprocess.Popen[bytes]]:
    """Start two processes that add some blobs of their own and some that both add."""
    return [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, os.fspath(root), name, str(count), os.fspath(needed)]
        )
        for name in ("one", "two")
    ]


def test_two_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    root, needed = tmp_path / "blobs", tmp_path / "needed"
    for adder in run_adders(root, needed, 200):
        assert adder.wait(120) == 0
    digests = needed.read_text().split()
    assert len(digests) == 400
    blobs = Blobs(root)
    assert not blobs.missing(digests)
    assert sound(blobs) == len(set(digests))


def test_garbage_is_collected_beside_those_who_add(tmp_path: Path) -> None:
    root, needed = tmp_path / "blobs", tmp_path / "needed"
    needed.touch()
    adders = run_adders(root, needed, 200)
    blobs = Blobs(root)
    rounds = 0
    while rounds < 5 or any(adder.poll() is None for adder in adders):
        rounds += 1
        blobs.add_bytes(b"garbage %d" % rounds)
        blobs.gc(lambda: set(needed.read_text().split()), grace_s=0, timeout_s=120)
        digests = needed.read_text().split()
        assert [digest for digest in digests if not blobs.read(digest)] == [], rounds
    assert [adder.wait(60) for adder in adders] == [0, 0]
    assert sound(blobs) <= len(set(needed.read_text().split())) + 1


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of a megabyte, where this process may."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", os.fspath(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", os.fspath(folder)], check=True)


def make_files(source: Path, count: int, size: int) -> None:
    source.mkdir()
    for number in range(count):
        (source / f"{number}").write_bytes(random.Random(number).randbytes(size))


@pytest.mark.parametrize(("count", "size"), [(300, 10_000), (1, 3_000_000)])
def test_a_full_disk_fails_a_snapshot_cleanly(tmp_path: Path, count: int, size: int) -> None:
    source = tmp_path / "source"
    make_files(source, count, size)
    with small_disk(tmp_path / "disk") as disk:
        snapshotter = Snapshotter(Blobs(disk / "blobs"), disk / "cache")
        for _ in range(2):
            with pytest.raises(SnapshotError, match="No space left") as caught:
                snapshotter.take(source)
            assert "gc" in caught.value.hint
            sound(Blobs(disk / "blobs"))
        subprocess.run(["mount", "-o", "remount,size=20m", os.fspath(disk)], check=True)
        snapshot = snapshotter.take(source)
        assert sound(Blobs(disk / "blobs")) == count + 1
        snapshotter.restore(snapshot.id, tmp_path / "restored")
        for path in source.iterdir():
            assert (tmp_path / "restored" / path.name).read_bytes() == path.read_bytes()


def test_a_file_that_may_not_grow_fails_a_snapshot_cleanly(tmp_path: Path) -> None:
    source = tmp_path / "source"
    make_files(source, 100, 10_000)
    blobs = Blobs(tmp_path / "blobs")
    snapshotter = Snapshotter(blobs, tmp_path / "cache")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(SnapshotError, match="File too large"):
            snapshotter.take(source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    sound(Blobs(tmp_path / "blobs"))
    snapshot = snapshotter.take(source)
    assert not blobs.missing({snapshot.id, *(file.digest for file in snapshot.files)})
    assert sound(Blobs(tmp_path / "blobs")) == 101


@contextmanager
def ordinary_user(*folders: Path) -> Iterator[None]:
    """Let root, to whom nothing is unreadable, be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    for folder in folders:
        os.chown(folder, 65534, 65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_what_cannot_be_read_is_named_and_can_be_left_out() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, source = Path(name), Path(name, "source")
        (source / "closed").mkdir(parents=True)
        for file in ("one", "two", "fine"):
            (source / file).write_text("x")
        closed = [source / "closed", source / "one", source / "two"]
        for path in closed:
            path.chmod(0)
        with ordinary_user(folder, source):
            snapshotter = Snapshotter(Blobs(folder / "blobs"), folder / "cache")
            with pytest.raises(SnapshotError, match="'closed/' cannot be listed"):
                snapshotter.take(source)
            (source / ".amlignore").write_text("/closed/\n")
            with pytest.raises(SnapshotError) as caught:
                snapshotter.take(source)
            assert "'one' cannot be read (Permission denied)" in caught.value.message
            assert "'two' cannot be read (Permission denied)" in caught.value.message
            (source / ".amlignore").write_text("/closed/\n/one\n/two\n")
            taken = snapshotter.take(source)
            assert [file.path for file in taken.files] == [".amlignore", "fine"]
        for path in closed:
            path.chmod(0o700)
