"""What came through a narrow channel, put down on this machine: a run's files and its status.

The far end (``runner.shipping``) sends one stream of frames for each attempt. How its bytes get
here is a matter of the driver, which hands them in with their offset in the stream; they may
come twice, or anew from the start.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..errors import ConfigError, DriverError
from ..model import JobStatus
from ..runner.protocol import Decoder, Frame, ProtocolError
from ..runner.shipping import FILE, STATUS, ZIPPED
from ..runner.sinks import MARK
from ._statuses import status_of

_FILES = ("log", "events")
_FOLDERS = ("outputs", "logs", "results")
_LARGEST = 1 << 40
_PIECE = 4 * 1024 * 1024
_LINE = re.compile(rf"^{MARK} (\d{{1,15}}) ([A-Za-z0-9+/=]+)\r?$", re.MULTILINE)


class Inbox:
    """What is here of one attempt.

    The files are written before it is noted that they were, and at their offsets: whoever is
    killed in between writes the same bytes again.

    Args:
        folder: The attempt's own folder on this machine; made when there is something.

    Attributes:
        offset: Up to where the stream was taken.
        status: What the far end said last; ``None`` before it said anything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.offset = 0
        self.status: JobStatus | None = None
        self._told: dict[str, Any] = {}
        self._decoder = Decoder()
        self._fed = 0
        self._sizes = dict.fromkeys(_FILES, 0)
        self._load()

    @property
    def is_whole(self) -> bool:
        """Whether the final status is here, and with it all that there is."""
        return self.status is not None and self.status.state.is_final

    @property
    def wanted(self) -> int:
        """The offset in the stream of the next byte to be handed in."""
        return self._fed

    def feed(self, offset: int, data: bytes) -> bool:
        """Take bytes of the stream; returns whether there was anything new. Blocks for the disk.

        Args:
            offset: Where in the stream they begin. What is beyond the next wanted byte cannot be
                taken yet, and what was taken already is passed over.
            data: The bytes.

        Raises:
            DriverError: They are no frames of ours.
        """
        skip = self._fed - offset
        if skip < 0 or skip >= len(data):
            return False
        is_new = False
        fresh = data[skip:]
        try:
            for frame in self._decoder.feed(fresh):
                self._take(frame)
                is_new = True
        except (ProtocolError, zlib.error, KeyError, TypeError, ValueError) as exc:
            self.rewind()
            raise DriverError(
                f"what the far end of the run says makes no sense: {type(exc).__name__}: {exc}",
                hint="is it really ours that runs there?",
            ) from exc
        except OSError:
            self.rewind()
            raise
        self._fed += len(fresh)
        if is_new:
            self.offset = self._fed - self._decoder.pending
            self._save()
        return is_new

    def rewind(self) -> None:
        """Forget what was not noted: it is to be handed in again."""
        self._decoder, self._fed = Decoder(), self.offset

    def read(self, name: str, offset: int) -> bytes:
        """Return some bytes of a file from an offset; empty if there are none here."""
        try:
            with open(self._path(name), "rb") as file:
                file.seek(offset)
                return file.read(_PIECE)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return b""

    def sizes(self) -> dict[str, int]:
        """Return the bytes here of the log, the events and each file under ``logs/``."""
        return dict(self._sizes)

    def add_log(self, data: bytes) -> None:
        """Append to the log of a run that the far end never spoke of, such as why it cannot."""
        if not self._sizes["log"]:
            self._write("log", 0, data)

    def _take(self, frame: Frame) -> None:
        if frame.kind == STATUS:
            self._told = dict(frame.head)
            self.status = status_of(self._told)
        elif frame.kind in (FILE, ZIPPED):
            body = frame.body
            if frame.kind == ZIPPED:
                body = zlib.decompressobj().decompress(body, _PIECE)
            self._write(str(frame.head["name"]), int(frame.head["offset"]), body)
        else:
            raise ValueError(f"a frame of the kind {frame.kind}")

    def _write(self, name: str, offset: int, data: bytes) -> None:
        if not 0 <= offset <= _LARGEST:
            raise ValueError(f"{name[:100]!r} at {offset}")
        try:
            path = self._path(name)
        except ConfigError as exc:
            raise ValueError(exc.message) from exc
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(data)
            while view:
                written = os.pwrite(fd, view, offset)
                offset += written
                view = view[written:]
        finally:
            os.close(fd)
        if name in _FILES or name.startswith("logs/"):
            self._sizes[name] = max(self._sizes.get(name, 0), offset)

    def _path(self, name: str) -> Path:
        check_readable(name)
        return self.folder / name

    def _load(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads((self.folder / "inbox.json").read_bytes())
            self.offset = self._fed = int(found["offset"])
            self._told = dict(found["status"])
            self.status = status_of(self._told) if self._told else None
        self._measure()

    def _measure(self) -> None:
        """Look how large the files are that an earlier process has written."""
        for name in _FILES:
            with contextlib.suppress(OSError):
                self._sizes[name] = (self.folder / name).stat().st_size
        for path in sorted((self.folder / "logs").rglob("*")):
            if path.is_file():
                name = path.relative_to(self.folder).as_posix()
                self._sizes[name] = path.stat().st_size

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / f"inbox.{os.getpid()}.{id(self):x}"
        temporary.write_bytes(msgspec.json.encode({"offset": self.offset, "status": self._told}))
        temporary.rename(self.folder / "inbox.json")


def check_readable(name: str) -> None:
    """Refuse a name that is no file of a run.

    Raises:
        ConfigError: It is none.
    """
    top, *rest = name.split("/")
    is_safe = name in _FILES or (top in _FOLDERS and bool(rest))
    if not is_safe or "\0" in name or any(part in ("", ".", "..") for part in rest):
        raise ConfigError(
            f"{name[:200]!r} is no file of a run that can be read",
            hint="read log, events, or a file below outputs/, logs/ or results/",
        )


def pieces_of(text: str) -> Iterator[tuple[int, bytes]]:
    """Find the pieces of the stream in a log that carries it, with their offsets."""
    for found in _LINE.finditer(text):
        with contextlib.suppress(binascii.Error):
            yield int(found[1]), base64.b64decode(found[2], validate=True)


def words_of(text: str) -> str:
    """Return a log without the lines that carry the stream."""
    lines = [line for line in text.split("\n") if line and not line.startswith(MARK)]
    return "\n".join(lines)
