"""Where each small blob stands: the index files beside the packs, read into memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from ..model import Digest

RECORD = struct.Struct("<32sQQ")
PACK = ".pack"
INDEX = ".index"


class Place(NamedTuple):
    """Where a blob stands: a pack's name, the offset there, the size."""

    pack: str
    offset: int
    size: int


class Index:
    """All small blobs by digest.

    A record is appended to an index file only after its bytes are in the pack, so what the index
    names is there. Records whose bytes are not there (after a power failure) are passed over.

    Args:
        folder: Where the packs stand.
        damaged: A file that names places whose bytes turned out to be wrong.
    """

    def __init__(self, folder: str, damaged: str) -> None:
        self._folder = folder
        self._damaged = damaged
        self._bad: set[Place] = set()
        self._consumed: dict[str, int] = {}
        self.places: dict[Digest, Place] = {}

    def clear(self) -> None:
        """Forget everything, to be read anew."""
        self._consumed.clear()
        self.places.clear()

    def refresh(self) -> None:
        """Read what other processes have added since the last time."""
        if not self._consumed:
            self._bad = self._read_damaged()
        for name in self.packs():
            if self._size(name + INDEX) > self._consumed.get(name, 0):
                self._load(name)

    def packs(self) -> list[str]:
        """List the names of the packs that have an index."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return sorted(name[: -len(INDEX)] for name in names if name.endswith(INDEX))

    def packs_below(self, size: int) -> list[str]:
        """List the names of the packs that are smaller than this."""
        return [name for name in self.packs() if self._size(name + PACK) < size]

    def records(self, name: str, start: int = 0) -> Iterator[tuple[Digest, Place]]:
        """Go through the records of a pack from a byte of its index file."""
        try:
            with open(self.path(name, INDEX), "rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return
        end = self._size(name + PACK)
        whole = len(data) - len(data) % RECORD.size
        for raw, offset, size in RECORD.iter_unpack(data[:whole]):
            place = Place(name, offset, size)
            if offset + size <= end and place not in self._bad:
                yield raw.hex(), place

    def add(self, name: str, added: list[tuple[Digest, Place]]) -> None:
        """Take note of what this process has appended to a pack."""
        self.places.update(added)
        self._consumed[name] = self._size(name + INDEX)

    def path(self, name: str, suffix: str) -> str:
        """Return the path of a pack or of its index file."""
        return os.path.join(self._folder, name + suffix)

    def mark_damaged(self, digest: Digest, place: Place) -> None:
        """Make a place count as empty, here and for every other process."""
        line = f"{place.pack} {place.offset} {place.size}\n".encode()
        handle = os.open(
            self._damaged, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            os.write(handle, line)
        finally:
            os.close(handle)
        self._bad.add(place)
        self.places.pop(digest, None)

    def _load(self, name: str) -> None:
        start = self._consumed.get(name, 0)
        end = self._size(name + INDEX)
        for digest, place in self.records(name, start):
            self.places.setdefault(digest, place)
        self._consumed[name] = end - end % RECORD.size

    def _read_damaged(self) -> set[Place]:
        try:
            with open(self._damaged, encoding="ascii") as file:
                rows = [line.split() for line in file]
        except FileNotFoundError:
            return set()
        return {Place(row[0], int(row[1]), int(row[2])) for row in rows if len(row) == 3}

    def _size(self, name: str) -> int:
        try:
            return os.stat(os.path.join(self._folder, name)).st_size
        except FileNotFoundError:
            return 0
