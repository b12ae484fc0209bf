"""Leaving one path out by a line, and nothing else with it."""

from __future__ import annotations

import os
import random
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import snapshotters
from generated_trees import make_ignore_files, make_rules, make_tree

from jupyter_compute.errors import ConfigError, SnapshotError
from jupyter_compute.snapshot import Snapshotter


@pytest.fixture
def taker(tmp_path: Path) -> Snapshotter:
    return snapshotters.make(tmp_path / "workspace")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def write(source: Path, *paths: str) -> None:
    for path in paths:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(repr(path))


def captured(taker: Snapshotter, source: Path) -> set[str]:
    snapshot = taker.take(source)
    files = {file.path for file in snapshot.files if file.path != ".amlignore"}
    return files | {f"{folder}/" for folder in snapshot.folders}


def text_of(source: Path) -> str:
    return (source / ".amlignore").read_text("utf-8")


def below(path: str, of: set[str]) -> set[str]:
    return {one for one in of if one == path or one.startswith(path.rstrip("/") + "/")}


ODD = (
    *("plain.txt", "a b", "end ", "two  ", "#hash", "!bang", "st*r", "q?", "[ab]", "back\\slash"),
    *("tab\t", "é", "日本", "new\nline", "cr\rx", "\udcff\udc80", "a/deep/er.txt", "-d", "a]", "^"),
)


@pytest.mark.parametrize("path", ODD)
def test_any_name_is_left_out_alone(taker: Snapshotter, source: Path, path: str) -> None:
    write(source, *ODD, "a/deep/other.txt", "z/plain.txt", "ab", "b", "star", "qq", "newXline")
    before = captured(taker, source)
    done = taker.leave_out(source, path)
    assert done.created and "\n" not in done.line
    assert captured(taker, source) == before - {path}
    once = (source / ".amlignore").read_bytes()
    again = taker.leave_out(source, path)
    assert (again.line, again.created) == (done.line, False)
    assert (source / ".amlignore").read_bytes() == once


def test_a_folder_is_left_out_with_all_that_is_in_it(taker: Snapshotter, source: Path) -> None:
    write(source, "data/a", "data/b/c", "x/data/a", "database")
    assert taker.leave_out(source, "data/").line == "/data/"
    assert captured(taker, source) == {"x/", "x/data/", "x/data/a", "database"}
    assert text_of(source) == "/data/\n"
    assert taker.leave_out(source, str(source / "x" / "data")).line == "/x/data/"
    assert text_of(source) == "/data/\n/x/data/\n"


def test_a_file_that_is_there_keeps_its_text_line_ends_and_mode(
    taker: Snapshotter, source: Path
) -> None:
    write(source, "a", "b", "c.log")
    file = source / ".amlignore"
    file.write_bytes(b"\xef\xbb\xbf# mine\r\n*.log\r\n\r\n# \xff")
    file.chmod(0o640)
    assert not taker.leave_out(source, "a").created
    assert file.read_bytes() == b"\xef\xbb\xbf# mine\r\n*.log\r\n\r\n# \xff\r\n/a\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert captured(taker, source) == {"b"}
    assert not [name for name in os.listdir(source) if name.startswith(".amlignore.")]


def test_a_file_that_is_a_link_stays_one(taker: Snapshotter, source: Path, tmp_path: Path) -> None:
    write(source, "a", "b", "shared.rules")
    (source / "shared.rules").write_text("b\n")
    (source / ".amlignore").symlink_to("shared.rules")
    taker.leave_out(source, "a")
    assert (source / ".amlignore").is_symlink()
    assert (source / "shared.rules").read_text() == "b\n/a\n"


def test_the_rules_that_git_had_go_on_to_hold(taker: Snapshotter, tmp_path: Path) -> None:
    top = tmp_path / "repository"
    source = top / "sub" / "my project"
    write(source, "keep.py", "x.log", "out/a", "lib/x.tmp", "lib/keep.log", "lib/deep/out/a", "env")
    subprocess.run(["git", "init", "-q", str(top)], check=True, timeout=60)
    (top / ".git" / "info" / "exclude").write_text("/sub/my project/env\n")
    (top / ".gitignore").write_text("*.log\n/sub/*/out/\n/other/\nsub/**/nothing\n")
    (source / ".gitignore").write_text("# ours\nnothing\n")
    (source / "lib" / ".gitignore").write_text("*.tmp\n!keep.log\n/deep/out\n")
    before = captured(taker, source)
    assert before == {
        *(".gitignore", "keep.py", "lib/", "lib/.gitignore", "lib/keep.log", "lib/deep/")
    }
    assert taker.leave_out(source, "keep.py").created
    assert captured(taker, source) == before - {"keep.py"}
    lines = text_of(source).splitlines()
    assert lines[0].startswith("#") and lines[-1] == "/keep.py"
    rules = [line for line in lines if not line.startswith("#")]
    assert rules == [
        *("/env", "*.log", "/out/", "/**/nothing", "nothing"),
        *("/lib/**/*.tmp", "!/lib/**/keep.log", "/lib/deep/out", "/keep.py"),
    ]
    # What comes later is left out by them, too.
    write(source, "later.log", "lib/later.tmp", "lib/more/keep.log")
    assert captured(taker, source) - before == {"lib/more/", "lib/more/keep.log"}


