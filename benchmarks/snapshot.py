"""Snapshots beside a bare walk, the bare reading, hashing and writing of the bytes, tar and git."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from jupyter_compute.blobs import Blobs
from jupyter_compute.snapshot import Snapshotter

REPEATS = 7
MANY = 100_000
SOME = 10_000
MEAN_BYTES = 20_000
CHANGED = 10


def rows(peers: Path) -> Iterator[dict[str, object]]:
    """Yield the figures; nothing of ``peers`` is needed."""
    del peers
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        yield from _first_time(folder)
        yield from _ignored(folder)
        yield from _unchanged(folder)


def _first_time(folder: Path) -> Iterator[dict[str, object]]:
    source = folder / "some"
    make_files(source, SOME, per_folder=50, mean_bytes=MEAN_BYTES)
    peers: dict[str, Callable[[Path], object]] = {
        "ours": lambda scratch: _snapshotter(scratch).take(source),
        "reading, hashing and appending every byte": lambda scratch: _read_all(source, scratch),
        "tar": lambda scratch: _run("tar", "-cf", scratch / "tar", "-C", source, "."),
    }
    times = _interleaved(folder, peers, REPEATS)
    ours = times.pop("ours")
    what = "snapshot, 10,000 files, 200 MB, first time"
    for name, other in times.items():
        yield _row(f"{what}, against {name}", ours, other, 1.3)
    if shutil.which("git"):
        git = _interleaved(folder, {"git": lambda scratch: _git_add(source, scratch)}, 1)["git"]
        yield _row(f"{what}, against git add -A", ours, git, 1)
    yield from _some_changed(folder, source)


def _some_changed(folder: Path, source: Path) -> Iterator[dict[str, object]]:
    snapshotter = _snapshotter(folder / "changed")
    snapshotter.take(source)
    paths = sorted(source.rglob("*.bin"))
    times = []
    for number in range(REPEATS):
        for path in paths[number * CHANGED : (number + 1) * CHANGED]:
            path.write_bytes(random.Random(number).randbytes(MEAN_BYTES))
        times.append(_time(lambda: snapshotter.take(source)))
    _settle()
    again = statistics.median(_time(lambda: snapshotter.take(source)) for _ in range(REPEATS))
    walk = statistics.median(_time(lambda: _walk(source)) for _ in range(REPEATS))
    what = "snapshot, 10 of 10,000 files changed, against a bare walk"
    yield _row(what, statistics.median(times), walk, None)
    yield _row("snapshot, 10,000 files unchanged, against a bare walk", again, walk, 1.5)


def _ignored(folder: Path) -> Iterator[dict[str, object]]:
    for place, rule in (("data", b"data/\n"), (".", b"*.out\n")):
        source = folder / f"ignored-{place}"
        make_files(source, 200, per_folder=20, mean_bytes=1000)
        make_files(source / place, 20_000, per_folder=20_000, mean_bytes=0, suffix=".out")
        (source / ".gitignore").write_bytes(rule)
        _settle()
        snapshotter = _snapshotter(folder / f"ignored-{place}-workspace")
        snapshotter.take(source)
        snapshotter.take(source)
        ours = statistics.median(_time(partial(snapshotter.take, source)) for _ in range(REPEATS))
        where = "in a folder" if place == "data" else "in the same folder"
        what = f"snapshot, 200 files beside 20,000 ignored ones {where}, against its limit"
        yield _row(what, ours, 10.0, 1 if place == "data" else None)


def _unchanged(folder: Path) -> Iterator[dict[str, object]]:
    source = folder / "many"
    make_files(source, MANY, per_folder=100, mean_bytes=0)
    _settle()
    snapshotter = _snapshotter(folder / "many-workspace")
    snapshotter.take(source)
    peers: dict[str, Callable[[Path], object]] = {
        "ours": lambda _: snapshotter.take(source),
        "walk": lambda _: _walk(source),
    }
    times = _interleaved(folder, peers, REPEATS)
    yield _row(
        "snapshot, 100,000 files unchanged, against a bare walk", times["ours"], times["walk"], 1.5
    )


# -- peers -------------------------------------------------------------------------------------


def _walk(source: Path) -> int:
    count = 0
    stack = [os.fspath(source)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    count += 1
    return count


def _read_all(source: Path, scratch: Path) -> None:
    with open(scratch / "all", "wb") as target:
        stack = [os.fspath(source)]
        while stack:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(entry.path)
                        continue
                    with open(entry.path, "rb", buffering=0) as file:
                        data = file.read()
                    hashlib.sha256(data).hexdigest()
                    target.write(data)


def _git_add(source: Path, scratch: Path) -> None:
    environ = {
        **os.environ,
        "GIT_DIR": os.fspath(scratch / "git"),
        "GIT_WORK_TREE": os.fspath(source),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    for command in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *command], cwd=source, env=environ, check=True, capture_output=True)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


# -- measuring ---------------------------------------------------------------------------------


def _interleaved(
    folder: Path, peers: dict[str, Callable[[Path], object]], repeats: int
) -> dict[str, float]:
    """Return the median times in milliseconds; the peers take turns."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(repeats):
        for name, act in peers.items():
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                times[name].append(_time(partial(act, Path(scratch))))
    return {name: statistics.median(values) for name, values in times.items()}


def _time(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1e3


def _settle() -> None:
    """Wait until no file is so new that it could still change without a trace."""
    time.sleep(2.1)


def _snapshotter(folder: Path) -> Snapshotter:
    return Snapshotter(Blobs(folder / "blobs"), folder / "cache", limit_mb=1e6)


def make_files(
    source: Path, count: int, *, per_folder: int, mean_bytes: int, suffix: str = ".bin"
) -> None:
    rng = random.Random(count)
    for number in range(count):
        folder = source / f"{number // per_folder:04d}" if per_folder < count else source
        if number % per_folder == 0:
            folder.mkdir(parents=True, exist_ok=True)
        size = int(rng.expovariate(1 / mean_bytes)) if mean_bytes else 16
        (folder / f"{number:06d}{suffix}").write_bytes(rng.randbytes(size))


def _row(what: str, ours: float, other: float, bound: float | None) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 2),
        "other": round(other, 2),
        "ratio": round(ours / other, 3),
        "bound": bound,
        "unit": "ms",
    }
