"""The end of a run's program: tidy, and with the truth about what ended it."""

from __future__ import annotations

import os
import signal
import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Dict, NoReturn, Optional, Set


class Terminated(SystemExit):
    """The run was asked to end (SIGTERM): ``finally`` blocks still run, event loops end."""


def end_on_sigterm() -> None:
    """Turn SIGTERM into :class:`Terminated`, in this process only.

    A process that is forked from here dies of the signal as it would elsewhere, from its first
    instant on: a worker of a pool that hears it just before it waits would wait for ever.
    """
    signal.signal(signal.SIGTERM, _end)
    masks: Dict[int, Set[int]] = {}

    def before() -> None:
        found = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        masks[get_ident()] = found

    def after() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.pop(get_ident()))

    def after_in_child() -> None:
        if signal.getsignal(signal.SIGTERM) is _end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        after()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after_in_child)


def _end(number: int, _frame: Optional[FrameType]) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated(128 + number)


def leave(code: int) -> NoReturn:
    """Exit with a code; a negative one means by that signal."""
    if code < 0:
        import atexit

        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Whoever asks what ended the run hears of the signal itself.
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)
