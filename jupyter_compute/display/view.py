"""What is known of a run at one moment, gathered from its record, its log and its events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from ..model import (
    DisplayEvent,
    ErrorEvent,
    Event,
    ImageEvent,
    ListEvent,
    MetricEvent,
    OutputFile,
    PhaseEvent,
    ProgressEvent,
    RowEvent,
    Run,
    VariableEvent,
)
from .terminal import Line, Terminal

CHUNK = 1 << 20
TAIL_BYTES = 8 << 20
_CHARACTERS = 200_000
_ROWS = 20
_IMAGES = 6
_IMAGE_BYTES = 1 << 20


class RunSource(Protocol):
    """Where a view takes the facts from. No method blocks longer than a read of local files."""

    def run(self) -> Run:
        """Return the run as it stands."""
        ...

    def read_log(self, offset: int, limit: int) -> bytes:
        """Read up to ``limit`` bytes of the log from an offset; empty at its present end."""
        ...

    def log_size(self) -> int:
        """Return how many bytes of the log are here."""
        ...

    def events(self, after: int) -> Sequence[tuple[int, Event]]:
        """Return the events of the present attempt that follow a sequence number, in order."""
        ...

    def outputs(self) -> Sequence[OutputFile]:
        """Return the files that the run left."""
        ...

    def read_result(self, path: str) -> bytes | None:
        """Read a file under ``results/``; ``None`` while it has not arrived whole."""
        ...

    def wait(self, seconds: float) -> None:
        """Return when something may have changed, or after so many seconds."""
        ...

    def cancel(self) -> None:
        """Ask the run to end; harmless for one that is over."""
        ...


class Rows(Struct, frozen=True):
    """The end of a table that the run logs: how many rows there are, and the last of them."""

    count: int
    last: tuple[dict[str, Any], ...]


class Image(Struct, frozen=True):
    """The last image that the run logged under a name."""

    name: str
    mime: str
    data: bytes


class RunPicture(Struct, frozen=True, kw_only=True):
    """A run at one moment, ready to be drawn.

    Attributes:
        lines: The last lines of the log as a terminal shows them.
        hidden_lines: How many lines before them are not in the picture.
        hidden_bytes: How many bytes of the log were skipped altogether.
        log_bytes: How long the log is.
        now: The time of the picture, in seconds since the epoch.
        is_live: Whether the picture will be followed by another.
        note: What to tell the user about the view itself.
    """

    run: Run
    lines: tuple[Line, ...] = ()
    hidden_lines: int = 0
    hidden_bytes: int = 0
    log_bytes: int = 0
    progress: ProgressEvent | None = None
    phase: str = ""
    metrics: dict[str, list[MetricEvent]] = {}
    tables: dict[str, Rows] = {}
    images: tuple[Image, ...] = ()
    error: ErrorEvent | None = None
    variables: tuple[VariableEvent, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    now: float = 0.0
    is_live: bool = False
    note: str = ""


class Follower:
    """Gathers the facts about one run, a piece at a time.

    Args:
        source: Where the facts come from.
        lines: How many lines of the log are kept.
    """

    def __init__(self, source: RunSource, *, lines: int = 2000) -> None:
        self._source = source
        self._keep = lines
        self.run = source.run()
        self._begin()

    def _begin(self) -> None:
        self._terminal = Terminal(self._keep)
        self._offset = self._hidden_bytes = max(0, self._source.log_size() - TAIL_BYTES)
        self._after = 0
        self._displays: list[DisplayEvent] = []
        self._progress: ProgressEvent | None = None
        self._phase = ""
        self._metrics: dict[str, list[MetricEvent]] = {}
        self._tables: dict[str, Rows] = {}
        self._images: dict[str, ImageEvent] = {}
        self._error: ErrorEvent | None = None
        self._variables: dict[str, VariableEvent] = {}

    def read(self) -> bytes | None:
        """Take in what is new: the new bytes of the log, or ``None`` if nothing changed.

        The record is read before the log and the events, so that once it says that the run is
        over, everything that the run said is taken in as well.
        """
        before = self.run
        self.run = self._source.run()
        if self.run.attempt != before.attempt:
            self._begin()
        data = self._read_log()
        is_new = self._read_events()
        return data if data or is_new or self.run.revision != before.revision else None

    def take_displays(self) -> list[DisplayEvent]:
        """Return the rich outputs that came since the last call, in order."""
        displays, self._displays = self._displays, []
        return displays

    def picture(self, *, now: float, lines: int | None = None, note: str = "") -> RunPicture:
        """Return everything gathered so far; the log is cut to its last ``lines``."""
        kept = self._terminal.lines()
        shown = _last(kept, len(kept) if lines is None else lines)
        return RunPicture(
            run=self.run,
            lines=shown,
            hidden_lines=self._terminal.dropped + len(kept) - len(shown),
            hidden_bytes=self._hidden_bytes,
            log_bytes=self._offset,
            progress=self._progress,
            phase=self._phase,
            metrics=self._metrics,
            tables=self._tables,
            images=self._read_images() if self.run.is_final else (),
            error=self._error,
            variables=tuple(self._variables.values()),
            outputs=tuple(self._source.outputs()) if self.run.is_final else (),
            now=now,
            is_live=not self.run.is_final,
            note=note,
        )

    def _read_log(self) -> bytes:
        pieces: list[bytes] = []
        while True:
            piece = self._source.read_log(self._offset, CHUNK)
            if not piece:
                return b"".join(pieces)
            self._terminal.feed(piece)
            self._offset += len(piece)
            pieces.append(piece)
            # A run that writes faster than this reads must not keep the view from drawing.
            if len(pieces) >= 16 and not self.run.is_final:
                return b"".join(pieces)

    def _read_images(self) -> tuple[Image, ...]:
        images = []
        for event in list(self._images.values())[-_IMAGES:]:
            data = self._source.read_result(event.path)
            if data and len(data) <= _IMAGE_BYTES:
                images.append(Image(event.name, event.mime, data))
        return tuple(images)

    def _read_events(self) -> bool:
        is_new = False
        while events := self._source.events(self._after):
            is_new = True
            for sequence, event in events:
                self._after = max(self._after, sequence)
                self._take(event)
        return is_new

    def _take(self, event: Event) -> None:
        if isinstance(event, MetricEvent):
            self._metrics.setdefault(event.name, []).append(event)
        elif isinstance(event, DisplayEvent):
            self._displays.append(event)
        elif isinstance(event, ProgressEvent):
            self._progress = event
        elif isinstance(event, PhaseEvent):
            self._phase = event.name
        elif isinstance(event, ErrorEvent):
            self._error = event
        elif isinstance(event, VariableEvent):
            self._variables[event.name] = event
        elif isinstance(event, RowEvent):
            rows = self._tables.get(event.name, Rows(0, ()))
            self._tables[event.name] = Rows(rows.count + 1, (*rows.last, event.row)[-_ROWS:])
        elif isinstance(event, ListEvent):
            self._metrics[event.name] = [
                MetricEvent(t=event.t, name=event.name, value=value, step=step)
                for step, value in enumerate(event.values)
            ]
        elif isinstance(event, ImageEvent):
            self._images[event.name] = event


def _last(lines: tuple[Line, ...], count: int) -> tuple[Line, ...]:
    """Return the last lines, fewer where long ones would make the picture heavy."""
    room = _CHARACTERS
    start = len(lines)
    while start and len(lines) - start < count and room > 0:
        start -= 1
        room -= sum(len(span.text) for span in lines[start])
    return lines[start:]
