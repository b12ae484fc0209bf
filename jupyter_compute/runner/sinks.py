"""Where the far end of a narrow channel writes: a stream of bytes that others can only look at.

The stream is one of frames, and it only ever grows. It is cut into files that are whole as soon
as they have their names, or into lines of a log that others write to as well.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re

_NAME = re.compile(r"(\d{15})-(\d{15})\Z")
_SMALL, _MANY = 256 * 1024, 16
_LARGEST = 4 * 1024 * 1024

MARK = "::jc1::"
"""What a line of ours begins with in a log."""


def segment_name(start: int, end: int) -> str:
    """Name the file that holds the bytes of the stream from one offset up to another."""
    return f"{start:015d}-{end:015d}"


def parse_name(name: str) -> tuple[int, int] | None:
    """Return the offsets in a segment's name; ``None`` if it is none."""
    found = _NAME.match(name)
    return (int(found[1]), int(found[2])) if found else None


class FileSink:
    """Writes the stream to files of a folder, each named by its place in the stream.

    Small ones are joined from time to time, so that they stay few however long a run lasts.

    Args:
        folder: Its own; made if it is not there.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, 0o700, exist_ok=True)
        self._parts: list[bytes] = []
        self._size = 0
        found = sorted(filter(None, map(parse_name, os.listdir(folder))))
        self.end = max((end for _, end in found), default=0)
        self._small: list[tuple[int, int]] = []

    def write(self, data: bytes) -> None:
        """Add a frame, which is in one file as a whole."""
        if self._size and self._size + len(data) > _LARGEST:
            self.flush()
        self._parts.append(data)
        self._size += len(data)

    def flush(self) -> None:
        """Let what was written be seen."""
        if not self._parts:
            return
        place = (self.end, self.end + self._size)
        self._place(place, b"".join(self._parts))
        self._parts, self._size, self.end = [], 0, place[1]
        if place[1] - place[0] >= _SMALL:
            self._small = []
            return
        self._small.append(place)
        if len(self._small) >= _MANY:
            self._join()

    def _place(self, place: tuple[int, int], data: bytes) -> None:
        temporary = os.path.join(self.folder, f"new.{os.getpid()}")
        with open(temporary, "wb") as file:
            file.write(data)
        os.rename(temporary, os.path.join(self.folder, segment_name(*place)))

    def _join(self) -> None:
        """Replace small files by one: whoever looks for one of them looks again."""
        data = b""
        for place in self._small:
            with open(os.path.join(self.folder, segment_name(*place)), "rb") as file:
                data += file.read()
        whole = (self._small[0][0], self._small[-1][1])
        self._place(whole, data)
        for place in self._small:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.folder, segment_name(*place)))
        self._small = [whole] if len(data) < _SMALL else []


class LineSink:
    """Writes the stream to a log as lines of ASCII that begin with our mark.

    Args:
        fd: Where to.
        width: How many bytes of the stream a line holds at most.
    """

    def __init__(self, fd: int, width: int = 3000) -> None:
        self.fd = fd
        self.width = width
        self.end = 0

    def write(self, data: bytes) -> None:
        """Add a frame."""
        for at in range(0, len(data), self.width):
            piece = data[at : at + self.width]
            text = base64.b64encode(piece).decode()
            line = f"{MARK} {self.end} {text}\n".encode()
            # A line that another writer has begun must not swallow ours.
            _write(self.fd, b"\n" + line)
            self.end += len(piece)

    def flush(self) -> None:
        """Let what was written be seen: it is."""


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
