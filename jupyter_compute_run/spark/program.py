"""What Spark starts as the program of a run: it becomes the user's own, and notes how that ends.

Spark reports an exit code only, and passes output on by way of Java. So the user's program writes
to the run's log itself, and a signal that ends it is noted.
"""

from __future__ import annotations

import json
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, NoReturn

NOTE = "JUPYTER_COMPUTE_SPARK_NOTE"
LOG = "JUPYTER_COMPUTE_SPARK_LOG"
SETTINGS = "JUPYTER_COMPUTE_SPARK_SETTINGS"


def main() -> NoReturn:
    """Run the program that the arguments name, with this interpreter, and end as it did."""
    note, log = os.environ.pop(NOTE, ""), os.environ.pop(LOG, "")
    settings = os.environ.pop(SETTINGS, "")
    if settings and os.path.exists(settings):
        # Spark has read them, and there may be secrets among them.
        os.unlink(settings)
    pid = os.fork()
    if pid == 0:
        _become(log)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # The program gets them too, and how it takes them is what counts.
        signal.signal(number, signal.SIG_IGN)
    _, status = os.waitpid(pid, 0)
    ended = {"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {}
    ended = ended or {"code": os.WEXITSTATUS(status)}
    if note:
        _write(note, ended)
    os._exit(128 + ended["signal"] if "signal" in ended else ended["code"])


def _become(log: str) -> NoReturn:
    try:
        if log:
            fd = os.open(log, os.O_WRONLY | os.O_APPEND)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
    except OSError as error:
        os.write(2, "{}: {}\n".format(sys.executable, error.strerror).encode())
    finally:
        os._exit(127)


def _write(path: str, ended: Dict[str, int]) -> None:
    with open(path + ".part", "w") as file:
        json.dump(ended, file)
    os.rename(path + ".part", path)


if __name__ == "__main__":
    main()