@pytest.mark.parametrize("start", range(0, 200, 50))
def test_what_is_captured_is_what_was_without_the_path(tmp_path: Path, start: int) -> None:
    taker = snapshotters.make(tmp_path / "workspace")
    refused = done = 0
    for seed in range(start, start + 50):
        rng = random.Random(seed)
        top = tmp_path / str(seed)
        source = top
        top.mkdir()
        if seed % 3 == 0:
            # The root is a folder further down, so that rules of folders above count.
            (top / ".git" / "info").mkdir(parents=True)
            (top / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
            (top / ".git" / "info" / "exclude").write_bytes(make_rules(rng, 3))
            (top / ".gitignore").write_bytes(make_rules(rng, 5))
            source = top / rng.choice(["a", "foo", "x y"]) / rng.choice(["b", "a[b]"])
            source.mkdir(parents=True)
        paths = make_tree(rng, source, files=30)
        make_ignore_files(rng, source, paths)
        before = captured(taker, source)
        if not before:
            continue
        path = rng.choice(sorted(before))
        try:
            taker.leave_out(source, path)
        except SnapshotError as exc:
            refused += 1
            assert "cannot be written as one" in exc.message
            assert not (source / ".amlignore").exists()
            continue
        done += 1
        assert captured(taker, source) == before - below(path, before), (seed, path)
    assert done > 30 and refused < 2


def test_what_cannot_be_left_out_is_said_and_nothing_is_written(
    taker: Snapshotter, source: Path, tmp_path: Path
) -> None:
    write(source, "a.log", ".env", "lib/x", "venv/pyvenv.cfg", "venv/bin/python")
    write(tmp_path, "beside")
    (source / ".gitignore").write_text("*.log\n")
    for path, error, said in (
        ("../beside", ConfigError, "not below"),
        (str(tmp_path / "beside"), ConfigError, "not below"),
        (".", ConfigError, "not below"),
        ("", ConfigError, "not below"),
        ("lib/../..", ConfigError, "not below"),
        ("nowhere", SnapshotError, "'nowhere' is not there"),
        ("lib/x/y", SnapshotError, "is not there"),
        ("a.log", SnapshotError, r"already: '\*.log' \(.gitignore, line 1\)"),
        (".env", SnapshotError, r"already: '.env' \(looks like a secret\)"),
        ("venv/bin", SnapshotError, "already"),
        ("x" * 5000, SnapshotError, "is not there"),
    ):
        with pytest.raises(error, match=said):
            taker.leave_out(source, path)
    assert not (source / ".amlignore").exists()


def test_a_rule_file_that_is_none_is_refused(taker: Snapshotter, source: Path) -> None:
    write(source, "a")
    (source / ".amlignore").mkdir()
    with pytest.raises(SnapshotError, match="no file"):
        taker.leave_out(source, "a")
    (source / ".amlignore").rmdir()
    (source / ".amlignore").symlink_to("nowhere")
    with pytest.raises(SnapshotError, match="no file"):
        taker.leave_out(source, "a")


def test_a_link_to_a_folder_is_left_out_as_a_link(taker: Snapshotter, source: Path) -> None:
    write(source, "real/a")
    (source / "link").symlink_to("real")
    assert taker.leave_out(source, "link").line == "/link"
    assert captured(taker, source) == {"real/", "real/a"}


def test_many_at_once_lose_no_line(source: Path, tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(12)]
    write(source, *names)

    def leave(name: str) -> None:
        # A snapshotter of its own: as another process, it knows nothing of the others.
        snapshotters.make(tmp_path / name).leave_out(source, name)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(leave, names))
    assert sorted(text_of(source).split()) == sorted(f"/{name}" for name in names)
