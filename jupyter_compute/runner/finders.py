"""Questions to a machine that may hang, each in a process of its own with a time limit."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_ANSWER_LIMIT = 1 << 20


class Finder(NamedTuple):
    """One question: a function whose answer is JSON, and how many seconds it may take."""

    find: Callable[[], Any]
    limit_s: float


class _Asked(NamedTuple):
    pid: int
    deadline: float
    answer: bytearray


def find_all(finders: Mapping[str, Finder]) -> tuple[dict[str, Any], list[str]]:
    """Ask all at once.

    A process rather than a thread: one that hangs in the kernel, such as on a file system whose
    server is gone, can be left behind.

    Returns:
        The answers by name, and the names of those that gave none in time.
    """
    begun = time.monotonic()
    asked = {}
    for name, finder in finders.items():
        fd, pid = _start(finder.find)
        asked[fd] = (name, _Asked(pid, begun + finder.limit_s, bytearray()))
    found: dict[str, Any] = {}
    missed: list[str] = []
    while asked:
        wait_s = min(one.deadline for _, one in asked.values()) - time.monotonic()
        ready, _, _ = select.select(list(asked), [], [], max(0.0, wait_s))
        for fd, (name, one) in list(asked.items()):
            data = os.read(fd, 65536) if fd in ready else b""
            one.answer.extend(data)
            is_late = time.monotonic() > one.deadline or len(one.answer) > _ANSWER_LIMIT
            is_over = fd in ready and not data
            if not is_over and not is_late:
                continue
            del asked[fd]
            os.close(fd)
            _end(one.pid)
            try:
                found[name] = json.loads(one.answer)
            except ValueError:
                missed.append(name)
    return found, missed


def _start(find: Callable[[], Any]) -> tuple[int, int]:
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return read, pid
    try:
        # A group of its own, so that what it started ends with it; and no descriptor of ours,
        # or who waits for our end would wait for one that hangs.
        os.setpgid(0, 0)
        _close_all_but(write)
        data = json.dumps(find()).encode()
        while data:
            data = data[os.write(write, data) :]
    except BaseException:
        os._exit(1)
    os._exit(0)


def _close_all_but(kept: int) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _end(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    # Not waited for: one that hangs in the kernel would hold us, too. Whoever inherits it will.
    with contextlib.suppress(OSError):
        os.waitpid(pid, os.WNOHANG)
