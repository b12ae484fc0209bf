"""The file that the controller of a workspace holds for life, and what it says about itself."""

from __future__ import annotations

import errno
import fcntl
import os
import platform
from pathlib import Path

import msgspec
from msgspec import Struct

from .._version import __version__
from ..errors import StoreError

PROTOCOL = 1
"""Grows when front ends and controllers of two versions cannot work together any more."""


class ControllerFacts(Struct, frozen=True, kw_only=True):
    """What a controller says about itself in its lock file.

    Attributes:
        pid: Its process.
        ticks: When the process started, in the kernel's clock ticks since boot, so that a
            reused pid is not mistaken for it.
        boot_id: The boot that the ticks belong to.
        host: The machine it runs on.
        started: Seconds since the epoch.
        version: Of the package.
        protocol: Equal numbers can work together.
        schema: Of the store it works on.
        python: Its interpreter.
    """

    pid: int
    ticks: int = 0
    boot_id: str = ""
    host: str = ""
    started: float = 0.0
    version: str = __version__
    protocol: int = PROTOCOL
    schema: int = 0
    python: str = ""

    def is_alive(self) -> bool:
        """Whether the process is still there; true when it is on a machine we cannot see."""
        if self.host != platform.node():
            return True
        if self.boot_id != boot_id():
            return False
        ticks = process_ticks(self.pid)
        return ticks is not None and (not self.ticks or ticks == self.ticks)


def boot_id() -> str:
    """Name the present boot of this machine; empty where the system does not."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def process_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks; ``None`` if it is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _ticks_unknown(pid)
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def _ticks_unknown(pid: int) -> int | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return 0
    return 0


def try_lock(path: Path) -> int | None:
    """Take the lock unless another holds it, and return the descriptor that holds it.

    Whoever is given a copy of the descriptor holds the lock as well: a front end takes it and
    hands it to the controller that it starts, so that of any number of starters exactly one
    starts one, and the lock is free in the instant in which that process is gone.

    Raises:
        StoreError: The file system cannot lock, or the file cannot be written.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise StoreError(
            f"cannot open {path}: {exc.strerror}", hint="is the workspace's disk writable?"
        ) from exc
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(fd)
        if exc.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise StoreError(
            f"cannot lock {path}: {exc.strerror}",
            hint="set JUPYTER_COMPUTE_HOME to a folder on a file system with locks",
        ) from exc
    return fd


class Lock:
    """The controller's own hold of the lock.

    Args:
        path: The lock file.
        fd: A descriptor that holds it already, if a starter handed one over.
    """

    def __init__(self, path: Path, fd: int | None = None) -> None:
        self.path = path
        self._fd = fd

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    def take(self) -> bool:
        """Take the lock if it is free; return whether it is held now."""
        if self._fd is None:
            self._fd = try_lock(self.path)
        return self._fd is not None

    def is_in_place(self) -> bool:
        """Whether the file that is locked is still the one that others find."""
        if self._fd is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._fd), os.stat(self.path))
        except OSError:
            return False

    def declare(self, schema: int, python: str, started: float) -> ControllerFacts:
        """Write who holds the lock into its file."""
        assert self._fd is not None
        facts = ControllerFacts(
            pid=os.getpid(),
            ticks=process_ticks(os.getpid()) or 0,
            boot_id=boot_id(),
            host=platform.node(),
            started=started,
            schema=schema,
            python=python,
        )
        data = msgspec.json.encode(facts)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, data, 0)
        return facts

    def release(self) -> None:
        """Let the lock go; repeatable."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                os.ftruncate(fd, 0)
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)
                os.close(fd)


def read_facts(path: Path) -> ControllerFacts | None:
    """Return the facts of the live controller; ``None`` when there is none, or not yet.

    Reads only and takes no lock, so that asking never keeps a controller from starting.
    """
    facts = _read(path)
    return facts if facts is not None and facts.is_alive() else None


def is_dying(path: Path) -> bool:
    """Whether the facts are those of a process that is gone.

    While the lock is held nevertheless, the last threads of that process are about to end, and
    the lock will be free. A controller that is only starting has not written its facts, and its
    starter has removed those of the one before.
    """
    facts = _read(path)
    return facts is not None and not facts.is_alive()


def _read(path: Path) -> ControllerFacts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ControllerFacts)
    except (OSError, msgspec.DecodeError):
        return None
