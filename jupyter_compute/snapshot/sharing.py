"""Sharing the reading of a large first snapshot with a second process.

Reading and hashing many small files keeps one core busy, and threads would only hinder each other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

from ..blobs import Writer
from ..blobs.index import Place
from ..blobs.writer import LARGE_BYTES
from ..ignore import StatKey
from ..model import Digest
from .folder import Unread
from .reading import open_flags

_WORTH_BYTES = 32 << 20  # below, starting a process takes longer than reading
_PROGRAM = os.fspath(Path(__file__).with_name("second_reader.py"))


def share(files: list[Unread]) -> tuple[list[Unread], list[Unread]]:
    """Divide files into those to read here and those for a second process, if that pays."""
    small = [file for file in files if file.status.st_size < LARGE_BYTES]
    left = sum(file.status.st_size for file in small) // 2
    if 2 * left < _WORTH_BYTES or _cores() < 2 or not sys.executable:
        return files, []
    theirs: list[Unread] = []
    while left > 0:
        theirs.append(small.pop())
        left -= theirs[-1].status.st_size
    large = [file for file in files if file.status.st_size >= LARGE_BYTES]
    return large + small, theirs


def _cores() -> int:
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


class SecondReader:
    """A process that reads files and appends them to a pack of its own.

    Args:
        writer: Where the blobs go.
        files: Which files.
        follows: Whether the last part of a path may be a link.
    """

    def __init__(self, writer: Writer, files: list[Unread], *, follows: bool) -> None:
        self._writer = writer
        self._files = files
        self._pack = writer.lend()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            with tempfile.TemporaryFile() as paths:
                paths.write(b"".join(os.fsencode(file.path) + b"\0" for file in files))
                paths.seek(0)
                self._process = self._start(paths.fileno(), open_flags(follows))
        except OSError:
            return  # then all is read here

    def _start(self, paths: int, flags: int) -> subprocess.Popen[bytes]:
        numbers = (self._pack.handle, self._pack.end, flags, LARGE_BYTES)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", _PROGRAM, *map(str, numbers)],
            stdin=paths,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._pack.handle,),
        )

    def results(self) -> list[tuple[Digest, StatKey] | None]:
        """Wait for it and return a digest and stat key for each file.

        ``None`` stands for a file that is yet to be read, for whatever reason.

        Raises:
            SnapshotError: What it has appended cannot be recorded.
        """
        rows = self._rows()
        if rows is None or len(rows) != len(self._files):
            self._pack.drop_tail()
            return [None] * len(self._files)
        name = self._pack.name
        added = {row[0]: Place(name, row[1], row[4]) for row in rows if row is not None}
        self._writer.accept(self._pack, list(added.items()))
        return [(row[0], cast(StatKey, tuple(row[2:]))) if row else None for row in rows]

    def _rows(self) -> list[list[Any] | None] | None:
        if self._process is None:
            return None
        output, _ = self._process.communicate()
        if self._process.returncode != 0:
            return None
        try:
            return cast("list[list[Any] | None]", json.loads(output))
        except ValueError:
            return None

    def close(self) -> None:
        """End the process if it still runs, and let go of its pack."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
        self._pack.close()
