"""Notices that this machine has slept, or that its network is another one now.

A connection that was open before may be dead without a word: nothing arrives, and nothing fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

_STEP_S = 2.0
_NETWORK = ("/proc/net/route", "/proc/net/if_inet6")


def read_clocks() -> tuple[float, ...]:
    """Return a clock that stops while this machine sleeps, then those that go on."""
    # A virtual machine that was paused finds only its wall clock ahead, once that is set.
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    going_on = (time.time(),) if boot is None else (time.clock_gettime(boot), time.time())
    return (time.monotonic(), *going_on)


def read_network() -> bytes:
    """Return what changes with the ways out of this machine; empty where that is not told."""
    found = []
    for name in _NETWORK:
        try:
            found.append(Path(name).read_bytes())
        except OSError:
            continue
    return b"\0".join(found)


class Interruptions:
    """Compares what is with what was when it looked last.

    Args:
        clocks: As :func:`read_clocks`.
        network: As :func:`read_network`.
    """

    def __init__(
        self,
        clocks: Callable[[], Sequence[float]] = read_clocks,
        network: Callable[[], bytes] = read_network,
    ) -> None:
        self._clocks = clocks
        self._network = network
        self._leads = self._read_leads()
        self._ways: bytes | None = None

    def have_been(self, *, is_silent: bool) -> bool:
        """Whether there was one since the last look.

        Args:
            is_silent: Whether something does not answer; else the network is not looked at.
        """
        before, self._leads = self._leads, self._read_leads()
        has_slept = any(now - then > _STEP_S for now, then in zip(self._leads, before, strict=True))
        ways, self._ways = self._ways, self._network() if is_silent else None
        has_moved = ways is not None and self._ways is not None and ways != self._ways
        return has_slept or has_moved

    def _read_leads(self) -> list[float]:
        """Return by how much each clock that goes on is ahead of the one that stops."""
        stopping, *going_on = self._clocks()
        return [clock - stopping for clock in going_on]
