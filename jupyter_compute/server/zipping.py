"""Makes an archive piece by piece: of any size, with little memory and no file."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

_PIECE = 1 << 18


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; cannot go back, as a connection cannot."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self.size += len(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces, self.size = self._pieces, [], 0
        return b"".join(pieces)


def zipped(files: Iterable[tuple[str, int, BinaryIO]]) -> Iterator[bytes]:
    """Yield an archive of files in pieces.

    Args:
        files: The path of each, its mode (with the type of a link, else without a type), and
            itself; each is read before the next is asked for.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, mode, file in files:
            info = zipfile.ZipInfo(path.encode("utf-8", "replace").decode())
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = (mode if stat.S_IFMT(mode) else stat.S_IFREG | mode) << 16
            with archive.open(info, "w", force_zip64=True) as entry:
                while piece := file.read(_PIECE):
                    entry.write(piece)
                    if sink.size >= _PIECE:
                        yield sink.take()
    yield sink.take()
