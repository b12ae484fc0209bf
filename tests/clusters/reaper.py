"""Ends processes that carry a mark in their environment, once whoever started this is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path


def marked(mark: str) -> list[int]:
    """The pids of all that carry the mark and are not over."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def reap(mark: str) -> None:
    """End them all, and those that they started meanwhile."""
    for _ in range(100):
        pids = marked(mark)
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


if __name__ == "__main__":
    os.setsid()
    sys.stdin.read()
    reap(sys.argv[1])
