"""The law: a path is left out exactly if git ignores it, and the same rule decided."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated_trees import make_ignore_files, make_tree

from jupyter_compute.blobs import Blobs
from jupyter_compute.ignore import BUILT_IN, SECRET, RootRules
from jupyter_compute.snapshot import Snapshotter
from jupyter_compute.snapshot.explanation import explain

Answer = tuple[str, int, str]  # rule file, line, pattern; the last begins with ! if it is in


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of small files are made."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="trees-") as name:
        yield Path(name)


def _ask_git(git: str, root: Path, paths: list[str]) -> list[Answer | None]:
    """Return what decides about each path, from one process."""
    command = [git, "check-ignore", "--no-index", "--stdin", "-z", "-v", "-n"]
    data = b"".join(os.fsencode(path) + b"\0" for path in paths)
    done = subprocess.run(command, cwd=root, input=data, stdout=subprocess.PIPE, timeout=120)
    assert done.returncode in (0, 1)
    fields = [os.fsdecode(field) for field in done.stdout.split(b"\0")[:-1]]
    rows = [fields[start : start + 4] for start in range(0, len(fields), 4)]
    assert [row[3] for row in rows] == paths
    return [(row[0], int(row[1]), row[2]) if row[0] else None for row in rows]


def _compare(git: str, folder: Path, seeds: range) -> int:
    """Make a tree and rules for each seed, all in one repository; return the number of paths."""
    repository = folder / f"cases-{seeds.start}"
    repository.mkdir()
    subprocess.run([git, "init", "-q", "."], cwd=repository, check=True, timeout=60)
    cases: dict[int, list[str]] = {}
    for seed in seeds:
        rng = random.Random(seed)
        root = repository / str(seed)
        root.mkdir()
        cases[seed] = make_tree(rng, root, files=24, is_bare=True)
        make_ignore_files(rng, root, cases[seed])
    answers = iter(
        _ask_git(git, repository, [f"{seed}/{path}" for seed in seeds for path in cases[seed]])
    )
    for seed in seeds:
        root = repository / str(seed)
        level = RootRules(os.fspath(root)).level(0)
        for path in cases[seed]:
            expected = next(answers)
            if expected is not None:
                expected = (expected[0].split("/", 1)[1], *expected[1:])
            found = explain(os.fspath(root), level, path)
            rule = found.rule
            if rule is not None and rule.source in (BUILT_IN, SECRET):
                rule = None
            ours = (rule.source, rule.line, rule.pattern) if rule else None
            assert ours == expected, f"seed {seed}: {path!r}"
    shutil.rmtree(repository)
    return sum(map(len, cases.values()))


def test_every_path_is_decided_by_the_rule_that_git_names(
    engine: Callable[[str], str], folder: Path
) -> None:
    git = engine("git")
    paths = sum(_compare(git, folder, range(start, start + 250)) for start in range(0, 2000, 250))
    assert paths > 20_000


def test_the_walk_takes_what_git_would_add(engine: Callable[[str], str], folder: Path) -> None:
    git = engine("git")
    for seed in range(60):
        rng = random.Random(seed)
        root = folder / str(seed)
        root.mkdir()
        subprocess.run([git, "init", "-q", "."], cwd=root, check=True, timeout=60)
        paths = make_tree(rng, root, files=24)
        make_ignore_files(rng, root, paths)
        (root / ".git" / "info" / "exclude").write_bytes(b"foo*\n!foo.txt\n")
        listed = subprocess.run(
            [git, "ls-files", "-z", "--others", "--exclude-standard"],
            cwd=root,
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        snapshotter = Snapshotter(Blobs(folder / "blobs"), folder / "cache")
        snapshot = snapshotter.take(root)
        expected = sorted(os.fsdecode(path) for path in listed.stdout.split(b"\0")[:-1])
        assert [file.path for file in snapshot.files] == expected, f"seed {seed}"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_trees_are_decided_as_by_git(
    engine: Callable[[str], str], folder: Path
) -> None:
    git = engine("git")
    for start in range(2000, 102_000, 500):
        _compare(git, folder, range(start, start + 500))
