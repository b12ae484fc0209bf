"""The file: opening, journal, connections, transactions, and what SQLite's errors mean."""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import ConfigError, StoreError
from . import schema

_NETWORK = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "lustre", "gpfs", "beegfs", "glusterfs"),
    *("ceph", "9p", "virtiofs", "davfs", "ncpfs", "pvfs2", "orangefs", "panfs"),
)
_IDLE_CONNECTIONS = 4
_BESIDE = 65536
_forked: list[sqlite3.Connection] = []

# A process that closes any descriptor of a file loses all its locks on it (POSIX), so that another
# process may take the write-ahead log away under it. What is open here as a database is not opened
# otherwise, therefore.
_open: Counter[tuple[int, int]] = Counter()
_opening = threading.Lock()


class Database:
    """A SQLite file of the current version, for any number of threads and processes.

    Connections are taken from a small pool, so no thread waits for another's long read. A
    process that was forked makes its own.

    Args:
        path: The file; created when it is not there.
        busy_s: How long to wait for another process's lock.

    Raises:
        StoreError: The file is newer than this version (it is then left as it was), is no
            database of this package, is damaged or locked, or its disk is full.
    """

    def __init__(self, path: Path, *, busy_s: float) -> None:
        self.path = path
        self._busy_s = busy_s
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._is_closed = False
        self._pid = os.getpid()
        self._is_wal = False
        self._file: tuple[int, int] | None = None
        refuse_foreign(path)
        try:
            with self.translate():
                self._create()
                self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file; repeatable."""
        with self._guard:
            self._is_closed = True
            file, self._file = self._file, None
        self.release()
        if file is not None:
            _let_go(file)

    def release(self) -> None:
        """Close the connections that nobody uses now; new ones are made when needed."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @property
    def journal(self) -> str:
        """``wal``, or ``delete`` where the file system does not bear a write-ahead log."""
        return "wal" if self._is_wal else "delete"

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Read in one transaction, so that everything seen is of one moment."""
        with self.translate(), self._borrowed() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """Write in one transaction: all of it or nothing.

        Args:
            durable: Have it on the disk before returning, so that it outlives a power cut. What
                a target can tell again does not need that.
        """
        with self.translate(), self._borrowed() as connection, self._one_writer():
            if durable and self._is_wal:
                connection.execute("PRAGMA synchronous = FULL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if durable and self._is_wal:
                    connection.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def translate(self) -> Iterator[None]:
        """Say what SQLite's and the system's errors mean for this file."""
        try:
            yield
        except sqlite3.Error as exc:
            raise _meaning(self.path, exc) from exc
        except (OverflowError, UnicodeEncodeError) as exc:
            raise ConfigError(f"the store cannot hold or find such a value: {exc}") from exc
        except OSError as exc:
            raise StoreError(
                f"the store {str(self.path)!r} cannot be opened: {exc.strerror or exc}",
                hint="look at the folder and its permissions, or set JUPYTER_COMPUTE_HOME",
            ) from exc

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        is_sound = False
        try:
            yield connection
            is_sound = True
        finally:
            if not is_sound:
                # What failed once (a full disk, a vanished file) may have left it half broken.
                connection.close()
            else:
                self._give_back(connection)

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        # Threads take turns here, which is fair; SQLite's own waiting is by sleeping and luck.
        writing = self._writing
        if not writing.acquire(timeout=self._busy_s):
            raise sqlite3.OperationalError("database is locked by another thread")
        try:
            yield
        finally:
            writing.release()

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._is_closed:
                raise StoreError(f"the store {str(self.path)!r} has been closed")
            if self._pid != os.getpid():
                # SQLite's locks do not survive a fork, and closing here would harm the parent.
                _forked.extend(self._idle)
                self._idle, self._pid = [], os.getpid()
                self._writing = threading.Lock()
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if not self._is_closed and len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def _prepare(self) -> None:
        connection = self._connect()
        try:
            self._is_wal = self._set_journal(connection)
            self._migrate(connection)
        finally:
            connection.close()

    def _create(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with suppress(FileExistsError):
            os.close(os.open(self.path, flags, 0o600))
        self._file = _hold(self.path)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if self._is_wal else 'FULL'}")
            connection.execute("PRAGMA journal_size_limit = 16777216")
            connection.execute("PRAGMA temp_store = MEMORY")
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_journal(self, connection: sqlite3.Connection) -> bool:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        wanted = "delete" if is_on_network(self.path) else "wal"
        if mode == wanted:
            return bool(mode == "wal")
        try:
            (mode,) = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        except sqlite3.OperationalError as exc:
            # In use by others, or a file system without shared memory: the mode it has will do.
            if is_full(exc):
                raise
        return bool(mode == "wal")

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if _version(connection) == schema.VERSION:
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = _version(connection)
            if version > schema.VERSION:
                raise _newer(self.path, version)
            if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise _foreign(self.path)
            for statements in schema.MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {schema.VERSION}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def refuse_foreign(path: Path) -> None:
    """Refuse a file that is newer or not ours by its first bytes, without touching it.

    Raises:
        StoreError: It is one of these, or cannot be read.
    """
    try:
        head = _head(path)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise StoreError(
            f"the store {str(path)!r} cannot be read: {exc.strerror or exc}",
            hint="look at its permissions, or set JUPYTER_COMPUTE_HOME",
        ) from exc
    if not head:
        return
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise _damaged(path, "it is no SQLite database")
    (version,), (application,) = (struct.unpack_from(">I", head, at) for at in (60, 68))
    if application not in (0, schema.APPLICATION_ID) or (version and not application):
        raise _foreign(path)
    if version > schema.VERSION:
        raise _newer(path, version)


def _head(path: Path) -> bytes:
    """Read the first bytes of a file; none of what is open here, which has been looked at."""
    with _opening:
        if _open[_identity(path)]:
            return b""
        with open(path, "rb") as file:
            return file.read(100)


def _hold(path: Path) -> tuple[int, int]:
    with _opening:
        identity = _identity(path)
        _open[identity] += 1
    return identity


def _let_go(identity: tuple[int, int]) -> None:
    with _opening:
        _open[identity] -= 1
        if not _open[identity]:
            del _open[identity]


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def is_on_network(path: Path) -> bool:
    """Whether a file lies on a network file system, where a write-ahead log is unsafe."""
    try:
        device = os.stat(path.parent).st_dev
        with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
            lines = mounts.read().splitlines()
    except OSError:
        return False
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [wanted]:
            kind = after.split(" ")[0]
            return kind in _NETWORK or kind.startswith("fuse.")
    return False


def is_full(exc: sqlite3.Error) -> bool:
    """Whether the error says that there is no room left."""
    return "full" in str(exc)


def _has_no_room(path: Path) -> bool:
    """Whether there is no room for what SQLite puts beside a file before it reads it."""
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < _BESIDE


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _newer(path: Path, version: int) -> StoreError:
    return StoreError(
        f"the store {str(path)!r} has version {version}; this installation reads up to"
        f" {schema.VERSION}",
        hint="upgrade jupyter_compute in this environment: pip install -U jupyter_compute",
    )


def _foreign(path: Path) -> StoreError:
    return StoreError(
        f"{str(path)!r} is a database of another program",
        hint="set JUPYTER_COMPUTE_HOME to another folder",
    )


def _damaged(path: Path, why: str) -> StoreError:
    return StoreError(
        f"the store {str(path)!r} is damaged: {why}",
        hint="jupyter compute doctor --rebuild makes a new one from what the targets know",
    )


def _meaning(path: Path, exc: sqlite3.Error) -> StoreError:
    text = str(exc)
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the store {str(path)!r} is locked by another process",
            hint="wait for it or end it: something holds the database for longer than it should",
        )
    if is_full(exc) or ("I/O" in text and _has_no_room(path)):
        return StoreError(
            f"the disk of the store {str(path)!r} is full",
            hint="make room there; jupyter compute gc removes what no kept run needs",
        )
    if "malformed" in text or "not a database" in text or "encrypted" in text:
        return _damaged(path, text)
    if "readonly" in text or "unable to open" in text:
        return StoreError(
            f"the store {str(path)!r} cannot be written: {text}",
            hint="look at the folder and its permissions, or set JUPYTER_COMPUTE_HOME",
        )
    hint = "look whether its disk is full, failing or gone" if "I/O" in text else ""
    return StoreError(
        f"the store {str(path)!r} failed: {text}", hint=hint or "jupyter compute doctor"
    )
