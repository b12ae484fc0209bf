"""The end of a run's program: tidy, and with the truth about what ended it."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Callable, NoReturn, Optional


class Terminated(SystemExit):
    """The run was asked to end (SIGTERM): ``finally`` blocks still run, event loops end."""


def end_on_sigterm() -> None:
    """Turn SIGTERM into :class:`Terminated`, in this process only."""
    signal.signal(signal.SIGTERM, _handler(os.getpid()))


def _handler(owner: int) -> Callable[[int, Optional[FrameType]], None]:
    def end(number: int, _frame: Optional[FrameType]) -> None:
        signal.signal(number, signal.SIG_DFL)
        if os.getpid() != owner:
            # A worker that was forked from here dies as it would elsewhere.
            os.kill(os.getpid(), number)
        raise Terminated(128 + number)

    return end


def leave(code: int) -> NoReturn:
    """Exit with a code; a negative one means by that signal."""
    if code < 0:
        import atexit

        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Whoever asks what ended the run hears of the signal itself.
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
