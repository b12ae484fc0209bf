"""The folder of one attempt of a run on the target: its names, and how they are written.

Whoever looks at a run, the keeper or an observer, goes through this module, so that a file is
either whole or absent.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterable
from typing import Any

MEGABYTE = 1024 * 1024
_RESERVE = 8192
_RESERVE_FOR_EVENTS = 65536
_LINES = 500
_NOBODY: dict[str, Any] = {"pid": 0, "start": -1, "boot": "", "token": ""}
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


class RunFolder:
    """Names and files of one attempt.

    Args:
        path: The attempt's folder, absolute.
    """

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.attempt = os.path.basename(self.path)
        self.run_id = os.path.basename(os.path.dirname(self.path))

    def __truediv__(self, name: str) -> str:
        return os.path.join(self.path, name)

    @property
    def folder(self) -> str:
        """The run's own folder, above those of its attempts."""
        return os.path.dirname(self.path)

    @property
    def checkpoint(self) -> str:
        """The folder that lasts over attempts."""
        return os.path.join(self.folder, "checkpoint")

    # -- facts ---------------------------------------------------------------------------------

    def job(self) -> dict[str, Any]:
        """Read what was asked for."""
        with open(self / "job.json", "rb") as file:
            job: dict[str, Any] = json.load(file)
        return job

    def state(self) -> dict[str, Any] | None:
        """Read what the keeper says about itself; ``None`` before there was one.

        A file that is damaged, as after a loss of power, still means that there was one.
        """
        try:
            found = _read_json(self / "state.json") or {}
        except FileNotFoundError:
            return None
        sound = all(isinstance(found.get(key), type(value)) for key, value in _NOBODY.items())
        return found if sound else {**found, **_NOBODY}

    def exit(self) -> dict[str, Any] | None:
        """Read the final status; ``None`` while there is none."""
        with contextlib.suppress(FileNotFoundError):
            return _read_json(self / "exit.json")
        return None

    def wish(self) -> dict[str, Any] | None:
        """Read who asked for a cancel; ``None`` if nobody did."""
        with contextlib.suppress(FileNotFoundError):
            return _read_json(self / "cancel")
        return None

    def sizes(self) -> dict[str, int]:
        """Return the bytes so far of the log, the events and each file under ``logs/``."""
        sizes = {}
        for name in ("log", "events"):
            try:
                sizes[name] = os.stat(self / name).st_size
            except OSError:
                sizes[name] = 0
        logs = files_below(self / "work/logs", "logs")
        sizes.update((name, size) for name, size in logs.items() if is_text(name))
        return sizes

    # -- writing -------------------------------------------------------------------------------

    def write_state(self, state: dict[str, Any], *, durable: bool = False) -> None:
        """Replace ``state.json`` as a whole."""
        replace_json(self / "state.json", state, durable=durable)

    def write_wish(self, wish: dict[str, Any]) -> None:
        """Ask for a cancel, once: a second wish leaves the first as it is."""
        temporary = self / (f"cancel.{os.getpid()}")
        with open(temporary, "w") as file:
            json.dump(wish, file)
        try:
            os.link(temporary, self / "cancel")
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)

    def reserve(self) -> None:
        """Set space aside for what is told at the end, so that a full disk does not hide it."""
        fd = os.open(self / "exit.tmp", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(fd, 0, _RESERVE + _RESERVE_FOR_EVENTS)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
        finally:
            os.close(fd)

    def release_reserve(self) -> None:
        """Give free what was set aside for events."""
        with contextlib.suppress(OSError):
            if os.stat(self / "exit.tmp").st_size > _RESERVE:
                os.truncate(self / "exit.tmp", _RESERVE)

    def write_exit(self, status: dict[str, Any], *, is_only_if_none: bool = False) -> None:
        """Make the final status durable, and only then visible; the caller holds the lock.

        Args:
            status: What to write.
            is_only_if_none: Whether one that is there after all is left as it is.
        """
        data = _encode(status)
        fd = os.open(self / "exit.tmp", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.ftruncate(fd, len(data))
            os.fsync(fd)
        finally:
            os.close(fd)
        if is_only_if_none:
            with contextlib.suppress(FileExistsError):
                os.link(self / "exit.tmp", self / "exit.json")
            os.unlink(self / "exit.tmp")
        else:
            os.rename(self / "exit.tmp", self / "exit.json")
        sync(self.path)

    def add_event(self, type_: str, **fields: Any) -> None:
        """Append an event in one write; a full disk loses it silently."""
        self.add_events(type_, [fields])

    def add_events(self, type_: str, rows: Iterable[dict[str, Any]]) -> None:
        """Append events of one type with as few writes as lines of others allow between."""
        with contextlib.suppress(OSError):
            self.append_events(type_, rows)

    def append_events(self, type_: str, rows: Iterable[dict[str, Any]]) -> None:
        """Append events as :meth:`add_events` does, or raise an error."""
        now = time.time()
        lines = [_encode({"type": type_, "t": now, **fields}) + b"\n" for fields in rows]
        for start in range(0, len(lines), _LINES):
            append_line(self / "events", b"".join(lines[start : start + _LINES]))

    def add_log(self, text: str) -> None:
        """Append a line of ours to the log; a full disk loses it silently."""
        with contextlib.suppress(OSError):
            append_line(self / "log", text.encode("utf-8", "replace") + b"\n")

    # -- who may act ---------------------------------------------------------------------------

    def lock(self) -> int | None:
        """Become the one who acts on this attempt, without waiting.

        Returns:
            A descriptor that holds the lock until it is closed, at the latest when this process
            ends; ``None`` if another holds it.
        """
        return take_lock(self / "keeper.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)


def take_lock(path: str, how: int) -> int | None:
    """Lock a file; ``None`` if another holds it and ``how`` does not wait."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, how)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            # Without locks the identity in state.json is all there is, and it mostly suffices.
            return fd
        os.close(fd)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    except BaseException:
        os.close(fd)
        raise
    return fd


def append_line(path: str, line: bytes) -> None:
    """Append a line to a file that others append to, starting on a line of its own."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line
        if os.write(fd, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
    finally:
        os.close(fd)


def replace_json(path: str, value: Any, *, durable: bool = False) -> None:
    """Write a JSON file whole: as it was before or as it is now, never between."""
    temporary = f"{path}.{os.getpid()}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        try:
            os.write(fd, _encode(value))
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        sync(os.path.dirname(path))


def sync(path: str) -> None:
    """Bring a file or a folder to the disk; one that is not there is no error."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(fd)
    except OSError as error:
        # Some network file systems cannot sync a folder; the file itself has been synced.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(fd)


def files_below(folder: str, prefix: str) -> dict[str, int]:
    """List the regular files below a folder with their sizes, following no links.

    A name that is no UTF-8 is listed as its bytes stand, and cannot be told to the near end.
    """
    found: dict[str, int] = {}
    try:
        if os.path.islink(folder):
            return found
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in entries:
        name = prefix + "/" + entry.name
        if entry.is_dir(follow_symlinks=False):
            found.update(files_below(entry.path, name))
        elif entry.is_file(follow_symlinks=False):
            try:
                found[name] = entry.stat(follow_symlinks=False).st_size
            except OSError:
                continue
    return found


def is_text(name: str) -> bool:
    """Tell whether a file's name is UTF-8, so that it can be named in JSON."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encode(value: Any) -> bytes:
    """Encode to JSON that any reader takes: bytes of a name that are no UTF-8 become ``?``."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _read_json(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except FileNotFoundError:
        raise
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
