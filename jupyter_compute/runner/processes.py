"""What ``/proc`` says about processes, and signals that reach the process that was meant."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from typing import NamedTuple

TOKEN = "JUPYTER_COMPUTE_TOKEN"
TOLD = {"apptainer": "APPTAINERENV_", "singularity": "SINGULARITYENV_"}
"""What stands before the name of a variable that these engines hand on to their programs."""
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_prctl = getattr(ctypes.CDLL(None), "prctl", None)

PAGE = os.sysconf("SC_PAGE_SIZE")


class Process(NamedTuple):
    """A process at one moment; the pid and the start time name it for good."""

    pid: int
    parent: int
    session: int
    start: int
    is_zombie: bool


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Be killed when the parent ends, whatever ends it."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def set_name(name: str) -> None:
    """Set what ``ps`` and ``top`` show for this process."""
    if _prctl is not None:
        _prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def find(pid: int) -> Process | None:
    """Look a process up; ``None`` if there is none of this pid."""
    data = _read(f"/proc/{pid}/stat")
    if not data:
        return None
    # The name between the parentheses may itself hold spaces and parentheses.
    fields = data[data.rindex(b")") + 2 :].split()
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]), fields[0] in (b"Z", b"X"))


def name(pid: int) -> str:
    """Return the name of a process's program, at most 15 bytes of it; empty if it is gone."""
    return _read(f"/proc/{pid}/comm").decode(errors="replace").strip()


def is_running(pid: int, start: int) -> bool:
    """Tell whether the very process that started then still runs; a zombie does not."""
    process = find(pid)
    return process is not None and process.start == start and not process.is_zombie


def list_all() -> list[Process]:
    """List every process that runs."""
    found = (find(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return [process for process in found if process is not None and not process.is_zombie]


def descendants(pid: int, processes: list[Process]) -> list[Process]:
    """List those of the processes that descend from one."""
    children: dict[int, list[Process]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [pid]
    while waiting:
        below = children.pop(waiting.pop(), [])
        found.extend(below)
        waiting.extend(process.pid for process in below)
    return found


def children(pid: int) -> list[int]:
    """List the children of a process cheaply; empty where the kernel does not tell."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        found.extend(map(int, _read(f"/proc/{pid}/task/{thread}/children").split()))
    return found


def tree(pids: Iterable[int]) -> set[int]:
    """List processes and all that descend from them, without reading all of ``/proc``."""
    found: set[int] = set()
    waiting = list(pids)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(children(one))
    return found


def has_token(pid: int, token: str) -> bool:
    """Tell whether a process was started with a run's token in its environment."""
    mark = (f"{TOKEN}={token}").encode()
    return mark in _read(f"/proc/{pid}/environ").split(b"\0")


def program_below(pid: int, token: str) -> int:
    """Return the program that a container's engine runs as a process below its own.

    The engine has the token as it was told to hand it on, the program has it as such.

    Args:
        pid: The engine.
        token: The run's.

    Returns:
        The program; ``pid`` where none is known below it, as before it has begun.
    """
    below = sorted(tree([pid]) - {pid})
    found = (one for one in below if has_token(one, token) and not _told(one, token))
    return next(found, pid)


def _told(pid: int, token: str) -> bool:
    words = _read(f"/proc/{pid}/environ").split(b"\0")
    return any(f"{engine}{TOKEN}={token}".encode() in words for engine in TOLD.values())


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a program as a terminal would: to its group, but to none above it.

    Raises:
        OSError: It is gone.
    """
    group = os.getpgid(pid)
    if group == pid:
        os.killpg(group, number)
        return
    for one in tree([pid]):
        with contextlib.suppress(OSError):
            if os.getpgid(one) == group:
                os.kill(one, number)


def writes_to(pid: int, path: str) -> bool:
    """Tell whether the output of a process goes to a file."""
    for fd in (1, 2):
        try:
            if os.readlink(f"/proc/{pid}/fd/{fd}") == path:
                return True
        except OSError:
            continue
    return False


def handles(pid: int, number: int) -> bool:
    """Tell whether a process has a handler of its own for a signal."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def memory(pids: Iterable[int]) -> int:
    """Estimate the bytes that processes hold together: their own, and what they share once."""
    own = shared = 0
    for pid in pids:
        fields = _read(f"/proc/{pid}/statm").split()
        if len(fields) > 2:
            own += int(fields[1]) - int(fields[2])
            shared = max(shared, int(fields[2]))
    return (own + shared) * PAGE


def send(process: Process, number: int) -> None:
    """Signal a process, unless it has ended and its pid went to another."""
    try:
        if hasattr(os, "pidfd_open"):
            fd = os.pidfd_open(process.pid)
            try:
                if is_running(process.pid, process.start):
                    signal.pidfd_send_signal(fd, number)
            finally:
                os.close(fd)
        elif is_running(process.pid, process.start):
            os.kill(process.pid, number)
    except OSError:
        # It ended meanwhile, or it belongs to somebody else now.
        return


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
