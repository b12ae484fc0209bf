"""Reading a large blob in pieces without ever handing out its last bytes unverified."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from ..model import Digest

if TYPE_CHECKING:
    from typing_extensions import Buffer


class VerifiedFile(io.RawIOBase):
    """A blob's file that raises, instead of ending, if its bytes are not what its name says.

    Args:
        file: The open file; closed with this one.
        digest: What the bytes must hash to.
        size: How many there are.
        fail: Makes the error.
    """

    def __init__(
        self, file: BinaryIO, digest: Digest, size: int, fail: Callable[[], Exception]
    ) -> None:
        super().__init__()
        self._file = file
        self._digest = digest
        self._left = size
        self._hash = hashlib.sha256()
        self._fail = fail
        if size == 0:
            self._verify()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read some bytes."""
        view = memoryview(buffer).cast("B")
        count = self._file.readinto(view[: self._left])  # type: ignore[attr-defined]
        if count == 0 and self._left and len(view):
            raise self._fail()
        self._hash.update(view[:count])
        self._left -= count
        if self._left == 0 and count:
            self._verify()
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _verify(self) -> None:
        if self._hash.hexdigest() != self._digest:
            raise self._fail()
