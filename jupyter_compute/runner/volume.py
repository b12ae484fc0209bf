"""The file system that a folder is on."""

from __future__ import annotations

import contextlib
import os
from typing import Any, NamedTuple

MOUNTS = "/proc/self/mounts"
_NETWORK = frozenset(
    [
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "acfs", "lustre", "gpfs", "mmfs"),
        *("beegfs", "glusterfs", "ceph", "gfs2", "ocfs2", "9p", "virtiofs", "davfs", "ncpfs"),
        *("pvfs2", "orangefs", "panfs", "quobyte", "wekafs", "coda"),
    ]
)
_LOCAL_FUSE = ("fuse.fuse-overlayfs", "fuse.overlayfs", "fuse.encfs", "fuse.mergerfs")
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


class Mount(NamedTuple):
    """A mounted file system; all empty when it is not known."""

    type: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_network(self) -> bool:
        """Whether its bytes are on another machine."""
        is_fuse = self.type.startswith("fuse.") and self.type not in _LOCAL_FUSE
        return is_fuse or self.type in _NETWORK


def volume(folder: str) -> dict[str, Any]:
    """Tell what the file system of a folder is, what is free on it, and what it forbids."""
    free = os.statvfs(folder)
    mount = mount_of(folder)
    return {
        "free_bytes": free.f_bavail * free.f_frsize,
        "size_bytes": free.f_blocks * free.f_frsize,
        # A file system that makes its inodes as they are needed counts none.
        "free_inodes": free.f_favail if free.f_files else None,
        "type": mount.type,
        "is_network": mount.is_network,
        "is_noexec": "noexec" in mount.options,
        "trouble": _trouble(folder),
    }


def mount_of(path: str, table: str = MOUNTS) -> Mount:
    """Find the file system that a path is on."""
    path = os.path.realpath(path)
    best, longest = Mount(), -1
    try:
        with open(table, errors="surrogateescape") as file:
            for line in file:
                _, point, kind, options = line.split(" ")[:4]
                inside = _plain(point).rstrip("/") + "/"
                # Of several at one point the last one hides the others.
                if (path + "/").startswith(inside) and len(inside) >= longest:
                    longest, best = len(inside), Mount(kind, tuple(options.split(",")))
    except (OSError, ValueError):
        return Mount()
    return best


def _trouble(folder: str) -> str:
    """Say why nothing can be written there, such as a quota; empty if it can."""
    path = os.path.join(folder, f".check-{os.getpid()}")
    try:
        with open(path, "xb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return ""


def _plain(point: str) -> str:
    for escape, character in _ESCAPES:
        point = point.replace(escape, character)
    return point
