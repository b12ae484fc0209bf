"""The far end of a job that Livy started: its files come from a folder, and all goes back there.

The folder is one that both sides see: of a shared file system, or of Hadoop's. What the runner
tells is written to this machine first, so that neither a run nor what it says hangs on the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

from . import library, parcels, sinks, solo
from .failures import Failure
from .meeting import Meeting, meet

CLAIM, CANCEL, BEAT, PAD = "claim", "cancel", "beat", "pad"
"""What stands in the folder of a run, beside the segments of the stream."""

ORDER = "order.zip"
"""What is to be done, in the same place."""

_KEEP = """\
import sys
sys.path.insert(0, sys.argv[1])
from runner.staged import keep
sys.exit(keep(sys.argv[2:]))
"""
_TICK_S = 0.1
_BEATS = 60
_SMALL, _MANY = 256 * 1024, 16
_PATIENCE_S = 600.0


def main(argv: list[str]) -> int:
    """Run the job that waits in a folder; returns what this process ends with.

    Args:
        argv: The staging folder as this side names it, the run's folder in it, and the parcels.
    """
    root, name, *blobs = argv
    place = meet(root)
    if not _claim(place, name):
        print(f"{name} is kept by another driver", file=sys.stderr, flush=True)
        return 0
    here = tempfile.mkdtemp(prefix="jupyter_compute-")
    try:
        return Relay(place, name, here).run(blobs)
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _claim(place: Meeting, name: str) -> bool:
    """Become the one driver that keeps this run, however often it was submitted."""
    who = f"{os.uname().nodename} {os.getpid()}\n".encode()
    return place.put(f"{name}/{CLAIM}", who, is_new=True)


class Relay:
    """Starts the runner, and carries what it says to the folder.

    Args:
        place: The staging folder.
        name: The run's folder in it.
        here: A folder of this machine, for as long as the run lasts.
    """

    def __init__(self, place: Meeting, name: str, here: str) -> None:
        self.place = place
        self.name = name
        self.here = here
        self.parent = os.getppid()
        self._sent = 0
        self._small: list[tuple[int, int]] = []
        self._beats = 0
        self._beaten = self._looked = 0.0
        self._wish: signal.Signals | None = None

    def run(self, blobs: list[str]) -> int:
        """See the run to its end."""
        stream = os.path.join(self.here, "stream")
        os.mkdir(stream)
        pad = (self.place.get(f"{self.name}/{PAD}") or b"").decode()
        self.place.remove(f"{self.name}/{PAD}")
        argv = [sys.executable, "-c", _KEEP, library.archive(), self._fetch_order(), stream]
        argv += [self._fetch(name) for name in blobs]
        env = {**os.environ, solo.PAD: pad}
        runner = subprocess.Popen(argv, env=env)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._lose)
        while runner.poll() is None:
            self._look(time.monotonic())
            if self._wish is not None:
                runner.send_signal(self._wish)
            self._carry(stream)
            time.sleep(_TICK_S)
        self._carry_rest(stream)
        return runner.returncode if runner.returncode >= 0 else 128 - runner.returncode

    def _lose(self, number: int = 0, frame: object = None) -> None:
        """Spark, or the machine, ends: so does the run."""
        self._wish = self._wish or signal.SIGHUP

    def _look(self, now: float) -> None:
        """Find out whether somebody wants the end: the user, or Spark, which is gone."""
        if os.getppid() != self.parent:
            self._lose()
        if now - self._looked >= self.place.interval_s:
            self._looked = now
            with contextlib.suppress(OSError):
                if self.place.has(f"{self.name}/{CANCEL}"):
                    self._wish = signal.SIGTERM

    # -- there ---------------------------------------------------------------------------------

    def _carry(self, stream: str) -> None:
        """Carry what is new; a folder that is away is tried again with the next turn."""
        with contextlib.suppress(OSError):
            self._carry_new(stream)
            now = time.monotonic()
            if now - self._beaten >= 4 * self.place.interval_s:
                # Its size alone tells that somebody is there: a look at the folder is enough.
                self._beats = self._beats % _BEATS + 1
                self.place.put(f"{self.name}/{BEAT}", b"." * self._beats)
                self._beaten = now

    def _carry_rest(self, stream: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._carry_new(stream)
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    print(f"the end of the run could not be told: {error}", file=sys.stderr)
                    return
            time.sleep(1.0)

    def _carry_new(self, stream: str) -> None:
        while True:
            end = max((end for _, end in _segments(stream)), default=0)
            data = _read(stream, self._sent, end)
            if not data:
                return
            place = (self._sent, self._sent + len(data))
            self._put(place, data)
            self._sent = place[1]
            if len(data) >= _SMALL:
                self._small = []
                continue
            self._small.append(place)
            if len(self._small) >= _MANY:
                self._join(stream)

    def _join(self, stream: str) -> None:
        """Replace small files by one: whoever looks for one of them looks again."""
        whole = (self._small[0][0], self._small[-1][1])
        data = _read(stream, *whole)
        if len(data) != whole[1] - whole[0]:
            return
        self._put(whole, data)
        old, self._small = self._small, [whole] if len(data) < _SMALL else []
        for place in old:
            if place != whole:
                self.place.remove(f"{self.name}/{sinks.segment_name(*place)}")

    def _put(self, place: tuple[int, int], data: bytes) -> None:
        self.place.put(f"{self.name}/{sinks.segment_name(*place)}", data)

    # -- here ----------------------------------------------------------------------------------

    def _fetch_order(self) -> str:
        folder = os.path.join(self.here, "order")
        path = f"{folder}.zip"
        self.place.fetch(f"{self.name}/{ORDER}", path)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        os.unlink(path)
        return folder

    def _fetch(self, name: str) -> str:
        near = self.place.path(name)
        if near:
            return near
        path = os.path.join(self.here, os.path.basename(name))
        self.place.fetch(name, path)
        return path


def keep(argv: list[str]) -> int:
    """Keep the run in the foreground; returns what this process ends with.

    Args:
        argv: The folder of the order, that of the stream, and the parcels of blobs.
    """
    order, stream, *blobs = argv
    try:
        job, secrets = parcels.read_order(order, os.environ.pop(solo.PAD, ""))
        return solo.run(job, secrets, blobs, _private_root(), stream)
    except (Failure, OSError) as error:
        print(f"the run cannot be started here: {error}", file=sys.stderr, flush=True)
        return 125


def _segments(stream: str) -> list[tuple[int, int]]:
    return sorted(filter(None, map(sinks.parse_name, os.listdir(stream))))


def _read(stream: str, start: int, end: int) -> bytes:
    """Read the stream from one offset to another, or what there is of it in one piece."""
    data = bytearray()
    while start + len(data) < end:
        at = start + len(data)
        here = [place for place in _segments(stream) if place[0] <= at < place[1]]
        if not here:
            break
        place = max(here, key=lambda one: one[1])
        try:
            with open(os.path.join(stream, sinks.segment_name(*place)), "rb") as file:
                file.seek(at - place[0])
                data += file.read(end - at)
        except FileNotFoundError:
            continue  # joined with others meanwhile
        if len(data) >= 4 * 1024 * 1024:
            break
    return bytes(data)


def _private_root() -> str:
    """Return the folder for runs, blobs and environments on this machine."""
    root = os.path.join(tempfile.gettempdir(), f"jupyter_compute-{os.getuid()}")
    os.makedirs(root, 0o700, exist_ok=True)
    if os.stat(root).st_uid != os.getuid() or os.path.islink(root):
        # Somebody else was there first.
        return tempfile.mkdtemp(prefix="jupyter_compute-root-")
    return root
