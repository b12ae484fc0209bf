"""The files of one attempt on this machine: bytes at offsets, then whole files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import ComputeError

_LONGEST, _LONGEST_PART = 3000, 250
_PLACES = ("outputs", "results", "logs")


def check_name(name: str) -> None:
    """Refuse a name that a target must not choose: it comes from over there.

    Raises:
        ComputeError: The name is no relative path below the places for a run's files.
    """
    parts = name.split("/")
    is_safe = parts[0] in _PLACES and len(parts) > 1 and "\0" not in name
    is_safe = is_safe and not any(part in ("", ".", "..") for part in parts)
    if not is_safe or not _is_storable(name):
        raise ComputeError(f"the target named a file {name[:200]!r}, which is no file of a run")


def _is_storable(name: str) -> bool:
    try:
        data = os.fsencode(name)
    except UnicodeError:
        return False
    return len(data) <= _LONGEST and all(len(part) <= _LONGEST_PART for part in data.split(b"/"))


class Mirror:
    """Writes what was read from a target.

    The length of a file is the offset from which it goes on, so what a killed controller had
    written is neither lost nor doubled. ``log`` and ``logs/…`` grow in place; other files grow
    as ``….part`` and get their name when they are whole.

    Args:
        folder: The attempt's folder, made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return where a file stands once it is whole."""
        if name != "log":
            check_name(name)
        return self.folder / name

    def offset(self, name: str) -> int:
        """Return how many bytes of a file are here."""
        try:
            found = os.stat(self._growing(name))
        except (FileNotFoundError, NotADirectoryError):
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) else 0

    def is_here(self, name: str) -> bool:
        """Whether a file is whole."""
        return self.path(name).is_file()

    def write(self, name: str, offset: int, data: bytes) -> int:
        """Write bytes at an offset and return the next offset.

        Raises:
            OSError: Such as a full disk; what was written until then counts.
        """
        path = self._growing(name)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            view = memoryview(data)
            while view:
                written = os.pwrite(fd, view, offset)
                offset += written
                view = view[written:]
        finally:
            os.close(fd)
        return offset

    def complete(self, name: str, mode: int) -> None:
        """Give a file its name, now that all of it is here; repeatable."""
        part = self._growing(name)
        if not part.exists():
            if self.path(name).exists():
                return
            self.write(name, 0, b"")
        os.chmod(part, 0o700 if mode & 0o100 else 0o600)
        os.replace(part, self.path(name))

    def drop(self, name: str) -> None:
        """Remove what is here of a file that is not whole; repeatable."""
        self._growing(name).unlink(missing_ok=True)

    def _growing(self, name: str) -> Path:
        path = self.path(name)
        if name == "log" or name.startswith("logs/"):
            return path
        return path.with_name(path.name + ".part")
