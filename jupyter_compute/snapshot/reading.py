"""Reading one file into a blob, again if it changes meanwhile."""

from __future__ import annotations

import os
import stat

from ..blobs import Writer
from ..blobs.writer import LARGE_BYTES
from ..model import Digest

_TRIES = 5


class ChangingError(Exception):
    """The file was different each time."""


def open_flags(follows: bool) -> int:
    """Return how files are opened: a FIFO in a file's place must not keep us waiting."""
    return os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follows else os.O_NOFOLLOW)


def store_file(
    writer: Writer, path: str, status: os.stat_result | None, *, follows: bool
) -> tuple[Digest, os.stat_result]:
    """Add a file's bytes and return their digest, with the file's status that goes with them.

    Args:
        writer: Where to.
        path: The file.
        status: As the walk has seen it, which saves asking again.
        follows: Whether the last part of the path may be a link.

    Raises:
        ChangingError: It was different each time, or is no regular file any more.
        OSError: It cannot be read.
        SnapshotError: The blob cannot be written.
    """
    flags = open_flags(follows)
    for _ in range(_TRIES):
        handle = os.open(path, flags)
        try:
            before = status or os.fstat(handle)
            status = None
            if not stat.S_ISREG(before.st_mode):
                raise ChangingError
            store = _store_small if before.st_size < LARGE_BYTES else _store_large
            digest = store(writer, handle, before)
            if digest:
                return digest, before
        finally:
            os.close(handle)
    raise ChangingError


def _store_small(writer: Writer, handle: int, before: os.stat_result) -> Digest:
    size = before.st_size
    data = os.read(handle, size + 1)
    while 0 < len(data) < size and (more := os.read(handle, size + 1 - len(data))):
        data += more
    return writer.add_bytes(data) if len(data) == size and _is_as(handle, before) else ""


def _store_large(writer: Writer, handle: int, before: os.stat_result) -> Digest:
    with writer.receive() as incoming:
        incoming.copy(handle, before.st_size)
        is_sound = incoming.size == before.st_size and _is_as(handle, before)
        return incoming.keep() if is_sound else ""


def _is_as(handle: int, before: os.stat_result) -> bool:
    """Say whether a file is the one that was seen, and as it was; any change renews its ctime."""
    after = os.fstat(handle)
    return (
        after.st_ctime_ns == before.st_ctime_ns
        and after.st_mtime_ns == before.st_mtime_ns
        and after.st_size == before.st_size
        and after.st_ino == before.st_ino
    )
