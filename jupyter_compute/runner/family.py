"""All processes of a run: found whatever they did to hide, and ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence

from . import processes
from .processes import Process

_LEAVING_S = 0.25
_POLITE_S = 5.0
_FORCE_S = 10.0
_LOOKS = 3


class Family:
    """The processes of one attempt.

    Args:
        token: What their environment carries.
        log: The run's log; who writes to it belongs to the run.
        leaders: Pid and start time of each program, which leads a session of its own.
        keeper: The pid of the living keeper, which adopts every orphan; 0 once it has ended.
        since: When the keeper started, in the kernel's ticks; nobody of the run is older.
    """

    def __init__(
        self,
        token: str,
        log: str,
        leaders: Sequence[Sequence[int]] = (),
        keeper: int = 0,
        since: int = 0,
    ) -> None:
        self.token = token
        self.log = log
        self.leaders = [(pid, start) for pid, start in leaders]
        self.keeper = keeper
        self.since = since

    def members(self) -> list[Process]:
        """List those that run, without the keeper; reads all of ``/proc``."""
        everyone = [one for one in processes.list_all() if one.start >= self.since]
        sessions = {pid for pid, start in self.leaders if processes.is_running(pid, start)}
        roots = [
            process
            for process in everyone
            if process.session in sessions
            or processes.has_token(process.pid, self.token)
            or processes.writes_to(process.pid, self.log)
        ]
        found = {process.pid: process for process in roots}
        for root in [process.pid for process in roots] + ([self.keeper] if self.keeper else []):
            found.update((below.pid, below) for below in processes.descendants(root, everyone))
        found.pop(self.keeper, None)
        found.pop(os.getpid(), None)
        return list(found.values())

    def signal(self, number: int) -> int:
        """Signal every member; returns how many there were."""
        members = self.members()
        for process in members:
            processes.send(process, number)
        return len(members)

    def end(self, grace_s: float, pause: Callable[[float], None] = time.sleep) -> bool:
        """End every process that is left of the run; called by its keeper, their adoptive parent.

        Those on their way out are left to go, the others are asked, then killed.

        Args:
            grace_s: How long they have after they were asked.
            pause: Waits for a time, or less when a child ends.

        Returns:
            Whether all of them have gone.
        """
        if self._wait(_LEAVING_S, pause, None):
            return True
        self.signal(signal.SIGTERM)
        if self._wait(min(grace_s, _POLITE_S), pause, None):
            return True
        return self._wait(_FORCE_S, pause, signal.SIGKILL)

    def kill(self, within_s: float = 2.0) -> bool:
        """Kill what a dead keeper left behind; tells whether all of it has gone."""
        deadline = time.monotonic() + within_s
        silent = 0
        while silent < _LOOKS:
            # One that forks and ends while /proc is read hides its child from that look.
            silent = 0 if self.signal(signal.SIGKILL) else silent + 1
            if not silent:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.005)
        return True

    def _wait(self, within_s: float, pause: Callable[[float], None], number: int | None) -> bool:
        deadline = time.monotonic() + within_s
        interval = 0.002
        while not reap():
            if time.monotonic() > deadline:
                return False
            if number is not None:
                # Repeated, as a process may have forked between the look and the signal.
                self.signal(number)
            pause(interval)
            interval = min(interval * 2, 0.1)
        return True


def reap() -> bool:
    """Collect children that ended; tells whether no child is left at all.

    As orphans are adopted, no child left means that no descendant is left either.
    """
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False
