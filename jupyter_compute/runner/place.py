"""Where the environment of a run is made ready, and for what."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from .endings import shorten, tail
from .run_folder import RunFolder

_TAIL = 16384


class EnvironmentFailedError(Exception):
    """There is no such environment on this target, or it cannot be built."""


class Place(NamedTuple):
    """Where an environment is made ready, and for what.

    Attributes:
        root: The target's root.
        run: The attempt's folder; a build writes to its log.
        job: What was asked for.
        step: Runs a step of a build and returns its exit code.
        announce: Tells the user what is going on.
    """

    root: str
    run: RunFolder
    job: dict[str, Any]
    step: Callable[[list[str], str, dict[str, str]], int]
    announce: Callable[[str], None]

    def log_size(self) -> int:
        """Return the bytes of the log so far."""
        try:
            return os.stat(self.run / "log").st_size
        except OSError:
            return 0

    def complaint(self, begun: int = 0) -> str:
        """Return what a build said went wrong: from the first line that calls itself an error.

        Args:
            begun: The size of the log before the build.
        """
        text = tail(self.run / "log", min(max(0, self.log_size() - begun), _TAIL))
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for place, line in enumerate(lines):
            if line.lower().startswith(("error", "×", "fatal")):
                return shorten(" ".join(lines[place:]))
        return shorten(" ".join(lines[-3:]))
