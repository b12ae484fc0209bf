"""Who a keeper is, so that a reused pid or a restarted host is never taken for a live run."""

from __future__ import annotations

import functools
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
        "token": token,
        **_place(),
    }


def life_of(identity: dict[str, Any]) -> Life:
    """Find out whether the process that was described still runs. Never guesses."""
    here = _place()
    if identity.get("boot") != here["boot"]:
        # Nodes made from one image may share a machine id, so that the name must agree as well.
        names = ("host", "machine")
        is_here = all(identity.get(name) == here[name] for name in names)
        # Only a loss of power leaves a file without what it was written with.
        return Life.RESTARTED if is_here or not identity.get("boot") else Life.UNKNOWN
    if identity.get("pid_namespace") != here["pid_namespace"]:
        return Life.UNKNOWN
    alive = processes.is_running(identity["pid"], identity["start"])
    return Life.ALIVE if alive else Life.ENDED


def is_same_boot(identity: dict[str, Any]) -> bool:
    """Tell whether the process that was described ran under the kernel that runs here now."""
    return bool(identity.get("boot") == _place()["boot"])


@functools.lru_cache
def _place() -> dict[str, str]:
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return {
        "boot": _first_line("/proc/sys/kernel/random/boot_id"),
        "host": os.uname().nodename,
        "machine": _first_line("/etc/machine-id"),
        "pid_namespace": namespace,
    }


def _first_line(path: str) -> str:
    try:
        with open(path) as file:
            return file.readline().strip()
    except OSError:
        return ""
