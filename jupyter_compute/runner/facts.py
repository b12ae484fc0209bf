"""What is there on the target."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections.abc import Mapping
from typing import Any

from .builders import find_uv
from .conda import find_conda
from .containers import find_engines
from .finders import Finder, find_all
from .gpus import gpus
from .login import killer
from .volume import volume

_UNLIMITED = 1 << 60
_SHORT_S, _LONG_S = 8.0, 20.0


def facts(
    root: str, env: Mapping[str, str] | None = None, *, is_brief: bool = False
) -> dict[str, Any]:
    """Find out what a run could use here.

    What may hang, such as a GPU's driver or a file system, is asked with a time limit of its
    own; ``missed`` names what gave no answer.

    Args:
        root: The folder that runs are kept in.
        env: Environment variables that programs of the target are run with, besides our own.
        is_brief: Whether it is enough to know how much can run here.
    """
    user, whole = _user(), {**os.environ, **(env or {})}
    asked = {
        "volume": Finder(lambda: volume(root), _SHORT_S),
        "gpus": Finder(gpus, _LONG_S),
        "killer": Finder(lambda: killer(user), _SHORT_S),
    }
    if not is_brief:
        asked.update(_tools(whole))
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


def _tools(env: dict[str, str]) -> dict[str, Finder]:
    """Return the finders of what environments are made with and run in."""

    def engines() -> list[dict[str, Any]]:
        return [engine._asdict() for engine in find_engines(env, _SHORT_S)]

    return {
        "containers": Finder(engines, _LONG_S),
        "conda": Finder(lambda: find_conda(env, _SHORT_S)._asdict(), _LONG_S),
        "uv": Finder(lambda: " ".join(find_uv(sys.executable, env)), _LONG_S),
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
