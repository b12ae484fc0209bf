"""The lock between those that add blobs and the one that removes them."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import ConflictError

_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


@contextmanager
def shared(path: str) -> Iterator[None]:
    """Keep blobs from being removed while the block runs; any number may do so at once.

    A file system without locks gives none: there, :func:`exclusive` refuses to remove anything.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
        except OSError as exc:
            if exc.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: str, timeout_s: float) -> Iterator[None]:
    """Be alone with the blobs.

    Raises:
        ConflictError: Somebody was adding blobs all the time, or the file system has no locks.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + timeout_s
        while not _try_lock_strictly(handle, path):
            if time.monotonic() > deadline:
                raise ConflictError(
                    "blobs cannot be removed: a run is just being submitted",
                    hint="try again in a minute",
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


def _try_lock_strictly(handle: int, path: str) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        if exc.errno in _NO_LOCKS:
            raise ConflictError(
                f"blobs cannot be removed: the file system of {path} has no locks",
                hint="set JUPYTER_COMPUTE_HOME to a folder on a local disk",
            ) from exc
        return False
    return True


def try_lock(handle: int) -> bool:
    """Take a file's lock if it is free; it is given back when the file is closed."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
