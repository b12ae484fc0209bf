"""Know that something happened in a folder, without looking at it all the time."""

from __future__ import annotations

import ctypes
import errno
import os
import struct

from .volume import MOUNTS, mount_of

_IN_MODIFY, _IN_CREATE, _IN_MOVED_TO = 0x2, 0x100, 0x80
_IN_DELETE_SELF, _IN_MOVE_SELF, _IN_IGNORED, _IN_OVERFLOW = 0x400, 0x800, 0x8000, 0x4000
_MASK = _IN_MODIFY | _IN_CREATE | _IN_MOVED_TO | _IN_DELETE_SELF | _IN_MOVE_SELF
_EVENT = struct.Struct("iIII")

_MOUNTS = MOUNTS
_LOCAL = frozenset(
    [
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "tmpfs",
        "ramfs",
        "overlay",
        "zfs",
        "f2fs",
        "bcachefs",
        "jfs",
        "reiserfs",
        "ubifs",
    ]
)


class Watch:
    """Tells which of some folders changed, through inotify where that is reliable.

    A file system that other machines write to does not tell this one, so there the caller must
    look for itself.

    Args:
        root: Below it are the folders.
        allowed: Whether inotify may be used at all.
    """

    def __init__(self, root: str, *, allowed: bool = True) -> None:
        self.fd = -1
        self._is_full = False
        self._folders: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        if allowed and is_local(root):
            try:
                self._libc = ctypes.CDLL(None, use_errno=True)
                self.fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            except (OSError, AttributeError):
                self.fd = -1

    @property
    def is_reliable(self) -> bool:
        """Whether every change is told."""
        return self.fd >= 0 and not self._is_full

    def add(self, folder: str) -> bool:
        """Watch a folder, repeatable; returns whether its changes are told."""
        if folder in self._watches:
            return True
        if self.fd < 0:
            return False
        watch = self._libc.inotify_add_watch(self.fd, os.fsencode(folder), _MASK)
        if watch < 0:
            # A folder that is not there yet is no reason to distrust the rest.
            self._is_full |= ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR)
            return False
        self._watches[folder] = watch
        self._folders[watch] = folder
        return True

    def keep(self, folders: set[str]) -> None:
        """Stop watching all but these."""
        self._is_full = False
        for folder in [folder for folder in self._watches if folder not in folders]:
            watch = self._watches.pop(folder)
            self._folders.pop(watch, None)
            self._libc.inotify_rm_watch(self.fd, watch)

    def __len__(self) -> int:
        return len(self._watches)

    def changed(self) -> set[str]:
        """Return the folders in which something happened since the last call."""
        found: set[str] = set()
        while True:
            try:
                data = os.read(self.fd, 65536)
            except BlockingIOError:
                return found
            offset = 0
            while offset < len(data):
                watch, mask, _, length = _EVENT.unpack_from(data, offset)
                offset += _EVENT.size + length
                if mask & _IN_OVERFLOW:
                    found.update(self._watches)
                folder = self._folders.get(watch)
                if folder is None:
                    continue
                found.add(folder)
                if mask & (_IN_IGNORED | _IN_DELETE_SELF | _IN_MOVE_SELF):
                    self._forget(watch, folder)

    def _forget(self, watch: int, folder: str) -> None:
        self._folders.pop(watch, None)
        if self._watches.get(folder) == watch:
            del self._watches[folder]


def is_local(path: str) -> bool:
    """Tell whether a path is on a file system that only this machine writes to."""
    return mount_of(path, _MOUNTS).type in _LOCAL
