"""Digests of files that have not changed, kept on disk for the next process."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from typing import cast

import msgspec

from ..ignore import StatKey
from ..model import Digest
from .folder import NEVER, Folder, KnownFile

_VERSION = b"jupyter_compute stat cache 1\n"
_DIGEST_BYTES = 32
_KEPT = 64  # caches of other source folders


class _Row(msgspec.Struct, array_like=True):
    """The files of one folder; names stand as bytes because not every name is text."""

    path: bytes
    names: bytes
    numbers: list[int]
    digests: bytes


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[_Row])


class StatCache:
    """What earlier processes have remembered of a source folder's files.

    A cache that is missing, damaged or of another version is empty: then files are read.

    Args:
        folder: Where the caches of all source folders stand.
        source: The source folder with what else changes its files' digests.
    """

    def __init__(self, folder: str, source: str) -> None:
        name = hashlib.sha256(os.fsencode(source)).hexdigest()[:40]
        self._folder = folder
        self._path = os.path.join(folder, name + ".stat")
        self._rows: dict[str, _Row] = {}
        self._files: dict[str, dict[str, tuple[StatKey, Digest]]] = {}

    def load(self) -> None:
        """Read it."""
        try:
            with open(self._path, "rb") as file:
                data = file.read()
            content = data[len(_VERSION) + _DIGEST_BYTES :]
            # A flipped bit in a digest would make a run see the bytes of another file.
            if data[: -len(content)] != _VERSION + hashlib.sha256(content).digest():
                return
            self._rows = {os.fsdecode(row.path): row for row in _DECODER.decode(content)}
        except (OSError, msgspec.MsgspecError):
            return

    def find(self, path: str, name: str, key: StatKey) -> Digest:
        """Return a file's digest if it is as it was; else an empty one."""
        files = self._files.get(path)
        if files is None:
            row = self._rows.pop(path, None)
            files = self._files[path] = _files(row) if row else {}
        known = files.get(name)
        return known[1] if known is not None and known[0] == key else ""

    def forget(self) -> None:
        """Free the memory, once a walk has taken over what it holds."""
        self._rows.clear()
        self._files.clear()

    def save(self, folders: Iterable[Folder]) -> None:
        """Write what is known now; a failure costs the next process some reading only."""
        rows = [row for row in map(_row, folders) if row.names]
        content = _ENCODER.encode(rows)
        part = f"{self._path}.{secrets.token_hex(4)}.part"
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            try:
                with open(part, "wb") as file:
                    file.write(_VERSION + hashlib.sha256(content).digest())
                    file.write(content)
                os.replace(part, self._path)
            finally:
                if os.path.lexists(part):
                    os.unlink(part)
            self._drop_oldest()
        except OSError:
            return

    def _drop_oldest(self) -> None:
        with os.scandir(self._folder) as entries:
            found = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
        for _, path in found[:-_KEPT]:
            os.unlink(path)


def _files(row: _Row) -> dict[str, tuple[StatKey, Digest]]:
    names = os.fsdecode(row.names).split("\0")
    numbers, digests = row.numbers, row.digests.hex()
    return {
        name: (
            cast(StatKey, tuple(numbers[5 * place : 5 * place + 5])),
            digests[64 * place : 64 * place + 64],
        )
        for place, name in enumerate(names)
    }


def _row(folder: Folder) -> _Row:
    names: list[str] = []
    numbers: list[int] = []
    digests: list[str] = []
    for name, entry in folder.entries.items():
        if type(entry) is KnownFile and entry.mtime_ns != NEVER[0] and entry.file.digest:
            names.append(name)
            numbers += (entry.mtime_ns, entry.ctime_ns, entry.size, entry.inode, entry.mode)
            digests.append(entry.file.digest)
    return _Row(
        os.fsencode(folder.path),
        os.fsencode("\0".join(names)),
        numbers,
        bytes.fromhex("".join(digests)),
    )
