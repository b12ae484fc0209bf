"""Who a keeper is, so that a reused pid or a restarted host is never taken for a live run."""

from __future__ import annotations

import os
from enum import Enum
from typing import Any

from . import processes


class Life(Enum):
    """What can be said about a process from here."""

    ALIVE = "alive"
    ENDED = "ended"
    RESTARTED = "restarted"
    """The host was started again since."""
    UNKNOWN = "unknown"
    """It belongs to another host or another container; silence is no evidence."""


def identify(token: str) -> dict[str, Any]:
    """Describe this process for good: by host, boot, pid namespace, pid, start time and token."""
    me = processes.find(os.getpid())
    return {
        "pid": os.getpid(),
        "start": me.start if me else 0,
        "boot": _first_line("/proc/sys/kernel/random/boot_id"),
        "host": os.uname().nodename,
        "machine": _first_line("/etc/machine-id"),
        "pid_namespace": _namespace(),
        "token": token,
    }


def life_of(identity: dict[str, Any]) -> Life:
    """Find out whether the process that was described still runs. Never guesses."""
    if identity.get("boot") != _first_line("/proc/sys/kernel/random/boot_id"):
        return Life.RESTARTED if _is_this_host(identity) else Life.UNKNOWN
    if identity.get("pid_namespace") != _namespace():
        return Life.UNKNOWN
    alive = processes.is_running(int(identity.get("pid", 0)), int(identity.get("start", -1)))
    return Life.ALIVE if alive else Life.ENDED


def is_same_boot(identity: dict[str, Any]) -> bool:
    """Tell whether the process that was described ran under the kernel that runs here now."""
    return bool(identity.get("boot") == _first_line("/proc/sys/kernel/random/boot_id"))


def _is_this_host(identity: dict[str, Any]) -> bool:
    # Nodes made from one image may share a machine id, so that the name must agree as well.
    return (identity.get("host"), identity.get("machine")) == (
        os.uname().nodename,
        _first_line("/etc/machine-id"),
    )


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _first_line(path: str) -> str:
    try:
        with open(path) as file:
            return file.readline().strip()
    except OSError:
        return ""
