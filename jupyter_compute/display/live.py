"""Waits for a run while showing it."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol

from ..model import Run
from .outputs import RichOutputs
from .screens import Screen
from .view import Follower, RunPicture, RunSource

INTERVAL_S = 0.1
"""A view is drawn ten times a second at most."""

_IDLE_S = 1.0
_LIVE_LINES = 40


class Attendant(Protocol):
    """Sees to what the run's target asks meanwhile."""

    def note(self) -> str:
        """Say what is asked; empty when nothing is."""
        ...

    def has_news(self) -> bool:
        """Whether something is asked that :meth:`attend` has not seen to."""
        ...

    def attend(self) -> object:
        """Ask whoever is here, once a question; may block for as long as they do."""
        ...


class _Nobody:
    def note(self) -> str:
        return ""

    def has_news(self) -> bool:
        return False

    def attend(self) -> None:
        pass


def watch(
    source: RunSource,
    screen: Screen,
    *,
    attendant: Attendant | None = None,
    clock: Callable[[], float] = time.time,
) -> RunPicture:
    """Show a run until it is over, and return the last picture.

    Blocks. The first Ctrl-C, or the screen's button, asks the run to end; the second Ctrl-C
    stops watching and leaves the run alone. The last picture's run is then not over.
    """
    with Interrupts() as interrupts:
        watching = _Watch(source, screen, interrupts, attendant or _Nobody(), clock)
        try:
            return watching.until_over()
        except BaseException:
            # Whatever stops the view, no picture stays that looks as if it were live.
            with contextlib.suppress(Exception):
                watching.leave()
            raise


class Interrupts:
    """Counts Ctrl-C instead of raising, so that a view is never left half drawn.

    The third one raises as usual. Outside the main thread nothing is changed.
    """

    def __init__(self) -> None:
        self.count = 0
        self._is_set = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._count)
            self._is_set = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_set:
            # What was not set by Python code reads as None and cannot be set again.
            signal.signal(signal.SIGINT, self._before or signal.default_int_handler)

    def _count(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 2:
            raise KeyboardInterrupt


class _Watch:
    def __init__(
        self,
        source: RunSource,
        screen: Screen,
        interrupts: Interrupts,
        attendant: Attendant,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._screen = screen
        self._interrupts = interrupts
        self._attendant = attendant
        self._clock = clock
        self._follower = Follower(source)
        self._rich = RichOutputs(source.read_result, screen.publish)
        self._is_asked = False
        self._question = ""
        self._drawn = float("-inf")
        self._interval_s = INTERVAL_S
        self._is_stale = True

    def until_over(self) -> RunPicture:
        # The picture stands above the rich outputs, so it is drawn before any of them.
        self._draw()
        while not self._read().is_final:
            if self._interrupts.count > 1:
                return self.leave()
            self._ask_to_cancel()
            self._attend()
            since = time.monotonic() - self._drawn
            if since >= (self._interval_s if self._is_stale else _IDLE_S):
                self._draw()
            self._source.wait(INTERVAL_S / 2)
        return self._close("")

    def _read(self) -> Run:
        data = self._follower.read()
        self._is_stale = self._is_stale or data is not None
        if data:
            self._screen.log(data)
        run = self._follower.run
        self._rich.add(self._follower.take_displays(), is_over=run.is_final)
        return run

    def _ask_to_cancel(self) -> None:
        if self._is_asked or not (self._screen.is_cancel_pressed() or self._interrupts.count):
            return
        self._is_asked = self._is_stale = True
        self._source.cancel()

    def _attend(self) -> None:
        question = self._attendant.note()
        if question != self._question:
            self._question = question
            self._draw()
        if self._attendant.has_news():
            self._screen.step_aside()
            self._attendant.attend()

    def _draw(self) -> None:
        began = time.monotonic()
        note = self._question
        if self._is_asked:
            note = f"{note} Asked to cancel. Interrupt again to stop watching.".lstrip()
        self._screen.show(self._follower.picture(now=self._clock(), lines=_LIVE_LINES, note=note))
        self._drawn = time.monotonic()
        # A picture that is slow to draw must not keep the processor busy.
        self._interval_s = max(INTERVAL_S, 5 * (self._drawn - began))
        self._is_stale = False

    def leave(self) -> RunPicture:
        run_id = self._follower.run.id
        return self._close(f"No longer watched. %compute run {run_id} shows the run again.")

    def _close(self, note: str) -> RunPicture:
        picture = self._follower.picture(now=self._clock(), note=note)
        self._screen.close(picture)
        return picture
