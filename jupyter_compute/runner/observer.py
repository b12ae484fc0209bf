"""Watches a running program from beside: progress, memory, the size of its log, a heartbeat.

It looks often while the log grows and seldom while it does not, so that a quiet run of a week
costs nothing that could be measured.
"""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Iterable
from typing import Any

from . import processes
from .progress import Bars
from .run_folder import RunFolder

_BUSY_S = 0.5
_QUIET_S = 3.0
_HEARTBEAT_S = 30.0
_TAIL = 8192
_CHUNK = 1 << 20
_PROGRESS = re.compile(rb'"type":\s*"progress"')


class Observer:
    """Looks at one running program.

    Args:
        run: The attempt's folder.
        log_limit: Bytes that the log may have; 0 means no limit.

    Attributes:
        insiders: The programs, if they are no descendants of this process.
    """

    def __init__(self, run: RunFolder, log_limit: int) -> None:
        self.peak_memory = 0
        self.is_log_too_large = False
        self.is_folder_gone = False
        self.insiders: list[int] | None = None
        self._run = run
        self.log_limit = log_limit
        self._log_size = -1
        self._bars = Bars()
        self._shown: tuple[float, str] | None = None
        self._events_read = 0
        self._own_progress = 0
        self._user_reports = False
        self._interval = _BUSY_S
        self._memory_due = 0.0
        self._memory_interval = _BUSY_S
        self._heartbeat_due = time.monotonic() + _HEARTBEAT_S

    def wait_s(self) -> float:
        """Return how long nothing needs to be looked at."""
        return self._interval

    def look(self, pids: Iterable[int], state: dict[str, Any]) -> None:
        """Look once at everything that is due, at the programs and all below them."""
        now = time.monotonic()
        self._look_at_log()
        if now >= self._memory_due:
            self._look_at_memory(pids)
            cost = time.monotonic() - now
            self._memory_interval = max(min(self._memory_interval * 2, 10.0), cost * 500)
            self._memory_due = now + self._memory_interval
        if now >= self._heartbeat_due:
            self._heartbeat_due = now + _HEARTBEAT_S
            self.beat(state)

    def finish(self) -> None:
        """Look a last time, after the program has ended."""
        self._look_at_log(last=True)
        if self.insiders is None:
            own = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
            self.peak_memory = max(self.peak_memory, own)

    def beat(self, state: dict[str, Any]) -> None:
        """Write the heartbeat; a full disk is no reason to end."""
        state["heartbeat"] = time.time()
        state["peak_memory_bytes"] = self.peak_memory
        try:
            self._run.write_state(state)
        except OSError:
            return

    def _look_at_log(self, last: bool = False) -> None:
        try:
            fd = os.open(self._run / "log", os.O_RDONLY)
        except OSError:
            self.is_folder_gone = not os.path.exists(self._run.path)
            return
        try:
            size = os.fstat(fd).st_size
            if size == self._log_size:
                self._interval = min(self._interval * 1.5, _QUIET_S)
                return
            self._log_size = size
            self._interval = _BUSY_S
            self.is_log_too_large = bool(self.log_limit) and size > self.log_limit
            text = os.pread(fd, _TAIL, max(0, size - _TAIL)).decode("utf-8", "replace")
        finally:
            os.close(fd)
        if "%|" in text:
            self._show(self._bars.read(text), last)

    def _show(self, found: tuple[float, str] | None, last: bool) -> None:
        if found is None or found == self._shown or self._does_user_report():
            return
        moved = self._shown is None or abs(found[0] - self._shown[0]) >= 0.001
        if moved or last or (self._shown is not None and found[1] != self._shown[1]):
            self._shown = found
            self._own_progress += 1
            self._run.add_event("progress", fraction=round(found[0], 4), label=found[1])

    def _does_user_report(self) -> bool:
        """Tell whether the program says itself how far it is; then its bars are its own affair."""
        if self._user_reports:
            return True
        try:
            with open(self._run / "events", "rb") as file:
                file.seek(self._events_read)
                data = file.read(_CHUNK)
        except OSError:
            return False
        whole = data[: data.rfind(b"\n") + 1] or (data if len(data) == _CHUNK else b"")
        self._events_read += len(whole)
        self._own_progress -= len(_PROGRESS.findall(whole))
        self._user_reports = self._own_progress < 0
        return self._user_reports

    def _look_at_memory(self, programs: Iterable[int]) -> None:
        ours = [*programs, *processes.children(os.getpid())]
        pids = processes.tree(ours if self.insiders is None else self.insiders)
        self.peak_memory = max(self.peak_memory, processes.memory(pids))
