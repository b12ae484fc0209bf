"""Copy a file's bytes the cheapest way the file system has."""

from __future__ import annotations

import errno
import fcntl
import os

_FICLONE = 0x40049409
_CHUNK = 1024 * 1024
_CANNOT = (
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.EBADF,
    errno.ENOTTY,
    errno.EIO,
)


def clone(source: int, target: int, size: int) -> None:
    """Fill an empty file with the bytes of another.

    Shares the blocks where the file system can copy them on write, else copies in the kernel, else
    by hand.

    Args:
        source: Descriptor to read from.
        target: Descriptor of an empty file to write to.
        size: How many bytes there are.

    Raises:
        OSError: The disk is full, and the like.
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
        return
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    done = _copy_in_kernel(source, target, size)
    while done < size:
        data = os.pread(source, min(_CHUNK, size - done), done)
        if not data:
            raise OSError(errno.EIO, f"a file ended {size - done} bytes early")
        view = memoryview(data)
        while view:
            written = os.pwrite(target, view, done)
            done += written
            view = view[written:]


def _copy_in_kernel(source: int, target: int, size: int) -> int:
    done = 0
    copy = getattr(os, "copy_file_range", None)
    while copy is not None and done < size:
        try:
            copied = copy(source, target, size - done, done, done)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            break
        if copied == 0:
            break
        done += copied
    return done
