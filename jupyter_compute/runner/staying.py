"""The first process of a container that agents and keepers come and go in."""

from __future__ import annotations

import os
import signal
import sys
import time

_LOOK_S = 1.0


def stay() -> None:
    """Collect whoever ends, until told to end; never returns."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(_LOOK_S)
