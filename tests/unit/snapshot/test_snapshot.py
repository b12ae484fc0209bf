from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from snapshotters import make

from jupyter_compute.blobs import Blobs, Writer
from jupyter_compute.errors import NotFoundError, SnapshotError
from jupyter_compute.ignore import RootRules
from jupyter_compute.snapshot import Snapshotter
from jupyter_compute.snapshot.folder import Folder
from jupyter_compute.snapshot.stat_cache import StatCache
from jupyter_compute.snapshot.walk import Walk

ODD_NAMES = (
    *(
        "with space",
        "'quote\"",
        "new\nline",
        "-dash",
        "\udcff\udc80",
        "é",
        "日本",
        "*",
        "[a]",
        "\\",
    ),
    *("tab\t", "#h", "!n", "$(x)", "a" * 255, "..."),
)
NAMES = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text("abAB.-", min_size=1, max_size=3).filter(lambda name: name.strip(".")),
)
ENTRIES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=30), st.booleans(), st.sampled_from(["file", "folder", "link"])),
    max_size=8,
)
Entries = dict[str, tuple[bytes, bool, str]]


def build(root: Path, entries: Entries, order: list[str]) -> None:
    """Make a tree; an entry whose place is taken by another is passed over."""
    root.mkdir()
    for path in order:
        content, is_executable, kind = entries[path]
        target = root / path
        taken = [root / part for part in Path(path).parents if str(part) != "."]
        if os.path.lexists(target) or any(os.path.lexists(p) and not p.is_dir() for p in taken):
            continue
        if any(os.path.islink(part) for part in taken):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            target.write_bytes(content)
            target.chmod(0o755 if is_executable else 0o644)
        elif kind == "folder":
            target.mkdir()
        else:
            target.symlink_to("some/../where" if is_executable else "a")


def describe(root: Path) -> dict[str, object]:
    """Return what a snapshot must keep of a tree."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        kind = stat.S_IFMT(status.st_mode)
        content = b""
        if kind != stat.S_IFDIR:
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        is_executable = kind == stat.S_IFREG and bool(status.st_mode & 0o100)
        found[os.fspath(path.relative_to(root))] = (kind, content, is_executable)
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("trees")


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(entries=ENTRIES, data=st.data())
def test_a_restored_snapshot_is_the_folder_and_its_id_knows_no_order_or_time(
    place: Path, entries: Entries, data: st.DataObject
) -> None:
    folder = Path(os.fspath(place), os.urandom(6).hex())
    folder.mkdir()
    paths = sorted(entries, key=lambda path: (path.count("/"), path))
    build(folder / "first", entries, paths)
    snapshotter = make(folder / "workspace")
    first = snapshotter.take(folder / "first")
    snapshotter.restore(first.id, folder / "restored")
    assert describe(folder / "restored") == describe(folder / "first")
    os.makedirs(folder / "other-workspace")
    build(folder / "second", entries, data.draw(st.permutations(paths)))
    if describe(folder / "second") == describe(folder / "first"):
        for path in (folder / "second").rglob("*"):
            if path.is_file() and not path.is_symlink():
                os.utime(path, ns=(1, data.draw(st.integers(0, 10**18))))
        assert make(folder / "other-workspace").take(folder / "second").id == first.id


def test_the_manifest_is_canonical_json_named_by_its_digest(
    snapshotter: Snapshotter, source: Path, workspace: Path
) -> None:
    (source / "b").mkdir()
    for name in ODD_NAMES:
        (source / "b" / name).write_text(name, errors="surrogateescape")
    (source / "b.txt").write_text("x")
    (source / "b-link").symlink_to("b/é")
    snapshot = snapshotter.take(source)
    data = Blobs(workspace / "blobs").read(snapshot.id)
    assert hashlib.sha256(data).hexdigest() == snapshot.id
    content = json.loads(data)
    assert json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii") == data
    assert content["folders"] == ["b"]
    rows = [[f.path, f.digest, f.size, f.mode, f.link] for f in snapshot.files]
    assert content["files"] == rows == sorted(rows)
    loaded = snapshotter.load(snapshot.id)
    assert (loaded.files, loaded.folders) == (snapshot.files, snapshot.folders)


def test_everything_that_counts_changes_the_id(snapshotter: Snapshotter, source: Path) -> None:
    (source / "a").write_text("x")
    ids = [snapshotter.take(source).id]

    def note() -> None:
        ids.append(snapshotter.take(source).id)

    (source / "a").write_text("y")
    note()
    (source / "a").chmod(0o755)
    note()
    (source / "a").rename(source / "b")
    note()
    (source / "empty").mkdir()
    note()
    (source / "link").symlink_to("b")
    note()
    (source / "link").unlink()
    (source / "link").symlink_to("empty")
    note()
    assert len(set(ids)) == len(ids)
    (source / "link").unlink()
    (source / "empty").rmdir()
    (source / "b").rename(source / "a")
    (source / "a").chmod(0o600)
    (source / "a").write_text("x")
    assert snapshotter.take(source).id == ids[0]


class WatchedBlobs(Blobs):
    """Blobs that know what was given to them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.added: list[str] = []

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        with super().writer() as writer:
            add = writer.add_bytes

            def add_bytes(data: bytes) -> str:
                self.added.append(add(data))
                return self.added[-1]

            writer.add_bytes = add_bytes  # type: ignore[method-assign]
            yield writer


