"""Why a run ended, in one line that tells the truth and no more than is known."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any

from .run_folder import MEGABYTE

_TAIL = 64 * 1024
_LINE = 400
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"^[^\W\d][\w.]*(?:: .*|:|)$")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BY_HOST = "the host asked for the end of the run (SIGTERM)"
_MEANINGS = {
    "SIGSEGV": "segmentation fault",
    "SIGABRT": "it aborted itself",
    "SIGBUS": "bus error",
    "SIGFPE": "arithmetic error",
    "SIGILL": "illegal instruction",
    "SIGXCPU": "CPU time limit of the host",
    "SIGXFSZ": "file size limit of the host",
    "SIGPIPE": "nobody reads its output",
}


class Ended(BaseException):
    """The run is over before its program began.

    Not an ``Exception``, so that nothing between takes it for an error of its own.
    """

    def __init__(self, state: str, error: str) -> None:
        super().__init__(error)
        self.state = state
        self.error = error


def of_wish(wish: dict[str, Any]) -> str:
    """Say who canceled."""
    return f"canceled by {wish['by']}" if wish.get("by") else "canceled"


def of_code(code: int, folder: str, log: str = "") -> str:
    """Explain an exit code by the exception the program ended with, or its last line.

    Args:
        code: The exit code.
        folder: The attempt's folder.
        log: The program's output, unless it is the run's log.
    """
    text = tail(log or os.path.join(folder, "log"))
    said = _exception_in_events(folder) or last_exception(text)
    if said:
        return shorten(f"exit code {code}: {said}")
    full = "; the disk is full" if is_disk_full(folder) else ""
    if code > 128 and _signal_name(code - 128):
        name = _signal_name(code - 128)
        return f"exit code {code}, as a shell says when {name} ended a program{full}"
    line = last_line(text)
    return shorten("exit code {}{}{}".format(code, full, ", last line: " + line if line else ""))


def of_signal(number: int, before: dict[str, int], after: dict[str, int], peak: int) -> str:
    """Explain a signal that was not ours, by what the kernel counted meanwhile."""
    name = _signal_name(number) or f"signal {number}"
    if number == signal.SIGKILL:
        held = f", the run held {peak // MEGABYTE} MB at its peak" if peak else ""
        if after.get("cgroup", 0) > before.get("cgroup", 0):
            return of_memory_limit(peak)
        if after.get("host", 0) > before.get("host", 0):
            return (
                "ended by SIGKILL while the host was out of memory, most likely for that reason"
                + held
            )
        return "ended by SIGKILL, sent by somebody or something else on the host"
    meaning = _MEANINGS.get(name)
    return "ended by {}{}".format(name, f" ({meaning})" if meaning else "")


def of_memory_limit(peak: int) -> str:
    """Say that an engine saw the kernel end a program for lack of memory."""
    held = f", the run held {peak // MEGABYTE} MB at its peak" if peak else ""
    return "out of memory: the kernel killed the program (SIGKILL)" + held


def is_short_of_memory(code: int, before: dict[str, int], after: dict[str, int]) -> bool:
    """Tell whether an exit code goes back to the kernel, which killed for lack of memory."""
    # What a container may hold is counted elsewhere; the host counts the kills of all.
    where = "host" if code == 128 + signal.SIGKILL else "cgroup"
    return any(after.get(name, 0) > before.get(name, 0) for name in ("cgroup", where))


def of_start(error: OSError) -> str:
    """Explain why the program could not be started."""
    return f"{error.filename} could not be started: {error.strerror}"


def of_trouble(error: BaseException, folder: str) -> str:
    """Explain an error of the keeper's own work, such as preparing the files."""
    if is_disk_full(folder) or getattr(error, "errno", None) == 28:
        return shorten(f"the disk is full: {error}")
    return shorten(str(error) or type(error).__name__)


def out_of_memory_kills() -> dict[str, int]:
    """Read how often the kernel killed for lack of memory: in this cgroup, and on the host."""
    counts = {}
    for path in _memory_files():
        count = _counter(path)
        if count is not None:
            counts["cgroup"] = count
            break
    host = _counter("/proc/vmstat")
    if host is not None:
        counts["host"] = host
    return counts


def is_disk_full(folder: str) -> bool:
    """Tell whether there is no room left for a file of a megabyte."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize < MEGABYTE or (found.f_files > 0 and found.f_favail == 0)


def tail(path: str, size: int = _TAIL) -> str:
    """Read the end of a text file; empty if it is not there."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - size))
            return file.read(size).decode("utf-8", "replace")
    except OSError:
        return ""


def last_exception(text: str) -> str:
    """Find the line that names the exception of the last traceback; empty without one."""
    _, found, after = text.rpartition(_TRACEBACK)
    if not found:
        return ""
    for line in after.splitlines()[1:]:
        if line and not line[0].isspace() and _EXCEPTION.match(line):
            return _CONTROL.sub("", line)
    return ""


def shorten(text: str) -> str:
    """Make one line of bounded length."""
    line = " ".join(_CONTROL.sub("", text).split())
    return line if len(line) <= _LINE else line[: _LINE - 1] + "…"


def last_line(text: str) -> str:
    """Return the last line that says something; empty if there is none."""
    lines = [line.strip() for line in _CONTROL.sub("\n", text).splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _exception_in_events(folder: str) -> str:
    for line in reversed(tail(os.path.join(folder, "events")).splitlines()):
        if '"error"' not in line:
            continue
        try:
            event: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("type") == "error":
            name, value = str(event.get("ename", "")), str(event.get("evalue", ""))
            return name + (": " + value if value else "")
    return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


def _memory_files() -> list[str]:
    files: list[str] = []
    try:
        with open("/proc/self/cgroup") as file:
            lines = file.read().splitlines()
    except OSError:
        return files
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            files += [
                f"/sys/fs/cgroup{path}/memory.events",
                "/sys/fs/cgroup/memory.events",
            ]
        elif "memory" in controllers.split(","):
            files += [
                f"/sys/fs/cgroup/memory{path}/memory.oom_control",
                "/sys/fs/cgroup/memory/memory.oom_control",
            ]
    return files


def _counter(path: str) -> int | None:
    try:
        with open(path) as file:
            for line in file:
                words = line.split()
                if len(words) == 2 and words[0] == "oom_kill":
                    return int(words[1])
    except (OSError, ValueError):
        pass
    return None


def duration(seconds: float) -> str:
    """Say a length of time as people do: ``2 s``, ``1 h 30 min``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
