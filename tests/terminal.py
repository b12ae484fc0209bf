"""A program at a terminal, and the person who sits there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PATIENCE_S = 120.0


class Terminal:
    """A running program whose input and output are one terminal.

    Attributes:
        shown: Everything that it has written.
    """

    def __init__(self, program: subprocess.Popen[bytes], end: int) -> None:
        self._program = program
        self._end = end
        self._seen = 0
        self.shown = ""

    def until(self, text: str) -> None:
        """Read on until a text stands after the one that was found last."""
        deadline = time.monotonic() + PATIENCE_S
        while (place := self.shown.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline and self._read(), (text, self.shown)
        self._seen = place + len(text)

    def type(self, line: str) -> None:
        """Type a line."""
        os.write(self._end, f"{line}\n".encode())

    def press(self, key: bytes) -> None:
        """Press a key: ``\\x03`` is Ctrl-C."""
        os.write(self._end, key)

    def code(self) -> int:
        """Wait for the program's end, and return its exit code."""
        while self._read():
            pass
        return self._program.wait(PATIENCE_S)

    def _read(self) -> bool:
        """Read what is there; return whether there may be more."""
        with contextlib.suppress(OSError):
            if not select.select([self._end], [], [], PATIENCE_S)[0]:
                return False
            data = os.read(self._end, 65536)
            self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
            return bool(data)
        return False


@contextlib.contextmanager
def terminal(folder: Path, words: Sequence[str], **env: str) -> Iterator[Terminal]:
    """Start ``jupyter compute`` at a terminal; it is ended if it still runs afterwards."""
    end, inner = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "jupyter_compute", *words],
        cwd=folder,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        # Its own terminal, so that a password is asked there and Ctrl-C comes from there.
        start_new_session=True,
        preexec_fn=_take_terminal,
        env={**os.environ, **env},
    )
    os.close(inner)
    try:
        yield Terminal(program, end)
    finally:
        program.kill()
        program.wait(PATIENCE_S)
        os.close(end)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
