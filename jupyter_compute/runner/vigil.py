"""Waits for the programs of a run to end, and ends them when somebody or a limit wants that."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from . import endings, processes
from .bell import Bell
from .family import Family
from .observer import Observer
from .run_folder import MEGABYTE, RunFolder

_SETTLED_S = 0.3
_REPEAT_S = 0.2
_LATE_S = 0.5


class Vigil:
    """The time from a program's start to its end.

    Args:
        run: The attempt's folder.
        family: The run's processes.
        observer: Looks at the program from beside.
        bell: Wakes this.
        settle: Called once, shortly after the start, for what would disturb the start and is not
            worth the while for a program that ends at once.
        aim: Returns the pid to signal for a child that stands for a program elsewhere.
        listens: Tells whether a child wants to hear that the time of its job is nearly up.
        ask_many: Asks the programs to end that a child started elsewhere; tells whether it did.
    """

    def __init__(
        self,
        run: RunFolder,
        family: Family,
        observer: Observer,
        bell: Bell,
        settle: Callable[[], None],
        aim: Callable[[int], int],
        listens: Callable[[int], bool],
        ask_many: Callable[[int], bool],
    ) -> None:
        self.run = run
        self.family = family
        self.observer = observer
        self.bell = bell
        self.verdict: tuple[str, str] | None = None
        """State and error, if the program was asked to end."""
        self._aim = aim
        self._ask_many = ask_many
        self._listens: Callable[[int], bool] | None = listens
        self._settle: Callable[[], None] | None = settle
        self._steps: list[tuple[float, int]] = []

    def wait(
        self, pids: list[int], state: dict[str, Any], limit_min: float | None, grace_s: float
    ) -> tuple[int, int]:
        """Wait for the end of all programs; when one of them fails, the others are ended.

        Args:
            pids: The programs, children of this process.
            state: The keeper's state, for the heartbeat.
            limit_min: How long they may run; ``None`` for ever. The wall clock plays no part.
            grace_s: How long they have after they were asked to end.

        Returns:
            The pid and the wait status of the program that failed first, else of the last.
        """
        begun = time.monotonic()
        limit = begun + limit_min * 60 if limit_min else float("inf")
        settled_at = begun + _SETTLED_S
        running, result = set(pids), (0, 0)
        while True:
            for pid, status in _collected():
                if pid in running and not result[1]:
                    result = (pid, status)
                running.discard(pid)
            if not running:
                return result
            now = time.monotonic()
            if self.bell.is_warned:
                self._warn(running)
            if self.verdict is None:
                self.verdict = self._reason_to_end(limit_min if now >= limit else None)
            if (self.verdict is not None or result[1]) and not self._steps:
                self._ask(running, now, grace_s)
            self._press(now)
            if self._settle is not None and now >= settled_at:
                settle, self._settle = self._settle, None
                settle()
            self.observer.look(running, state)
            due = self._steps[0][0] if self._steps else limit
            if self._settle is not None:
                due = min(due, settled_at)
            self.bell.pause(min(due - time.monotonic(), self.observer.wait_s()))

    def hear_late(self) -> None:
        """Wait a moment for what may have ended the programs, and is about to be heard here.

        An engine that ends a job sends its signal to all processes, in any order.
        """
        deadline = time.monotonic() + _LATE_S
        while self.verdict is None and time.monotonic() < deadline:
            self.verdict = self._reason_to_end(None)
            if self.verdict is None:
                self.bell.pause(deadline - time.monotonic())

    def _warn(self, pids: Iterable[int]) -> None:
        """Tell programs once that they will be ended soon, if they want to hear it."""
        listens, self._listens = self._listens, None
        if listens is None:
            return
        self.run.add_event("phase", name="the time of its job is nearly up")
        for pid in pids:
            if listens(pid):
                with contextlib.suppress(OSError):
                    os.kill(self._aim(pid), signal.SIGUSR2)

    def _reason_to_end(self, limit_min: float | None) -> tuple[str, str] | None:
        wish = self.run.wish()
        if wish is not None:
            return "canceled", endings.of_wish(wish)
        if limit_min is not None:
            return "failed", f"the time limit of {endings.duration(limit_min * 60)} was reached"
        if self.bell.terminated:
            return "failed", endings.BY_HOST
        if self.observer.is_folder_gone:
            return "failed", "the folder of the run was removed"
        if self.observer.is_log_too_large:
            limit_mb = self.observer.log_limit / MEGABYTE
            return "failed", f"the log grew beyond its limit of {limit_mb:g} MB"
        return None

    def _ask(self, pids: Iterable[int], now: float, grace_s: float) -> None:
        """Ask programs to end by the signal they listen to, as a terminal would: their groups."""
        once_more = now + grace_s / 2
        for pid in map(self._aim, pids):
            if self._ask_many(pid):
                # What started them would have them killed if it were asked as well.
                once_more = float("inf")
                continue
            by_int = processes.handles(pid, signal.SIGINT) and not processes.handles(
                pid, signal.SIGTERM
            )
            with contextlib.suppress(OSError):
                processes.signal_group(pid, signal.SIGINT if by_int else signal.SIGTERM)
        steps = [(once_more, signal.SIGTERM), (now + grace_s, signal.SIGKILL)]
        self._steps = [step for step in steps if step[0] < float("inf")]

    def _press(self, now: float) -> None:
        while self._steps and now >= self._steps[0][0]:
            self.family.signal(self._steps.pop(0)[1])
            if not self._steps:
                # What could fork between the look and the signal is killed the next time.
                self._steps = [(now + _REPEAT_S, signal.SIGKILL)]


def _collected() -> Iterator[tuple[int, int]]:
    """Collect every child that ended, with its wait status."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status
