"""What a run leaves: the files that are collected, and how large they may be together."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from typing import Any

from .run_folder import MEGABYTE, RunFolder, files_below, is_text, sync

_FULL = (errno.ENOSPC, errno.EDQUOT)


def announce(
    run: RunFolder, limit: int, pause: Callable[[float], None] = lambda _: None, retry_s: float = 0
) -> str:
    """Add an event for each file that the run left.

    Args:
        run: The attempt's folder.
        limit: Bytes that files under ``outputs/`` may have together; 0 means no limit. What
            goes beyond stays on the target.
        pause: Waits before the next try while the folder cannot be written, as on a file system
            that has turned read-only.
        retry_s: How long; 0 gives up.

    Returns:
        One line about what was left out; empty if nothing was.
    """
    results = files_below(run / "results", "results")
    outputs = files_below(run / "work/outputs", "outputs")
    unnamed = [name for name in outputs if not is_text(name)]
    taken: dict[str, int] = {}
    room = limit or sum(outputs.values())
    for name, size in outputs.items():
        if size <= room and is_text(name):
            taken[name] = size
            room -= size
    rows = [
        {"path": name, "size": size, "mode": _mode(run, name)}
        for name, size in [*results.items(), *taken.items()]
        if is_text(name)
    ]
    trouble = _tell(run, rows, pause, retry_s)
    said = [f"{_files(len(rows))} left on the target: {trouble}"] if trouble else []
    large = len(outputs) - len(taken) - len(unnamed)
    if large:
        left_mb = sum(size for name, size in outputs.items() if name not in taken) // MEGABYTE
        said.append(
            f"{_files(large)} of outputs ({left_mb} MB) left on the target: "
            f"beyond the limit of {limit // MEGABYTE} MB"
        )
    if unnamed:
        said.append(f"{_files(len(unnamed))} left on the target: no UTF-8 in the name")
    return "; ".join(said)


def _tell(
    run: RunFolder, rows: list[dict[str, Any]], pause: Callable[[float], None], retry_s: float
) -> str:
    run.release_reserve()
    while True:
        try:
            run.append_events("output", rows)
            return ""
        except OSError as error:
            if not retry_s or error.errno in (*_FULL, errno.ENOENT):
                return error.strerror or str(error)
        pause(retry_s)


def settle(run: RunFolder) -> None:
    """Bring log and events to the disk, so that the final status never precedes them."""
    for name in ("log", "events"):
        with contextlib.suppress(OSError):
            sync(run / name)


def _mode(run: RunFolder, name: str) -> int:
    folder = "work" if name.startswith("outputs/") else ""
    try:
        return stat.S_IMODE(os.lstat(os.path.join(run.path, folder, name)).st_mode)
    except OSError:
        return 0o644


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