def test_a_second_process_reads_only_what_has_changed(
    snapshotter: Snapshotter, source: Path, workspace: Path
) -> None:
    for number in range(20):
        (source / f"{number}.txt").write_text(str(number))
    (source / "folder").mkdir()
    (source / "folder" / "odd\n\udcff").write_text("x")
    wait_until_not_racy()
    first = snapshotter.take(source)
    blobs = WatchedBlobs(workspace / "blobs")
    other = Snapshotter(blobs, workspace / "cache")
    assert other.take(source).id == first.id
    assert blobs.added == [first.id]
    (source / "3.txt").write_text("three")
    second = other.take(source)
    assert blobs.added[1:] == [hashlib.sha256(b"three").hexdigest(), second.id]
    [cache] = (workspace / "cache").iterdir()
    cache.write_bytes(cache.read_bytes()[:-7] + b"garbage")
    assert make(workspace).take(source).id == second.id


def wait_until_not_racy() -> None:
    """Wait until all files are older than the clock's granule; more can do no harm."""
    time.sleep(0.3)


def test_a_change_within_the_clocks_granule_is_seen(snapshotter: Snapshotter, source: Path) -> None:
    path = source / "a"
    for number in range(100):
        path.write_text(f"{number:06d}")
        [file] = snapshotter.take(source).files
        assert file.digest == hashlib.sha256(f"{number:06d}".encode()).hexdigest()


@pytest.mark.parametrize(
    ("mtime_s", "ctime_s", "is_racy"),
    [
        (-10.5, -10.5, False),
        (-0.05, -10.5, True),
        (-10.5, -0.05, True),
        (-10.5, 0.5, True),  # the clock has jumped back since
        (1e6, -10.5, False),  # a modification time that was set by hand
        (1e6, -0.05, True),
        (-1.5, -1.5, False),
        ("whole second", "whole second", True),  # a file system may count in steps of two
    ],
)
def test_what_could_still_change_without_a_trace_is_not_trusted(
    source: Path, tmp_path: Path, mtime_s: float | str, ctime_s: float | str, is_racy: bool
) -> None:
    limits = {"limit": 10, "follows": False}
    seeds = StatCache(os.fspath(tmp_path), "x")
    now = time.time_ns()
    walk = Walk(Folder("", None), os.fspath(source), RootRules(os.fspath(source)), seeds, **limits)
    times = [
        int(now + at * 1e9) // 10 * 10 + 1 if isinstance(at, float) else now // 10**9 * 10**9
        for at in (mtime_s, ctime_s)
    ]
    assert walk.is_racy((*times, 1, 1, 0o100644)) is is_racy


def test_a_change_behind_an_old_modification_time_is_seen(
    snapshotter: Snapshotter, source: Path
) -> None:
    path = source / "a"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))
    wait_until_not_racy()
    first = snapshotter.take(source)
    path.write_text("two")
    os.utime(path, (1e9, 1e9))
    assert snapshotter.take(source).id != first.id


def test_a_lost_blob_is_stored_again(
    snapshotter: Snapshotter, source: Path, workspace: Path
) -> None:
    (source / "a").write_text("x")
    wait_until_not_racy()
    first = snapshotter.take(source)
    assert Blobs(workspace / "blobs").gc((), grace_s=0) > 0
    for each in (snapshotter, make(workspace)):
        assert each.take(source).id == first.id
        assert each.load(first.id).files == first.files
        assert not Blobs(workspace / "blobs").missing(file.digest for file in first.files)


def test_needed_names_every_blob_that_a_snapshot_consists_of(
    snapshotter: Snapshotter, source: Path, workspace: Path, tmp_path: Path
) -> None:
    (source / "a").write_text("x")
    (source / "big").write_bytes(b"y" * 2_000_000)
    kept = snapshotter.take(source)
    (source / "a").write_text("z")
    dropped = snapshotter.take(source)
    blobs = Blobs(workspace / "blobs")
    blobs.gc(lambda: snapshotter.needed([kept.id, "f" * 64]), grace_s=0)
    snapshotter.restore(kept.id, tmp_path / "restored")
    with pytest.raises(NotFoundError, match="there is no snapshot"):
        snapshotter.load(dropped.id)


