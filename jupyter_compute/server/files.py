"""Sends files: whole, in part, or many as one archive."""

from __future__ import annotations

import io
import mimetypes
import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from .errors import RangeError
from .handler import Handler

CHUNK = 1 << 18

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")

mimetypes.add_type("application/x-ipynb+json", ".ipynb")


class FileHandler(Handler):
    """Sends bytes that came from a run. A browser must not run them as a page of ours."""

    @property
    def content_security_policy(self) -> str:
        """Put what is shown into a sandbox."""
        return f"{super().content_security_policy}; sandbox"

    async def send(
        self, name: str, size: int, file: BinaryIO, *, download: bool = False, tag: str = ""
    ) -> None:
        """Send a file, or the part of it that is asked for, and close it.

        Args:
            name: Its path, which says its type.
            size: In bytes.
            file: Open at its beginning.
            download: Whether a browser should save it.
            tag: Changes when the bytes do; empty if nothing is known to.

        Raises:
            RangeError: The file has no such part.
        """
        try:
            self.set_header("Accept-Ranges", "bytes")
            self.set_header("X-Content-Type-Options", "nosniff")
            self._name_it(name, download)
            if tag:
                self.set_header("Etag", f'"{tag}"')
                if self.check_etag_header():
                    self.set_status(304)
                    self.finish()
                    return
            begin, end = self._part(size)
            self.set_header("Content-Length", str(end - begin))
            await self.workers.call(_skip, file, begin)
            await self._copy(file, end - begin)
        finally:
            file.close()

    async def send_pieces(self, name: str, pieces: Iterator[bytes]) -> None:
        """Send an archive as it is made; its length is not known before."""
        try:
            piece = await self.workers.call_slow(next, pieces, b"")
            self._name_it(name, True)
            while piece:
                self.write(piece)
                await self.flush()
                piece = await self.workers.call_slow(next, pieces, b"")
            self.finish(set_content_type="application/zip")
        finally:
            await self.workers.call_slow(_close, pieces)

    def _name_it(self, name: str, download: bool) -> None:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.set_header("Content-Type", kind)
        last = quote(name.rpartition("/")[2].encode("utf-8", "replace"))
        how = "attachment" if download else "inline"
        self.set_header("Content-Disposition", f"{how}; filename*=UTF-8''{last}")

    def _part(self, size: int) -> tuple[int, int]:
        asked = self.request.headers.get("Range", "")
        meant = self.request.headers.get("If-Range")
        if meant is not None and meant != self._headers.get("Etag"):
            asked = ""
        part = read_range(asked, size)
        if part is None:
            return 0, size
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {part[0]}-{part[1] - 1}/{size}")
        return part

    async def _copy(self, file: BinaryIO, left: int) -> None:
        await self.flush()
        while left:
            piece = await self.workers.call(file.read, min(CHUNK, left))
            if not piece:
                break
            left -= len(piece)
            self.write(piece)
            await self.flush()
        self.finish()


def read_range(text: str, size: int) -> tuple[int, int] | None:
    """Read a ``Range`` header; ``None`` for the whole file, as for ranges of other sorts.

    Returns:
        The first byte and the one behind the last.

    Raises:
        RangeError: The file has no such part.
    """
    match = _RANGE.match(text.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1]:
        begin = int(match[1])
        end = min(int(match[2]) + 1 if match[2] else size, size)
        if match[2] and int(match[2]) < begin:
            return None
    else:
        begin, end = max(0, size - int(match[2])), size
    if begin >= end:
        raise RangeError(f"the file has {size:,} bytes, not {text.strip()!r}")
    return begin, end


def _skip(file: BinaryIO, count: int) -> None:
    if count and file.seekable():
        file.seek(count)
        return
    while count:
        piece = file.read(min(CHUNK, count))
        if not piece:
            return
        count -= len(piece)


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def as_file(data: bytes) -> BinaryIO:
    """Wrap bytes that are there already."""
    return io.BytesIO(data)
