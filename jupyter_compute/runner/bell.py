"""What wakes a keeper: a child that ended, a wish to cancel, a host that shuts down,
an engine whose time is up.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable

_IGNORED = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


class Bell:
    """Waits without polling. There is one in a process, as it takes over the signals.

    Args:
        heed: Called when a signal asks for something, while :attr:`is_interrupting`; may raise,
            which is the only way to get through to work that does not wait on the bell.

    Attributes:
        terminated: Whether the host wants an end (SIGTERM).
        is_warned: Whether an engine has said that the job's time is nearly up (SIGUSR2).
    """

    def __init__(self, heed: Callable[[], None]) -> None:
        self.terminated = False
        self.is_warned = False
        self.is_interrupting = True
        self._heed = heed
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGUSR1, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGUSR2, self._on_signal)
        for ignored in _IGNORED:
            signal.signal(ignored, signal.SIG_IGN)

    def pause(self, seconds: float) -> None:
        """Wait, or less if a child ends or a signal arrives."""
        ready, _, _ = select.select([self._reader], [], [], min(max(seconds, 0.0), 3600.0))
        if ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._reader, 4096)

    def _on_signal(self, number: int, frame: object) -> None:
        if number == signal.SIGTERM:
            self.terminated = True
        if number == signal.SIGUSR2:
            self.is_warned = True
        if self.is_interrupting:
            self._heed()
