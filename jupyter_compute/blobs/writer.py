"""Adding blobs: one writer gathers many small ones and appends them together."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from ..errors import SnapshotError
from ..model import Digest
from .index import INDEX, PACK, RECORD, Index, Place
from .locks import try_lock

if TYPE_CHECKING:
    from .collection import Blobs

LARGE_BYTES = 1 << 20
"""A blob of at least this size stands alone."""

_SPILL_BYTES = 1 << 19  # what is still in the processor's cache is cheap to write
_FLUSH_BYTES = 64 << 20
_PACK_BYTES = 128 << 20
_VECTOR = 512  # below every system's limit of buffers in one call
_CHUNK = 1 << 20
_OPEN_TRIES = 8


class Writer:
    """Adds blobs; made by :meth:`Blobs.writer`, which also flushes and closes it.

    What was added is visible to others after the next flush at the latest.
    """

    def __init__(self, blobs: Blobs, index: Index) -> None:
        self._blobs = blobs
        self._index = index
        self._pack: Pack | None = None
        self._waiting: dict[Digest, bytes] = {}
        self._bytes = 0
        self._unrecorded: dict[Digest, Place] = {}

    def has(self, digest: Digest) -> bool:
        """Say whether a blob is there or waits to be written; another's newest may be missed."""
        is_new = digest in self._waiting or digest in self._unrecorded
        return is_new or self._blobs.knows(digest)

    def add_bytes(self, data: bytes) -> Digest:
        """Add a blob that fits into memory; adding it twice is adding it once."""
        digest = hashlib.sha256(data).hexdigest()
        if self.has(digest):
            return digest
        if len(data) >= LARGE_BYTES:
            self._add_large(digest, data)
            return digest
        self._waiting[digest] = data
        self._bytes += len(data)
        if self._bytes >= _SPILL_BYTES:
            self._spill()
        return digest

    def receive(self) -> Incoming:
        """Begin a blob that comes in pieces."""
        return Incoming(self._blobs)

    def flush(self) -> None:
        """Write what waits.

        Raises:
            SnapshotError: It cannot be written; nothing of it is then visible.
        """
        self._spill()
        if self._pack is not None and self._unrecorded:
            added, self._unrecorded = self._unrecorded, {}
            self._record(self._pack, list(added.items()))

    def _spill(self) -> None:
        """Append the bytes that wait; they count only once they are recorded."""
        if not self._waiting:
            return
        waiting, self._waiting, self._bytes = self._waiting, {}, 0
        try:
            if self._pack is not None and self._pack.tail >= _PACK_BYTES:
                self.flush()
                self.close()
            if self._pack is None:
                self._pack = Pack.open(self._index)
            self._unrecorded.update(self._pack.append(waiting))
        except OSError as exc:
            self.close()
            raise self._blobs.unwritable(exc) from exc
        if self._pack.tail - self._pack.end >= _FLUSH_BYTES:
            self.flush()

    def _record(self, pack: Pack, added: list[tuple[Digest, Place]]) -> None:
        try:
            pack.record(added)
        except OSError as exc:
            self.close()
            raise self._blobs.unwritable(exc) from exc
        self._index.add(pack.name, added)

    def close(self) -> None:
        """Let go of the pack; what was not flushed is dropped."""
        self._waiting, self._bytes, self._unrecorded = {}, 0, {}
        if self._pack is not None:
            self._pack.close()
            self._pack = None

    def _add_large(self, digest: Digest, data: bytes) -> None:
        with self.receive() as incoming:
            incoming.write(data)
            incoming.keep(digest)


