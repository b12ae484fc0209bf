"""Blobs on their way to the target, taken from one stream of bytes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from typing import Any

from .blobs import SMALL, Blobs, hash_so_far
from .failures import Failure

_BATCH = 8 * 1024 * 1024


class Incoming:
    """One ``put``: its blobs' bytes come joined, in the order of its rows.

    Args:
        blobs: Where they go.
        rows: ``[digest, size, offset]`` of each; only a large one may start past 0.

    Raises:
        Failure: The rows make no sense.
    """

    def __init__(self, blobs: Blobs, rows: list[Any]) -> None:
        self.blobs = blobs
        self.stored = 0
        self._rows = [_checked(row) for row in rows]
        self._rows.reverse()
        self._small = bytearray()
        self._batch: list[tuple[bytes, bytes]] = []
        self._batched = 0
        self._large: _Large | None = None
        self._arrived: list[_Large] = []
        self._advance(b"")

    @property
    def is_complete(self) -> bool:
        """Whether every byte has come."""
        return not self._rows

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            Failure: A blob is not what its name says, or there are bytes too many.
            OSError: The disk is full, and the like.
        """
        self._advance(data)

    def _advance(self, data: bytes) -> None:
        view = memoryview(data)
        while self._rows:
            left = len(self._rows)
            digest, size, offset = self._rows[-1]
            if size <= SMALL:
                taken = self._feed_small(digest, size, view)
            else:
                taken = self._feed_large(digest, size, offset, view)
            view = view[taken:]
            # An empty blob takes no byte and is there all the same.
            if len(self._rows) == left and not view:
                return
        if view:
            raise Failure("bad-request", f"{len(view)} bytes more than announced")

    def _feed_small(self, digest: str, size: int, view: memoryview) -> int:
        taken = min(size - len(self._small), len(view))
        if taken == size:
            data = bytes(view[:taken])
        else:
            self._small += view[:taken]
            if len(self._small) < size:
                return taken
            data, self._small = bytes(self._small), bytearray()
        raw = hashlib.sha256(data)
        if raw.hexdigest() != digest:
            raise _damaged(digest)
        self._batch.append((raw.digest(), data))
        self._batched += size
        self._next()
        if self._batched > _BATCH:
            self._flush()
        return taken

    def _feed_large(self, digest: str, size: int, offset: int, view: memoryview) -> int:
        if self._large is None:
            self._large = _Large(self.blobs, digest, size, offset)
        taken = self._large.feed(view)
        if self._large.is_complete:
            large, self._large = self._large, None
            large.verify()
            self._arrived.append(large)
            self._next()
        return taken

    def _next(self) -> None:
        self._rows.pop()
        self.stored += 1

    def _flush(self) -> None:
        batch, self._batch, self._batched = self._batch, [], 0
        self.blobs.packs.add(batch)

    def finish(self) -> bool:
        """Let the small blobs be seen; returns whether :meth:`settle` is needed for large ones."""
        self._flush()
        return bool(self._arrived)

    def settle(self) -> None:
        """Bring the large blobs to the disk and let them be seen; may block for long."""
        for large in self._arrived:
            large.settle()

    def close(self) -> None:
        """Let go of files; what has come of a large blob stays for the next try."""
        for large in [*self._arrived, *([self._large] if self._large else [])]:
            large.close()
        self._arrived, self._large = [], None
        if self._batch:
            with contextlib.suppress(OSError):
                self._flush()


class _Large:
    """A large blob that arrives."""

    def __init__(self, blobs: Blobs, digest: str, size: int, offset: int) -> None:
        self.blobs, self.digest, self.size = blobs, digest, size
        self.path = blobs.incoming(digest)
        os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._begin(offset)
        except BaseException:
            os.close(self.fd)
            raise

    def _begin(self, offset: int) -> None:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                "busy", f"the blob {self.digest[:12]} is just being sent by another"
            ) from None
        except OSError:
            pass  # no locks on this file system; the hash still decides
        if os.fstat(self.fd).st_size < offset:
            raise Failure("busy", f"there are no {offset} bytes of {self.digest[:12]}")
        os.ftruncate(self.fd, offset)
        self.hash = hash_so_far(self.fd, offset)
        self.done = offset

    @property
    def is_complete(self) -> bool:
        return self.done == self.size

    def feed(self, view: memoryview) -> int:
        view = view[: self.size - self.done]
        taken = len(view)
        self.hash.update(view)
        while view:
            try:
                written = os.pwrite(self.fd, view, self.done)
            except OSError:
                # What came would fill the disk until the next try, which may never come.
                with contextlib.suppress(OSError):
                    os.unlink(self.path)
                raise
            self.done += written
            view = view[written:]
        return taken

    def verify(self) -> None:
        if self.hash.hexdigest() != self.digest:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
            os.close(self.fd)
            raise _damaged(self.digest)

    def settle(self) -> None:
        os.fchmod(self.fd, 0o400)
        os.fsync(self.fd)
        self.blobs.place(self.path, self.digest)

    def close(self) -> None:
        os.close(self.fd)


def _checked(row: Any) -> tuple[str, int, int]:
    try:
        digest, size, offset = row
        valid = len(bytes.fromhex(digest)) == 32 and digest == digest.lower()
        valid = valid and 0 <= offset <= size and (offset == 0 or size > SMALL)
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise Failure("bad-request", f"{row!r} is no blob to put")
    return digest, size, offset


def _damaged(digest: str) -> Failure:
    return Failure(
        "damaged",
        f"the bytes sent as {digest[:12]} are not what that name says",
        "the blob is damaged on the sending side; submit again from the source",
    )
