"""What runs on a machine, seen from outside."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process of a machine: its id there, its id and its parent's here, and what it is."""

    pid: int
    host_pid: int
    host_parent: int
    start: int
    name: str
    argv: tuple[str, ...]
    uid: int

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to this very process, or to nobody if it is gone."""
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            fd = os.pidfd_open(self.host_pid)
            try:
                # All else about a process may have changed since it was looked at.
                if _start(Path("/proc", str(self.host_pid))) == self.start:
                    signal.pidfd_send_signal(fd, number)
            finally:
                os.close(fd)


def processes_beside(init: int) -> list[Process]:
    """List all processes of the machine whose first process is ``init``, but that one."""
    with contextlib.suppress(OSError):
        space = os.readlink(f"/proc/{init}/ns/pid")
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != init:
                with contextlib.suppress(OSError):
                    if os.readlink(folder / "ns/pid") == space:
                        found.append(_read(folder))
        return [process for process in found if process]
    return []


def _read(folder: Path) -> Process | None:
    """Read about one process; None if it is over."""
    with contextlib.suppress(OSError, KeyError):
        lines = (folder / "status").read_text(errors="replace").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if status["State"].startswith(("Z", "X")):
            return None
        argv = (folder / "cmdline").read_bytes().split(b"\0")[:-1]
        return Process(
            pid=int(status["NSpid"].split()[-1]),
            host_pid=int(folder.name),
            host_parent=int(status["PPid"]),
            start=_start(folder),
            name=status["Name"],
            argv=tuple(map(os.fsdecode, argv)),
            uid=int(status["Uid"].split()[0]),
        )
    return None


def _start(folder: Path) -> int:
    return int((folder / "stat").read_text().rpartition(")")[2].split()[19])