@pytest.mark.parametrize("interpreter", ["", "/bin/false", "/not/there"])
def test_a_large_first_snapshot_is_right_with_a_second_process_and_without(
    snapshotter: Snapshotter,
    source: Path,
    workspace: Path,
    interpreter: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if interpreter:
        monkeypatch.setattr(sys, "executable", interpreter)
    block = os.urandom(900_000)
    for number in range(50):
        (source / f"{number} \n\udcff").write_bytes(block[number // 2 :])
    (source / "large").write_bytes(block * 2)
    (source / "empty").write_bytes(b"")
    snapshot = snapshotter.take(source)
    assert snapshotter.take(source) == snapshot
    blobs = Blobs(workspace / "blobs")
    contents = {file.path: blobs.read(file.digest) for file in snapshot.files}
    assert contents == {path.name: path.read_bytes() for path in source.iterdir()}
    assert not [path for path in (workspace / "blobs/incoming").iterdir()]


# -- limits, sizes, differences ----------------------------------------------------------------


def test_a_folder_over_the_limit_is_refused_with_the_line_that_helps(
    workspace: Path, source: Path
) -> None:
    (source / "data/raw [1]").mkdir(parents=True)
    (source / "data/raw [1]/x.bin").write_bytes(bytes(600_000))
    (source / "data/small").write_bytes(bytes(1000))
    (source / "train.py").write_text("print()")
    snapshotter = make(workspace, limit_mb=0.5)
    with pytest.raises(SnapshotError, match=r"0\.6 MB, and the limit is 0\.5 MB") as caught:
        snapshotter.take(source)
    assert "raw [1]" in caught.value.message
    line = r"/data/raw \[1]/x.bin"
    assert line in caught.value.hint and ".amlignore" in caught.value.hint
    assert not list((workspace / "blobs").rglob("*.pack"))
    preview = snapshotter.preview(source)
    assert (preview.files, preview.bytes, preview.limit_bytes) == (3, 601_007, 500_000)
    assert preview.suggestions == (line,)
    (source / ".amlignore").write_text(line + "\n")
    assert len(snapshotter.take(source).files) == 3


def test_the_size_tree_adds_up(snapshotter: Snapshotter, source: Path) -> None:
    (source / "a/b").mkdir(parents=True)
    (source / "a/b/x").write_bytes(bytes(5))
    (source / "a/y").write_bytes(bytes(7))
    expected = {"": (2, 12), "a/": (2, 12), "a/b/": (1, 5), "a/b/x": (1, 5), "a/y": (1, 7)}
    for of in (source, snapshotter.take(source)):
        entries = snapshotter.tree(of)
        assert {entry.path: (entry.files, entry.bytes) for entry in entries} == expected


def test_a_preview_reads_nothing_and_forgets_nothing(
    snapshotter: Snapshotter, source: Path, workspace: Path
) -> None:
    (source / "a").write_text("x")
    (source / "b").write_text("y")
    first = snapshotter.take(source)
    (source / "a").unlink()
    (source / "c").write_text("z")
    assert snapshotter.preview(source).files == 2
    assert [file.path for file in snapshotter.take(source).files] == ["b", "c"]
    (source / "c").unlink()
    (source / "a").write_text("x")
    snapshotter.preview(source)
    assert snapshotter.take(source).id == first.id


def test_a_difference_names_what_was_added_removed_and_changed(
    snapshotter: Snapshotter, source: Path
) -> None:
    (source / "same").write_text("x")
    (source / "text").write_text("one\ntwo")
    (source / "binary").write_bytes(b"\0\1")
    (source / "gone").write_text("bye\n")
    first = snapshotter.take(source)
    (source / "text").write_text("one\nthree\n")
    (source / "binary").write_bytes(b"\0\2")
    (source / "gone").unlink()
    (source / "new").write_text("hello\n")
    (source / "link").symlink_to("new")
    second = snapshotter.take(source)
    files, texts = snapshotter.compare(first, second)
    assert files == {
        "text": "changed",
        "binary": "changed",
        "gone": "removed",
        "new": "added",
        "link": "added",
    }
    assert set(texts) == {"text", "gone", "new"}
    assert "-two\n\\ No newline at end of file\n+three\n" in texts["text"]
    assert snapshotter.compare(first, first) == ({}, {})
