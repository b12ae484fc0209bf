"""Runs a program for which Spark stands ready already, as Livy starts it, and watches Spark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from .. import events, leaving
from . import reasons, session, watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MARK = "JUPYTER_COMPUTE_SPARK_MARK"
"""What our application is told from others by."""

_NOTEBOOK = ["-m", "jupyter_compute_run.notebook"]
_FIRST_PORT = 4040
_TAIL = 256 * 1024


def main() -> NoReturn:
    """Run the program that the arguments name with this interpreter, and end as it did."""
    argv = sys.argv[1:]
    env = {**os.environ, session.VARIABLE: "1"}
    mark = env.pop(MARK, "")
    if "CONTAINER_ID" in env:
        # In YARN's containers, Spark takes any port for its page.
        env[session.LINK] = "1"
    if argv[:2] == _NOTEBOOK:
        folder = os.path.dirname(os.path.abspath(__file__))
        env["PYTHONSTARTUP"] = os.path.join(folder, "startup.py")
    watcher = watching.Watcher("127.0.0.1", _FIRST_PORT, mark)
    # The program gets signals too, and how it takes them is what counts.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _wait_on)
    program = subprocess.Popen([sys.executable, *argv], env=env)
    watcher.start()
    code = program.wait()
    watcher.stop()
    if code > 0:
        _explain()
    leaving.leave(code)


def _wait_on(number: int, frame: object) -> None:
    """Leave it to the program: a handler, unlike ignoring, is not inherited."""


def _explain() -> None:
    """Tell the Java exception that the program ended with, unless it told of its end itself."""
    if b'"type":"error"' in _tail(os.environ.get("JUPYTER_COMPUTE_EVENTS", "")):
        return
    name, words = reasons.of_program(_tail("/proc/self/fd/1").decode("utf-8", "replace"))
    if name:
        hint = reasons.hint_of(words)
        events.emit("error", ename=name, evalue="; ".join(filter(None, (words, hint))))


def _tail(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
            return file.read()
    except (OSError, ValueError):
        return b""


if __name__ == "__main__":
    main()
