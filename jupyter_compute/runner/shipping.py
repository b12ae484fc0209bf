"""Tells all about a run through a narrow channel, as frames, until it is over."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import time
import zlib
from typing import Any, Protocol

from . import processes, protocol, reading, status
from .failures import Failure
from .run_folder import RunFolder, files_below, is_text

FILE, STATUS, ZIPPED = 1, 2, 3
"""Kinds of frames: bytes of a file, the same compressed, and a status."""

LOST = b"L"
"""What the foreground says when the engine has ended, and the run is to end with it."""

_TICK_S = 0.1
_LOOK_S, _FOLDER_S = 0.5, 1.0
_FLUSH_S = 0.25
_PIECE = 512 * 1024
_WORTH = 256
_FINAL = ("completed", "failed", "canceled")


class Sink(Protocol):
    """Where frames go."""

    def write(self, data: bytes) -> None:
        """Add a frame."""

    def flush(self) -> None:
        """Let what was written be seen."""


class Shipper:
    """Ships what a run says and leaves.

    Everything is shipped with its place in its file, so one that starts anew begins anew.

    Args:
        folder: The attempt's folder.
        sink: Where the frames go.
        mirror: A descriptor that the log is copied to, for those who look there; -1 for none.
        mirrored: Up to where that was done already.
    """

    def __init__(self, folder: str, sink: Sink, mirror: int = -1, mirrored: int = 0) -> None:
        self.run = RunFolder(folder)
        self.sink = sink
        self.mirror = mirror
        self.mirrored = mirrored
        self._sent: dict[str, int] = {}
        self._whole: dict[str, tuple[int, int]] = {}
        self._told: dict[str, Any] | None = None
        self._flushed = self._looked = self._listed = 0.0
        self._is_new = False

    def ship(self, waiter: int) -> dict[str, Any]:
        """Ship until the run is over; returns its final status.

        Args:
            waiter: A pipe from who waits in the foreground: a byte asks for the end of the run.
                ``LOST`` says that the engine takes the job for dead, and so does its end.
        """
        watched = [waiter]
        while True:
            final = self._look()
            if final is not None:
                return final
            ready, _, _ = select.select(watched, [], [], _TICK_S)
            if not ready:
                continue
            asked = os.read(waiter, 16)
            if asked and asked != LOST:
                status.cancel(self.run.path)
            else:
                watched = watched if asked else []
                self._end_by_host()

    def _look(self) -> dict[str, Any] | None:
        now = time.monotonic()
        is_over = os.path.exists(self.run / "exit.json")
        found = None
        if is_over or now - self._looked >= _LOOK_S or not self._is_begun():
            self._looked = now
            found = status.read_status(self.run.path)
            # Only after the status, or the last bytes could be missed.
        self._ship_growing(now, is_over)
        if found is not None:
            if found.get("state") in _FINAL:
                self._ship_growing(now, True)
                self._ship_left()
                self._tell(found)
                self.sink.flush()
                return found
            self._tell(found)
        if self._is_new and now - self._flushed >= _FLUSH_S:
            self._flushed, self._is_new = now, False
            self.sink.flush()
        return None

    def _is_begun(self) -> bool:
        """Whether it was told that the program runs, or that something is built for it.

        Until then the log waits: whoever sees the first line of a program sees it running.
        """
        told = self._told or {}
        return bool(told) and (told.get("state") != "preparing" or bool(told.get("reason")))

    def _tell(self, found: dict[str, Any]) -> None:
        short = {key: value for key, value in found.items() if key != "sizes"}
        # How much it holds by now is news to nobody.
        short.get("facts", {}).pop("" if short.get("state") in _FINAL else "peak_memory_bytes", 0)
        if short != self._told:
            self._told = short
            self._send(STATUS, short)

    def _ship_growing(self, now: float, is_over: bool) -> None:
        if is_over or self._is_begun():
            self._grow("log")
        if is_over or now - self._listed >= _FOLDER_S:
            self._listed = now
            for name in files_below(self.run / "work/logs", "logs"):
                if is_text(name):
                    self._grow(name)
        self._grow("events")

    def _grow(self, name: str) -> None:
        while True:
            offset = self._sent.get(name, 0)
            data = self._read(name, offset)
            if not data:
                return
            if name == "events":
                # What an event names was whole before the event was there.
                self._ship_whole(files_below(self.run / "results", "results"))
            self._send_bytes(name, offset, data)
            self._sent[name] = offset + len(data)
            if name == "log" and self.mirror >= 0:
                self._copy(offset, data)

    def _copy(self, offset: int, data: bytes) -> None:
        fresh = data[max(0, self.mirrored - offset) :]
        self.mirrored = max(self.mirrored, offset + len(data))
        with contextlib.suppress(OSError):
            while fresh:
                fresh = fresh[os.write(self.mirror, fresh) :]

    def _ship_left(self) -> None:
        """Ship the files that the run announced."""
        named = {}
        with contextlib.suppress(OSError), open(self.run / "events", "rb") as file:
            for line in file:
                if b'"output"' not in line:
                    continue
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    event = json.loads(line)
                    if event["type"] == "output":
                        named[str(event["path"])] = int(event["size"])
        self._ship_whole(named)

    def _ship_whole(self, files: dict[str, int]) -> None:
        for name in files:
            mark = self._mark(name) if is_text(name) else None
            if mark is None or self._whole.get(name) == mark:
                continue
            self._whole[name] = mark
            offset = 0
            while True:
                data = self._read(name, offset)
                if not data and offset:
                    break
                self._send_bytes(name, offset, data)
                offset += len(data)
                if not data:
                    break

    def _mark(self, name: str) -> tuple[int, int] | None:
        try:
            found = os.stat(reading.locate(self.run.path, name))
        except (OSError, Failure):
            return None
        return found.st_size, found.st_mtime_ns

    def _read(self, name: str, offset: int) -> bytes:
        try:
            return reading.read(self.run.path, name, offset, _PIECE)[0]
        except (OSError, Failure):
            return b""

    def _send_bytes(self, name: str, offset: int, data: bytes) -> None:
        head = {"name": name, "offset": offset}
        if len(data) >= _WORTH:
            packed = zlib.compress(data, 1)
            if len(packed) < 0.9 * len(data):
                self._send(ZIPPED, head, packed)
                return
        self._send(FILE, head, data)

    def _send(self, kind: int, head: dict[str, Any], body: bytes = b"") -> None:
        self.sink.write(protocol.encode(0, kind, head, body))
        self._is_new = True

    def _end_by_host(self) -> None:
        """End the run as a shutdown of the host does: the engine has lost sight of it."""
        state = self.run.state()
        keeper = processes.find(state["pid"]) if state else None
        if state and keeper is not None and keeper.start == state["start"]:
            processes.send(keeper, signal.SIGTERM)

    def clear(self, final: dict[str, Any]) -> None:
        """Remove the files of a run of which all was shipped; that it was here stays known."""
        if "left on the target" in str(final.get("reason", "")):
            return
        for name in ("work", "files", "results"):
            shutil.rmtree(self.run / name, ignore_errors=True)
        for name in ("log", "events"):
            with contextlib.suppress(OSError):
                os.unlink(self.run / name)
        if final.get("state") == "completed":
            shutil.rmtree(self.run.checkpoint, ignore_errors=True)
