"""What a snapshot knows of the repository that its folder lies in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_compute.blobs import Blobs
from jupyter_compute.model import GitState
from jupyter_compute.snapshot import Snapshotter
from jupyter_compute.snapshot.git_state import strip_credentials

Git = Callable[..., str]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return folder


@pytest.fixture
def git(engine: Callable[[str], str], top: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    program = engine("git")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")

    def run(*args: str, cwd: Path = top) -> str:
        done = subprocess.run(
            [program, *args], cwd=cwd, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    run("init", "-q", "-b", "main")
    return run


@pytest.fixture
def snapshotter(tmp_path: Path) -> Snapshotter:
    return Snapshotter(Blobs(tmp_path / "workspace/blobs"), tmp_path / "workspace/cache")


def state(snapshotter: Snapshotter, folder: Path) -> GitState:
    found = snapshotter.take(folder).git
    assert found is not None
    return found


def test_the_state_is_what_git_says(snapshotter: Snapshotter, git: Git, top: Path) -> None:
    (top / "a.py").write_text("x")
    assert state(snapshotter, top) == GitState(branch="main", dirty=True)
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("remote", "add", "other", "https://example.org/other.git")
    git("remote", "add", "origin", "https://me:secret@example.org/a.git")
    expected = GitState(
        repository="https://example.org/a.git", branch="main", commit=git("rev-parse", "HEAD")
    )
    assert state(snapshotter, top) == expected
    assert state(snapshotter, top) == expected
    git("pack-refs", "--all")
    assert state(snapshotter, top) == expected
    git("checkout", "-q", "-b", "feature/x")
    assert state(snapshotter, top).branch == "feature/x"
    git("checkout", "-q", "--detach")
    assert state(snapshotter, top) == GitState(
        repository="https://example.org/a.git", commit=git("rev-parse", "HEAD")
    )


def test_dirty_follows_every_change(snapshotter: Snapshotter, git: Git, top: Path) -> None:
    (top / ".gitignore").write_text("*.log\n")
    (top / "a.py").write_text("one")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    assert not state(snapshotter, top).dirty
    (top / "a.py").write_text("two")
    assert state(snapshotter, top).dirty
    (top / "a.py").write_text("one")
    assert not state(snapshotter, top).dirty
    (top / "x.log").write_text("x")
    assert not state(snapshotter, top).dirty
    (top / "new.py").write_text("x")
    assert state(snapshotter, top).dirty
    git("add", "-A")
    assert state(snapshotter, top).dirty
    git("commit", "-q", "-m", "two")
    assert not state(snapshotter, top).dirty
    git("reset", "-q", "--soft", "HEAD~1")
    assert state(snapshotter, top).dirty


def test_a_folder_within_is_held_to_the_rules_above_it(
    snapshotter: Snapshotter, git: Git, top: Path
) -> None:
    source = top / "notebooks" / "deep"
    (source / "data").mkdir(parents=True)
    for name in ("a.py", "x.pt", "y.tmp", "z.csv", "data/b.csv", "keep.pt", "secret.txt"):
        (source / name).write_text(name)
    (top / ".gitignore").write_text("*.pt\n/notebooks/deep/data/\n")
    (top / "notebooks/.gitignore").write_text("!keep.pt\n*.tmp\n/deep/z.csv\n")
    (top / ".git/info/exclude").write_text("notebooks/deep/secret.txt\n")
    taken = snapshotter.take(source)
    listed = git("ls-files", "--others", "--exclude-standard", cwd=source)
    assert [file.path for file in taken.files] == listed.split() == ["a.py", "keep.pt"]
    rule = snapshotter.explain(source, "z.csv").rule
    assert rule is not None and (rule.source, rule.line) == ("../.gitignore", 3)
    rule = snapshotter.explain(source, "secret.txt").rule
    assert rule is not None and rule.source == "../../.git/info/exclude"
    (source / ".amlignore").write_text("")
    assert len(snapshotter.take(source).files) == 8


def test_a_second_working_tree_has_its_own_branch(
    snapshotter: Snapshotter, git: Git, top: Path, tmp_path: Path
) -> None:
    (top / "a.py").write_text("x")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("remote", "add", "origin", "git@example.org:a/b.git")
    git("worktree", "add", "-q", "-b", "second", os.fspath(tmp_path / "second"))
    (top / ".git/info/exclude").write_text("*.log\n")
    (tmp_path / "second/x.log").write_text("x")
    taken = snapshotter.take(tmp_path / "second")
    assert [file.path for file in taken.files] == ["a.py"]
    assert taken.git == GitState(
        repository="git@example.org:a/b.git", branch="second", commit=git("rev-parse", "HEAD")
    )


def test_a_damaged_repository_fails_no_snapshot(
    snapshotter: Snapshotter, top: Path, tmp_path: Path
) -> None:
    (top / ".git").mkdir()
    (top / "a.py").write_text("x")
    (top / ".git/HEAD").write_bytes(b"\xff\xfe nonsense")
    (top / ".git/config").write_bytes(b"[remote \xff")
    assert snapshotter.take(top).git == GitState(dirty=True)
    (tmp_path / "plain").mkdir()
    assert snapshotter.take(tmp_path / "plain").git is None


def test_a_repository_that_appears_is_noticed(
    snapshotter: Snapshotter, git: Git, top: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "a.py").write_text("x")
    assert snapshotter.take(plain).git is None
    git("init", "-q", "-b", "main", cwd=plain)
    assert state(snapshotter, plain).branch == "main"


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        ("https://user:pass@host.org:8443/a.git", "https://host.org:8443/a.git"),
        ("https://token@host.org/a", "https://host.org/a"),
        ("https://host.org/a?private_token=x#y", "https://host.org/a"),
        ("https://u:p@ss@host.org/a", "https://host.org/a"),
        ("ssh://git:secret@host.org:22/a", "ssh://git@host.org:22/a"),
        ("ssh://git@host.org/a", "ssh://git@host.org/a"),
        ("git@host.org:a/b.git", "git@host.org:a/b.git"),
        ("user:pass@host.org:a/b.git", "host.org:a/b.git"),
        ("/srv/git/a@b.git", "/srv/git/a@b.git"),
        ("file:///srv/a.git", "file:///srv/a.git"),
        ("", ""),
    ],
)
def test_urls_lose_their_credentials_only(url: str, stripped: str) -> None:
    assert strip_credentials(url) == stripped


@given(
    st.sampled_from(["http", "https", "ssh", "ftp"]),
    st.text("ab:@%+.", max_size=6),
    st.sampled_from(["host", "host:1"]),
)
def test_no_password_survives(scheme: str, start: str, host: str) -> None:
    assert "hunter2" not in strip_credentials(f"{scheme}://u{start}:hunter2@{host}/path")
