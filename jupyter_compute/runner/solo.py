"""The foreground of a job of an engine that gives no pipe: one run, from its parcels to its end.

The process that the engine started only waits. The run has a keeper as it has everywhere, and
beside it stands a shipper that tells what happens through the sink. Both live in sessions of
their own, so that a run still ends in its own time, and its end is still told, when the engine
has lost patience with the process in the foreground.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from typing import Any

from . import garbage, launching, library, parcels, processes, programs
from .blobs import Blobs
from .failures import Failure
from .shipping import LOST, Shipper
from .sinks import FileSink, LineSink

PAD = "JUPYTER_COMPUTE_PAD"
"""The environment variable with the other half of the secrets."""

_BLOBS_LIMIT = 20 * (1 << 30)
_ENVIRONMENTS_LIMIT = 40 * (1 << 30)
_COLLECT_S = 6 * 3600.0
_SHIPPERS = 5
_WISHES = {signal.SIGTERM: b"T", signal.SIGINT: b"T", signal.SIGHUP: LOST}
"""What each signal passes on: that the run is canceled, or that the engine has lost it."""


def main(argv: list[str]) -> int:
    """Run the job of an order in the foreground; returns what this process ends with.

    Args:
        argv: The folder of the order, its parcels of blobs, ``--root``, and ``--segments``
            unless the log itself is the channel.
    """
    parser = argparse.ArgumentParser(prog="solo")
    parser.add_argument("order")
    parser.add_argument("parcels", nargs="*")
    parser.add_argument("--root", required=True)
    parser.add_argument("--segments", default="")
    options = parser.parse_args(argv)
    try:
        job, secrets = parcels.read_order(options.order, os.environ.pop(PAD, ""))
        return run(job, secrets, options.parcels, options.root, options.segments)
    except (Failure, OSError) as error:
        print(f"the run cannot be started here: {error}", file=sys.stderr, flush=True)
        return 125


def run(
    job: dict[str, Any], secrets: dict[str, str], paths: list[str], root: str, segments: str
) -> int:
    """Run a job in the foreground; returns what this process ends with.

    Args:
        job: The JSON of the job.
        secrets: Environment variables that are written nowhere.
        paths: Its parcels of blobs.
        root: Where runs, blobs and environments are on this machine.
        segments: The folder for the stream; empty if standard output carries it.

    Raises:
        Failure: It cannot be started.
        OSError: The disk is full, and the like.
    """
    root = os.path.realpath(os.path.expanduser(root))
    os.makedirs(root, 0o700, exist_ok=True)
    blobs = Blobs(root)
    for path in paths:
        if parcels.is_parcel_of_blobs(path):
            parcels.take_blobs(blobs, path)
    job.update(lib=library.install(root), python=job.get("python") or sys.executable, format=1)
    waiter = Waiter(launching.attempt_folder(root, job["run_id"], job["attempt"]), segments)
    launching.launch(blobs, job, secrets)
    code = waiter.wait()
    _collect(root)
    return code


class Waiter:
    """Waits for the end of a run, and passes on that the engine wants it.

    Args:
        folder: The attempt's folder.
        segments: The folder for the stream; empty if standard output carries it.
    """

    def __init__(self, folder: str, segments: str) -> None:
        self.folder = folder
        self.segments = segments
        self._asked = b""
        self._writer = -1
        for number in _WISHES:
            signal.signal(number, self._ask)

    def wait(self) -> int:
        """Wait until the run is over and all is told; returns the exit code for this process."""
        for attempt in range(_SHIPPERS):
            told = self._start_shipper(is_first=attempt == 0)
            answer = b""
            while True:
                data = os.read(told, 64)
                if not data:
                    break
                answer += data
            os.close(told)
            os.close(self._writer)
            if answer:
                return int(answer)
            # Somebody killed it; another one begins anew.
            time.sleep(0.2)
        return 125

    def _ask(self, number: int, frame: object) -> None:
        self._asked = _WISHES[signal.Signals(number)]
        self._pass_on()

    def _pass_on(self) -> None:
        if self._writer >= 0 and self._asked:
            try:
                os.write(self._writer, self._asked)
            except OSError:
                return

    def _start_shipper(self, *, is_first: bool) -> int:
        asked, self._writer = os.pipe()
        told, answer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._ship(asked, answer, is_first=is_first)
        os.close(asked)
        os.close(answer)
        os.waitpid(pid, 0)
        self._pass_on()
        return told

    def _ship(self, asked: int, answer: int, *, is_first: bool) -> None:
        """Go on as the shipper; never returns."""
        try:
            os.setsid()
            if os.fork():
                os._exit(0)
            programs.reset_signals()
            os.closerange(answer + 1, 4096)
            for fd in range(3, answer):
                if fd != asked:
                    _close(fd)
            os.chdir("/")
            processes.set_name("jc-shipper")
            shipper = self._shipper(is_first=is_first)
            final = shipper.ship(asked)
            os.write(answer, b"%d" % _code(final))
            shipper.clear(final)
        except BaseException as error:
            print(f"the shipper of the run failed: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(0)

    def _shipper(self, *, is_first: bool) -> Shipper:
        if not self.segments:
            return Shipper(self.folder, LineSink(1))
        # What a killed one had copied of the log is not copied again.
        mirror = 1 if is_first else -1
        return Shipper(self.folder, FileSink(self.segments), mirror)


def _code(final: dict[str, Any]) -> int:
    """Return what the foreground ends with, so that the engine's own view is right, too."""
    if final.get("state") == "completed":
        return 0
    code = final.get("exit_code")
    if isinstance(code, int) and 0 < code < 256:
        return code
    return 128 + int(final["signal"]) if final.get("signal") else 1


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        return


def _collect(root: str) -> None:
    """Keep the root within its limits, now and then."""
    stamp = os.path.join(root, "collected")
    try:
        if time.time() - os.stat(stamp).st_mtime < _COLLECT_S:
            return
    except OSError:
        pass
    try:
        with open(stamp, "w"):
            pass
        garbage.collect(root, _BLOBS_LIMIT, [], _ENVIRONMENTS_LIMIT)
    except (Failure, OSError):
        return
