from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from jupyter_compute.blobs import Blobs
from jupyter_compute.errors import ConflictError, SnapshotError
from jupyter_compute.model import Snapshot
from jupyter_compute.snapshot import Snapshotter
from jupyter_compute.snapshot.reading import ChangingError, store_file


def test_a_file_that_has_changed_since_it_was_seen_is_read_again(
    source: Path, workspace: Path
) -> None:
    blobs = Blobs(workspace / "blobs")
    for size in (10, 2_000_000):
        path = source / "a"
        path.write_bytes(b"a" * size)
        before = path.stat()
        path.write_bytes(b"b" * (size + 1))
        with blobs.writer() as writer:
            digest, status = store_file(writer, os.fspath(path), before, follows=False)
        assert digest == hashlib.sha256(b"b" * (size + 1)).hexdigest()
        assert status.st_size == size + 1


def test_what_took_the_place_of_a_file_is_neither_followed_nor_waited_for(
    source: Path, workspace: Path
) -> None:
    (source / "file").write_text("x")
    before = (source / "file").stat()
    os.mkfifo(source / "fifo")
    (source / "link").symlink_to("file")
    with Blobs(workspace / "blobs").writer() as writer:
        for name in ("fifo", "link"):
            with pytest.raises((ChangingError, OSError)):
                store_file(writer, os.fspath(source / name), before, follows=False)


def test_a_tree_in_turmoil_gives_whole_snapshots_or_a_clear_error(
    snapshotter: Snapshotter, source: Path, workspace: Path
) -> None:
    is_over = threading.Event()

    def stir() -> None:
        turn = 0
        while not is_over.is_set():
            turn += 1
            folder = source / f"folder{turn % 3}"
            folder.mkdir(exist_ok=True)
            for number in range(5):
                (folder / f"{number}").write_bytes(b"%d" % (turn % 10) * (50_000 if number else 5))
            (folder / "0").unlink()
            (folder / "1").rename(source / f"moved{turn % 4}")
            if turn % 2:
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()

    thread = threading.Thread(target=stir)
    thread.start()
    try:
        taken: list[Snapshot] = []
        for _ in range(60):
            try:
                taken.append(snapshotter.take(source))
            except SnapshotError as error:
                assert "keeps changing" in error.message or "cannot be read" in error.message
    finally:
        is_over.set()
        thread.join()
    blobs = Blobs(workspace / "blobs")
    for snapshot in taken:
        assert snapshotter.load(snapshot.id).files == snapshot.files
        assert all(blobs.size(file.digest) == file.size for file in snapshot.files)
    last = snapshotter.take(source)
    contents = {file.path: blobs.read(file.digest) for file in last.files}
    assert contents == {
        os.fspath(path.relative_to(source)): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file()
    }


def test_a_snapshot_is_restored_to_a_new_or_empty_folder_only(
    snapshotter: Snapshotter, source: Path, tmp_path: Path
) -> None:
    (source / "a").write_text("x")
    snapshot = snapshotter.take(source)
    (tmp_path / "empty").mkdir()
    snapshotter.restore(snapshot.id, tmp_path / "empty")
    assert (tmp_path / "empty/a").read_text() == "x"
    with pytest.raises(ConflictError, match="not empty"):
        snapshotter.restore(snapshot.id, tmp_path / "empty")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a//b", "", "."])
def test_a_manifest_that_names_a_place_outside_is_refused(
    snapshotter: Snapshotter, workspace: Path, tmp_path: Path, path: str
) -> None:
    content = {"files": [[path, "0" * 64, 0, 0o644, None]], "folders": []}
    digest = Blobs(workspace / "blobs").add_bytes(json.dumps(content).encode())
    with pytest.raises(SnapshotError, match="outside"):
        snapshotter.restore(digest, tmp_path / "restored")
