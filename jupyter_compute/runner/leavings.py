"""What a run leaves: the files that are collected, and how large they may be together."""

from __future__ import annotations

import os
import stat

from .run_folder import MEGABYTE, RunFolder, files_below, sync

_FOLDERS = (("results", "results"), ("work/outputs", "outputs"))


def announce(run: RunFolder, limit: int) -> str:
    """Add an event for each file that the run left.

    Args:
        run: The attempt's folder.
        limit: Bytes that files under ``outputs/`` may have together; 0 means no limit. What
            goes beyond stays on the target.

    Returns:
        One line about what was left out; empty if nothing was.
    """
    left_files = left_bytes = taken = 0
    for folder, prefix in _FOLDERS:
        for name, size in files_below(run / folder, prefix).items():
            if prefix == "outputs" and limit and taken + size > limit:
                left_files += 1
                left_bytes += size
                continue
            taken += size if prefix == "outputs" else 0
            try:
                mode = stat.S_IMODE(os.lstat(run / folder + name[len(prefix) :]).st_mode)
            except OSError:
                continue
            run.add_event("output", path=name, size=size, mode=mode)
    if not left_files:
        return ""
    return (
        f"{left_files} files of outputs ({left_bytes // MEGABYTE} MB) stay on the target, "
        f"as they exceed the limit of {limit // MEGABYTE} MB"
    )


def settle(run: RunFolder) -> None:
    """Bring log and events to the disk, so that the final status never precedes them."""
    for name in ("log", "events"):
        try:
            sync(run / name)
        except OSError:
            continue
