"""A cgroup of its own for a run, on hosts where one may be made.

It serves two ends: no process can leave it, so that even one that hid from everything else is
found, and it knows the peak memory of all processes together. Entering it can take the kernel
tens of milliseconds, so that a run is moved in when it has lasted for a moment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable

_FOLDERS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")


class Cgroup:
    """The cgroup (version 2) of one attempt.

    Args:
        path: Its folder.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def plan(cls, token: str) -> Cgroup | None:
        """Choose its place below this process's own, without making it; ``None`` without any."""
        parent = _own_folder()
        return cls(os.path.join(parent, "jupyter-compute-" + token)) if parent else None

    def make(self) -> bool:
        """Make it; tells whether that was allowed."""
        try:
            os.mkdir(self.path)
        except OSError:
            return False
        return True

    def take(self, members: Callable[[], set[int]]) -> None:
        """Move processes in; what they fork from then on is in it, and cannot leave.

        Args:
            members: Lists the processes; asked again until it names no new ones.
        """
        taken: set[int] = set()
        while True:
            new = members() - taken
            if not new:
                return
            for pid in new:
                # One that cannot be moved has ended already.
                with contextlib.suppress(OSError):
                    self._write("cgroup.procs", str(pid))
            taken |= new

    def peak_memory(self) -> int:
        """Return the bytes held at most; 0 where the kernel does not count them."""
        try:
            with open(os.path.join(self.path, "memory.peak")) as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def remove(self, within_s: float = 2.0) -> None:
        """Kill what is left in it, and remove it."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                os.rmdir(self.path)
                return
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    return
            self._kill()
            time.sleep(0.005)

    def _kill(self) -> None:
        try:
            self._write("cgroup.kill", "1")
            return
        except OSError:
            pass
        try:
            with open(os.path.join(self.path, "cgroup.procs")) as file:
                pids = [int(line) for line in file]
        except OSError:
            return
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue

    def _write(self, name: str, text: str) -> None:
        fd = os.open(os.path.join(self.path, name), os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def _own_folder() -> str:
    try:
        with open("/proc/self/cgroup") as file:
            lines = [line.split(":", 2) for line in file.read().splitlines()]
    except OSError:
        return ""
    own = next((path for number, names, path in lines if number == "0" and names == ""), None)
    if own is None:
        return ""
    for folder in _FOLDERS:
        # Version 1 keeps its controllers in folders of the same place.
        if os.path.exists(os.path.join(folder, "cgroup.procs")):
            return os.path.join(folder, own.lstrip("/"))
    return ""
