"""What is there on the target."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
from typing import Any

from .finders import Finder, find_all
from .gpus import gpus
from .logout import killer
from .volume import volume

_UNLIMITED = 1 << 60


def facts(root: str) -> dict[str, Any]:
    """Find out what a run could use here.

    What may hang, such as a GPU's driver or a file system, is asked with a time limit of its
    own; ``missed`` names what gave no answer.
    """
    user = _user()
    asked = {
        "volume": Finder(lambda: volume(root), 8.0),
        "gpus": Finder(gpus, 20.0),
        "uv": Finder(find_uv, 8.0),
        "killer": Finder(lambda: killer(user), 8.0),
    }
    found, missed = find_all(asked)
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "user": user,
        "cpus": cpus(),
        "load": round(os.getloadavg()[0], 2),
        "memory_bytes": memory_bytes(),
        "has_venv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
        "has_proc": os.path.exists("/proc/self/stat"),
        **found,
        "missed": missed,
    }


def cpus() -> float:
    """Return the cores that this process may use, by its affinity and its cgroup's quota."""
    count = float(len(os.sched_getaffinity(0)))
    quota = _words("/sys/fs/cgroup" + _group("") + "/cpu.max")
    if len(quota) == 2 and quota[0] != "max":
        count = min(count, int(quota[0]) / int(quota[1]))
    v1 = "/sys/fs/cgroup/cpu" + _group("cpu")
    limit, period = _number(v1 + "/cpu.cfs_quota_us"), _number(v1 + "/cpu.cfs_period_us")
    if limit > 0 and period > 0:
        count = min(count, limit / period)
    return round(count, 2)


def memory_bytes() -> int:
    """Return the memory that this process may use, by the machine and its cgroup."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        _number("/sys/fs/cgroup" + _group("") + "/memory.max"),
        _number("/sys/fs/cgroup/memory" + _group("memory") + "/memory.limit_in_bytes"),
    ]
    return min([total, *(limit for limit in limits if 0 < limit < _UNLIMITED)])


def find_uv() -> str:
    """Return the path of uv; empty if there is none."""
    home = os.path.expanduser("~")
    places = [os.environ.get("PATH", os.defpath), home + "/.local/bin", home + "/.cargo/bin"]
    beside = os.path.dirname(sys.executable)
    return shutil.which("uv", path=os.pathsep.join([beside, *places])) or ""


def _user() -> str:
    try:
        import pwd  # noqa: PLC0415 - a container may know no users

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return str(os.getuid())


def _group(controller: str) -> str:
    try:
        with open("/proc/self/cgroup") as file:
            for line in file:
                _, names, path = line.rstrip("\n").split(":", 2)
                if controller in names.split(","):
                    return "" if path == "/" else path
    except (OSError, ValueError):
        pass
    return ""


def _words(path: str) -> list[str]:
    try:
        with open(path) as file:
            return file.read().split()
    except OSError:
        return []


def _number(path: str) -> int:
    words = _words(path)
    try:
        return int(words[0])
    except (IndexError, ValueError):
        return -1
