"""Small blobs, joined in pack files, and the index that says which is where.

The index is appended to under a lock and only after the bytes themselves, so it never names bytes
that were not written; an incomplete record at its end is ignored and cut off by the next writer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

PACK_LIMIT = 256 * 1024 * 1024
_RECORD = struct.Struct(">32sIQI")
_CHECK = struct.Struct(">I")
_LENGTH = _RECORD.size + _CHECK.size
_GONE = 0xFFFFFFFF
_SALT = 0x6A63


class Place(NamedTuple):
    """Where a small blob is."""

    pack: int
    offset: int
    size: int


class Packs:
    """The small blobs of one folder; safe with any number of processes.

    Args:
        folder: The blobs' folder; made by the first write.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._index = os.path.join(folder, "index")
        self._places: dict[bytes, Place] = {}
        self._seen: tuple[int, int] = (0, 0)
        self._fds: dict[int, int] = {}
        self._pid = os.getpid()

    def __del__(self) -> None:
        self._drop_fds()

    # -- reading -------------------------------------------------------------------------------

    def find(self, digest: bytes) -> Place | None:
        """Look a blob up among what was known at the last :meth:`refresh`, then anew."""
        place = self._places.get(digest)
        if place is None and self.refresh():
            place = self._places.get(digest)
        return place

    def absent(self, digests: Iterable[bytes]) -> list[bytes]:
        """List those that are not here."""
        self.refresh()
        return [digest for digest in digests if digest not in self._places]

    def refresh(self) -> bool:
        """Take in what others wrote; returns whether anything changed. One ``stat`` if not."""
        try:
            stat = os.stat(self._index)
        except FileNotFoundError:
            changed = bool(self._places)
            self._places, self._seen = {}, (0, 0)
            return changed
        inode, done = self._seen
        end = stat.st_size - stat.st_size % _LENGTH
        if (inode, done) == (stat.st_ino, end):
            return False
        if inode != stat.st_ino or end < done:
            # Rewritten by a collection: everything may stand elsewhere.
            self._places, done = {}, 0
            self._drop_fds()
        with open(self._index, "rb") as file:
            if os.fstat(file.fileno()).st_ino != stat.st_ino:
                return self.refresh()
            file.seek(done)
            data = file.read(end - done)
        for digest, place in _records(data):
            if place.size == _GONE:
                self._places.pop(digest, None)
            else:
                self._places[digest] = place
        self._seen = (stat.st_ino, done + len(data) - len(data) % _LENGTH)
        return True

    def read(self, digest: bytes) -> bytes | None:
        """Read a blob; ``None`` if it is not here or no longer what its name says."""
        for _ in range(3):
            place = self.find(digest)
            if place is None:
                return None
            try:
                data = os.pread(self._fd(place.pack), place.size, place.offset)
            except FileNotFoundError:
                data = b""
            if hashlib.sha256(data).digest() == digest:
                return data
            self._drop_fds()
            if not self.refresh():
                break
        self.forget([digest])
        return None

    def entries(self) -> dict[bytes, Place]:
        """Return everything that is here, anew."""
        self.refresh()
        return dict(self._places)

    # -- writing -------------------------------------------------------------------------------

    def add(self, blobs: Iterable[tuple[bytes, bytes]]) -> None:
        """Append blobs, given as digest and bytes; on a full disk none of them is there."""
        with self._locked():
            self.refresh()
            new = {digest: data for digest, data in blobs if digest not in self._places}
            if not new:
                return
            number, end = self._last_pack()
            records = bytearray()
            for digest, data in new.items():
                records += _record(digest, Place(number, end, len(data)))
                end += len(data)
            _append(self._pack(number), b"".join(new.values()))
            self._append_records(records)
            self.refresh()

    def forget(self, digests: Iterable[bytes]) -> None:
        """Take blobs out of the index, so that they are sent again."""
        with self._locked():
            self.refresh()
            gone = [digest for digest in digests if digest in self._places]
            records = b"".join(_record(digest, Place(0, 0, _GONE)) for digest in gone)
            if records:
                self._append_records(records)
            self.refresh()

    def rewrite(self, keep: Iterable[bytes]) -> None:
        """Copy what is kept into new packs and remove the old ones."""
        with self._locked():
            self.refresh()
            old = self._pack_numbers()
            number, end = (max(old) if old else 0) + 1, 0
            records = bytearray()
            for digest in keep:
                data = self.read(digest)
                if data is None:
                    continue
                if end > PACK_LIMIT:
                    number, end = number + 1, 0
                _append(self._pack(number), data)
                records += _record(digest, Place(number, end, len(data)))
                end += len(data)
            temporary = self._index + ".new"
            with open(temporary, "wb") as file:
                file.write(records)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, self._index)
            for gone in old:
                os.unlink(self._pack(gone))
            self.refresh()

    def _append_records(self, records: bytes | bytearray) -> None:
        fd = os.open(self._index, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size = os.fstat(fd).st_size
            if size % _LENGTH:
                os.ftruncate(fd, size - size % _LENGTH)
        finally:
            os.close(fd)
        _append(self._index, bytes(records))

    def _last_pack(self) -> tuple[int, int]:
        number = max(self._pack_numbers(), default=1)
        try:
            size = os.stat(self._pack(number)).st_size
        except FileNotFoundError:
            return number, 0
        return (number, size) if size < PACK_LIMIT else (number + 1, 0)

    def _pack_numbers(self) -> list[int]:
        names = os.listdir(os.path.join(self.folder, "packs"))
        return [int(name) for name in names if name.isdigit()]

    def _pack(self, number: int) -> str:
        return os.path.join(self.folder, "packs", str(number))

    def _fd(self, number: int) -> int:
        if self._pid != os.getpid():
            # A forked keeper closes what it inherits: these numbers may mean other files now.
            self._fds, self._pid = {}, os.getpid()
        if number not in self._fds:
            if len(self._fds) >= 16:
                self._drop_fds()
            self._fds[number] = os.open(self._pack(number), os.O_RDONLY | os.O_CLOEXEC)
        return self._fds[number]

    def _drop_fds(self) -> None:
        if self._pid == os.getpid():
            for fd in self._fds.values():
                os.close(fd)
        self._fds = {}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        os.makedirs(os.path.join(self.folder, "packs"), 0o700, exist_ok=True)
        fd = os.open(os.path.join(self.folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _record(digest: bytes, place: Place) -> bytes:
    data = _RECORD.pack(digest, *place)
    return data + _CHECK.pack(zlib.crc32(data, _SALT))


def _records(data: bytes) -> Iterator[tuple[bytes, Place]]:
    for start in range(0, len(data) - _LENGTH + 1, _LENGTH):
        record = data[start : start + _RECORD.size]
        (check,) = _CHECK.unpack_from(data, start + _RECORD.size)
        if check == zlib.crc32(record, _SALT):
            digest, pack, offset, size = _RECORD.unpack(record)
            yield digest, Place(pack, offset, size)


def _append(path: str, data: bytes) -> None:
    """Append all bytes or none."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(fd).st_size
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        except OSError:
            os.ftruncate(fd, size)
            raise
    finally:
        os.close(fd)
