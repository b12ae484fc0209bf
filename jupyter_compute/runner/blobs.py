"""Bytes on the target, named by their sha256."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from .cloning import clone
from .failures import Failure
from .packs import Packs

SMALL = 256 * 1024
"""Blobs up to this size go into packs."""

_CHUNK = 1024 * 1024
_packs: dict[str, Packs] = {}


class Blobs:
    """The blobs below a target's root.

    Making one is cheap: all of a process share one index, and so does a keeper that was forked.

    Args:
        root: The target's root; the blobs are in its folder ``blobs``.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.folder = os.path.join(self.root, "blobs")
        if self.folder not in _packs:
            _packs[self.folder] = Packs(self.folder)
        self.packs = _packs[self.folder]

    # -- reading -------------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        """Tell whether a blob is here."""
        return self.packs.find(raw_of(digest)) is not None or os.path.exists(self.large(digest))

    def missing(self, digests: Iterable[str]) -> list[str]:
        """List those that are not here."""
        return self.absent(map(raw_of, digests))

    def absent(self, digests: Iterable[bytes]) -> list[str]:
        """List those that are not here, of digests as bytes."""
        absent = [digest.hex() for digest in self.packs.absent(digests)]
        return [digest for digest in absent if not os.path.exists(self.large(digest))]

    def partial(self, digests: Iterable[str]) -> dict[str, int]:
        """Tell how many bytes of blobs have come so far that were begun and dropped."""
        try:
            begun = set(os.listdir(os.path.join(self.folder, "partial")))
        except FileNotFoundError:
            return {}
        sizes = {}
        for digest in begun.intersection(digests):
            with contextlib.suppress(OSError):
                sizes[digest] = os.stat(self.incoming(digest)).st_size
        return sizes

    def read(self, digest: str) -> bytes:
        """Read a whole blob.

        Raises:
            Failure: It is not here or damaged.
        """
        data = self.packs.read(raw_of(digest))
        if data is not None:
            return data
        try:
            with self.open(digest) as file:
                data = file.read()
        except FileNotFoundError:
            raise lacking(digest) from None
        if hashlib.sha256(data).hexdigest() != digest:
            os.unlink(self.large(digest))
            raise lacking(digest)
        return data

    def open(self, digest: str) -> BinaryIO:
        """Open a large blob for reading."""
        return open(self.large(digest), "rb")

    def copy(self, digest: str, size: int, path: bytes, mode: int) -> None:
        """Write a blob to a file of its own, sharing no byte that could be written.

        Raises:
            Failure: It is not here or damaged.
        """
        data = self.packs.read(raw_of(digest))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(path, flags, mode)
        try:
            if data is not None:
                _write(target, data)
            else:
                self._copy_large(digest, size, target)
        finally:
            os.close(target)

    def _copy_large(self, digest: str, size: int, target: int) -> None:
        try:
            with self.open(digest) as source:
                there = os.fstat(source.fileno()).st_size
                if there == size:
                    clone(source.fileno(), target, size)
        except FileNotFoundError:
            raise lacking(digest) from None
        if there != size:
            os.unlink(self.large(digest))
            raise lacking(digest)

    # -- writing -------------------------------------------------------------------------------

    def adopt(self, digest: str, path: str) -> None:
        """Take an immutable file of this machine as a blob: by link, by clone or by copy.

        Raises:
            OSError: It cannot be read, or the disk is full.
            Failure: It does not hold these bytes.
        """
        if self.has(digest):
            return
        temporary = f"{self.incoming(digest)}.{os.getpid()}"
        os.makedirs(os.path.dirname(temporary), 0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        with open(path, "rb") as source:
            try:
                if not _try_link(path, temporary):
                    self._copy_whole(source.fileno(), temporary)
                with open(temporary, "rb") as taken:
                    if hash_of(taken.fileno()) != digest:
                        raise Failure("damaged", f"{path} does not hold the blob {digest[:12]}")
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)
                raise
        self.place(temporary, digest)

    def patch(self, digest: str, base: str, pieces: list[Any]) -> None:
        """Make a blob of parts of another one and of what is new.

        Args:
            digest: Its name.
            base: Which other one.
            pieces: In their order: ASCII text, or the start and length of a part of the other one.

        Raises:
            Failure: The other one is not here, or something else came of it.
            OSError: The disk is full, and the like.
        """
        old = memoryview(self.read(base))
        data = b"".join(
            piece.encode("ascii") if isinstance(piece, str) else old[piece[0] : sum(piece)]
            for piece in pieces
        )
        raw = hashlib.sha256(data)
        if raw.hexdigest() != digest:
            raise Failure("damaged", f"the pieces of {digest[:12]} are not what that name says")
        self.packs.add([(raw.digest(), data)])

    def _copy_whole(self, source: int, path: str) -> None:
        target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        try:
            clone(source, target, os.fstat(source).st_size)
        finally:
            os.close(target)

    def place(self, temporary: str, digest: str) -> None:
        """Let a verified file be seen as a large blob."""
        path = self.large(digest)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.rename(temporary, path)

    def large(self, digest: str) -> str:
        """Return where a large blob stands."""
        return os.path.join(self.folder, "large", digest[:2], digest)

    def incoming(self, digest: str) -> str:
        """Return where a large blob stands while it arrives."""
        return os.path.join(self.folder, "partial", digest)

    def larges(self) -> Iterator[os.DirEntry[str]]:
        """List the large blobs."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._large_root) as folders:
            for folder in folders:
                with os.scandir(folder.path) as files:
                    yield from files

    @property
    def _large_root(self) -> str:
        return os.path.join(self.folder, "large")


def lacking(digest: str) -> Failure:
    """Make the error for a blob that is not here."""
    return Failure(
        "missing-blobs", f"the blob {digest[:12]} is not on the target", digests=[digest]
    )


def hash_of(fd: int, limit: int | None = None) -> str:
    """Hash a file from its start, whatever its size."""
    return hash_so_far(fd, os.fstat(fd).st_size if limit is None else limit).hexdigest()


def hash_so_far(fd: int, limit: int) -> hashlib._Hash:
    """Hash the first bytes of a file and return the unfinished hash."""
    digest, offset = hashlib.sha256(), 0
    while offset < limit:
        data = os.pread(fd, min(_CHUNK, limit - offset), offset)
        if not data:
            break
        digest.update(data)
        offset += len(data)
    return digest


def raw_of(digest: str) -> bytes:
    """Return the bytes that a digest stands for.

    Raises:
        Failure: It is none.
    """
    try:
        raw = bytes.fromhex(digest)
    except (ValueError, TypeError):
        raw = b""
    if len(raw) != 32 or raw.hex() != digest:
        raise Failure("bad-request", f"{digest!r} is no digest")
    return raw


def _try_link(path: str, target: str) -> bool:
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:
        return False
    return True


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