class Incoming:
    """A large blob on its way: a file without a name that counts, until it is kept."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._path = blobs.incoming_path(secrets.token_hex(8))
        self._hash = hashlib.sha256()
        self.size = 0
        try:
            self._file = open(self._path, "xb", buffering=0)  # noqa: SIM115  closed by __exit__
        except OSError as exc:
            raise blobs.unwritable(exc) from exc

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if os.path.lexists(self._path):
            os.unlink(self._path)

    def copy(self, handle: int, expected: int | None = None) -> None:
        """Copy the rest of an open file; stop early when it is larger than expected."""
        while data := os.read(handle, _CHUNK):
            self.write(data)
            if expected is not None and self.size > expected:
                return

    def write(self, data: bytes) -> None:
        """Append some bytes."""
        self._hash.update(data)
        self.size += len(data)
        view = memoryview(data)
        try:
            while len(view):
                view = view[self._file.write(view) :]
        except OSError as exc:
            raise self._blobs.unwritable(exc) from exc

    def keep(self, digest: Digest = "") -> Digest:
        """Give it its name; its bytes become visible as a whole."""
        digest = digest or self._hash.hexdigest()
        if self._hash.hexdigest() != digest:
            raise SnapshotError(f"blob {digest} arrived damaged", hint="try again")
        try:
            os.rename(self._path, self._blobs.large_path(digest))
        except OSError as exc:
            raise self._blobs.unwritable(exc) from exc
        self._blobs.note_large(digest, self.size)
        return digest


class Pack:
    """A pack file that this process alone appends to.

    Attributes:
        name: Its name.
        handle: The open file.
        end: Where the last recorded blob ends.
        tail: Where the last appended blob ends.
    """

    def __init__(self, name: str, data: int, index: int, end: int) -> None:
        self.name = name
        self.end = end
        self.tail = end
        self.handle = data
        self._index = index
        self._process = os.getpid()

    @classmethod
    def open(cls, index: Index) -> Pack:
        """Take a pack that nobody writes to and that has room, or make one."""
        for name in index.packs_below(_PACK_BYTES)[:_OPEN_TRIES]:
            pack = cls._take(index, name)
            if pack is not None:
                return pack
        return cls.create(index)

    @classmethod
    def create(cls, index: Index) -> Pack:
        """Make a pack."""
        name = secrets.token_hex(8)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        data = os.open(index.path(name, PACK), flags, 0o600)
        try_lock(data)
        return cls(name, data, os.open(index.path(name, INDEX), flags, 0o600), 0)

    @classmethod
    def _take(cls, index: Index, name: str) -> Pack | None:
        try:
            data = os.open(index.path(name, PACK), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            end = _whole_end(index, name) if try_lock(data) else None
            if end is None:
                os.close(data)
                return None
            # What stands behind the last record was being written when a process died.
            os.ftruncate(data, end)
            records = os.open(index.path(name, INDEX), os.O_RDWR | os.O_CLOEXEC)
            size = os.fstat(records).st_size
            os.ftruncate(records, size - size % RECORD.size)
            return cls(name, data, records, end)
        except OSError:
            os.close(data)
            raise

    def append(self, blobs: dict[Digest, bytes]) -> list[tuple[Digest, Place]]:
        """Append the bytes of blobs; return what is to be recorded of them."""
        if os.getpid() != self._process:
            raise OSError(0, "a pack was opened before this process was forked")
        added: list[tuple[Digest, Place]] = []
        start = self.tail
        for digest, data in blobs.items():
            added.append((digest, Place(self.name, self.tail, len(data))))
            self.tail += len(data)
        try:
            write_all(self.handle, list(blobs.values()), start)
        except OSError:
            self.drop_tail()
            raise
        return added

    def record(self, added: list[tuple[Digest, Place]]) -> None:
        """Record blobs whose bytes have been appended, so that no record is without its bytes."""
        rows = [RECORD.pack(bytes.fromhex(digest), at, size) for digest, (_, at, size) in added]
        start = os.fstat(self._index).st_size
        try:
            write_all(self._index, [b"".join(rows)], start)
        except OSError:
            self._keep_whole_records()
            raise
        self.end = max((at + size for _, (_, at, size) in added), default=self.end)
        self.tail = max(self.tail, self.end)

    def _keep_whole_records(self) -> None:
        """Drop half a record; others may have seen the whole ones, and their bytes are there."""
        size = os.fstat(self._index).st_size
        os.ftruncate(self._index, size - size % RECORD.size)
        data = os.pread(self._index, size - size % RECORD.size, 0)
        self.end = max((at + size for _, at, size in RECORD.iter_unpack(data)), default=0)
        self.drop_tail()

    def drop_tail(self) -> None:
        """Drop what was appended and has no record."""
        os.ftruncate(self.handle, self.end)
        self.tail = self.end

    def sync(self) -> None:
        """Bring what was appended to the disk."""
        os.fsync(self.handle)
        os.fsync(self._index)

    def close(self) -> None:
        """Let others append to it."""
        if self.tail > self.end and os.getpid() == self._process:
            self.drop_tail()
        os.close(self._index)
        os.close(self.handle)


def _whole_end(index: Index, name: str) -> int | None:
    """Return where the last record's bytes end; ``None`` if any record is without its bytes."""
    with open(index.path(name, INDEX), "rb") as file:
        data = file.read()
    whole = len(data) - len(data) % RECORD.size
    end = max((o + s for _, o, s in RECORD.iter_unpack(data[:whole])), default=0)
    return end if end <= os.stat(index.path(name, PACK)).st_size else None


def write_all(handle: int, parts: list[bytes], offset: int) -> None:
    """Write the parts one after the other from an offset on."""
    for start in range(0, len(parts), _VECTOR):
        views = [memoryview(part) for part in parts[start : start + _VECTOR] if part]
        while views:
            count = os.pwritev(handle, views, offset)
            offset += count
            while views and count >= len(views[0]):
                count -= len(views.pop(0))
            if count:
                views[0] = views[0][count:]
