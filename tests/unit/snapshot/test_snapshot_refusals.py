from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from snapshotters import make

from jupyter_compute.errors import SnapshotError
from jupyter_compute.snapshot import Snapshotter


def test_a_folder_that_is_none_is_refused(snapshotter: Snapshotter, source: Path) -> None:
    (source / "file").write_text("x")
    for path, what in ((source / "absent", "is not there"), (source / "file", "is no folder")):
        for act in (snapshotter.take, snapshotter.preview):
            with pytest.raises(SnapshotError, match=what):
                act(path)


def test_special_files_are_refused_all_at_once_and_can_be_left_out(
    snapshotter: Snapshotter, source: Path
) -> None:
    os.mkfifo(source / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(source)
        try:
            server.bind("sock et")
        finally:
            os.chdir(here)
    with pytest.raises(SnapshotError) as caught:
        snapshotter.take(source)
    assert "'pipe' is a FIFO" in caught.value.message
    assert "'sock et' is a socket" in caught.value.message
    (source / ".amlignore").write_text(caught.value.hint.split(": ")[1].replace("  ", "\n"))
    assert [file.path for file in snapshotter.take(source).files] == [".amlignore"]


def test_links_that_stay_inside_are_kept_whatever_they_point_to(
    snapshotter: Snapshotter, source: Path, tmp_path: Path
) -> None:
    (source / "a/b").mkdir(parents=True)
    (source / "a/b/file").write_text("x")
    links = {
        "loop": "loop",
        "here": ".",
        "dangling": "not/there",
        "a/up": "..",
        "a/b/root": "../..",
        "deep": "a/b",
        "through": "deep/../b/file",
        "a/l": "b/file",
    }
    for name, target in links.items():
        (source / name).symlink_to(target)
    (source / "absolute").symlink_to(source / "a/b/file")
    snapshot = snapshotter.take(source)
    kept = {file.path: file.link for file in snapshot.files if file.link is not None}
    assert kept == {**links, "absolute": "a/b/file"}
    assert snapshotter.take(source) == snapshot
    snapshotter.restore(snapshot.id, tmp_path / "restored")
    assert (tmp_path / "restored/absolute").read_text() == "x"


@pytest.mark.parametrize(
    "target", ["..", "../other", "/etc/passwd", "a/../../x", "here/../..", "../source-2/x"]
)
def test_links_that_leave_the_root_are_refused(
    snapshotter: Snapshotter, source: Path, target: str
) -> None:
    (source / "a").mkdir()
    (source / "here").symlink_to(".")
    (source / "out").symlink_to(target)
    with pytest.raises(SnapshotError, match="outside of the folder") as caught:
        snapshotter.take(source)
    assert "--follow-links" in caught.value.hint and "/out" in caught.value.hint


def test_links_that_leave_the_root_are_followed_on_request(
    workspace: Path, source: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/x.sh").write_text("x")
    (outside / "deep/x.sh").chmod(0o755)
    (outside / "deep/inner").symlink_to("x.sh")
    (outside / "y").write_text("y")
    (source / "folder").symlink_to(outside / "deep")
    (source / "file").symlink_to(outside / "y")
    snapshotter = make(workspace, follow_links=True)
    files = {file.path: file for file in snapshotter.take(source).files}
    assert set(files) == {"file", "folder/x.sh", "folder/inner"}
    assert files["folder/x.sh"].mode == 0o755
    assert (files["file"].link, files["folder/inner"].link) == (None, "x.sh")
    (outside / "y").write_text("z")
    assert snapshotter.take(source).files[0].digest != files["file"].digest


def test_a_followed_link_into_a_folder_above_is_a_loop(workspace: Path, source: Path) -> None:
    (source / "a").mkdir()
    for target in (source.parent, Path("/"), source):
        (source / "a/loop").symlink_to(f"{target}/." if target != source else "../../source/..")
        with pytest.raises(SnapshotError, match="a folder that it stands in"):
            make(workspace, follow_links=True).take(source)
        (source / "a/loop").unlink()


def test_a_followed_link_to_nothing_is_refused(workspace: Path, source: Path) -> None:
    (source / "x").symlink_to("/not/there")
    with pytest.raises(SnapshotError, match="which is not there"):
        make(workspace, follow_links=True).take(source)
