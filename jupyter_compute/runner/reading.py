"""Which files of a run may be read from outside, and their bytes."""

from __future__ import annotations

import errno
import os
import stat

from .failures import Failure

_FILES = {"log": "log", "events": "events"}
_FOLDERS = {"outputs": "work/outputs", "logs": "work/logs", "results": "results"}


def read(folder: str, name: str, offset: int, limit: int) -> tuple[bytes, int]:
    """Read bytes of a file of an attempt.

    Args:
        folder: The attempt's folder.
        name: ``log``, ``events``, or a file below ``outputs/``, ``logs/`` or ``results/``.
        offset: Where to start; past the end there is nothing.
        limit: How many bytes at most.

    Returns:
        The bytes and the file's size; nothing and 0 while there is no such file.

    Raises:
        Failure: The name means no file of the run.
        OSError: It cannot be read.
    """
    path = locate(folder, name)
    try:
        # A FIFO without a writer must not block the agent.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return b"", 0
        raise
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise Failure("not-found", f"{name} is no file")
        if offset >= found.st_size:
            return b"", found.st_size
        return os.pread(fd, limit, offset), found.st_size
    finally:
        os.close(fd)


def locate(folder: str, name: str) -> bytes:
    """Return the path that a name means, links resolved, never outside of what may be read."""
    if name in _FILES:
        return os.fsencode(os.path.join(folder, _FILES[name]))
    top, _, rest = name.partition("/")
    raw = rest.encode("utf-8", "surrogateescape")
    if top not in _FOLDERS or not raw or b"\0" in raw or b".." in raw.split(b"/"):
        raise Failure("bad-request", f"{name!r} is no file of a run that can be read")
    base = os.path.realpath(os.fsencode(os.path.join(folder, _FOLDERS[top])))
    path = os.path.realpath(os.path.join(base, raw.lstrip(b"/")))
    if not path.startswith(base + b"/"):
        raise Failure("not-found", f"{name} is a link that leads out of the run")
    return path
