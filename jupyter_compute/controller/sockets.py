"""Unix sockets at paths of any length."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short(path: Path) -> Iterator[str]:
    """Name a socket's path in few bytes: the kernel takes 107, and homes can be deeper."""
    text = str(path)
    if len(os.fsencode(text)) < 100 or not os.path.isdir("/proc/self/fd"):
        yield text
        return
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}/{path.name}"
    finally:
        os.close(fd)


def bind(path: Path, kind: socket.SocketKind) -> socket.socket:
    """Make a socket of one's own at a path, for this user only, in place of a dead one.

    Raises:
        OSError: The file system cannot hold sockets.
    """
    sock = socket.socket(socket.AF_UNIX, kind)
    old = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        with short(path) as name:
            sock.bind(name)
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(old)
    sock.setblocking(False)
    return sock
