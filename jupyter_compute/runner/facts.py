"""What is there on the target."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from typing import Any

_UNLIMITED = 1 << 60


def facts(root: str) -> dict[str, Any]:
    """Find out what a run could use here; blocks for seconds where a GPU driver is slow."""
    return {
        "host": platform.node(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "user": _user(),
        "cpus": cpus(),
        "memory_bytes": memory_bytes(),
        "gpus": gpus(),
        "disk_free_bytes": shutil.disk_usage(root).free,
        "uv": find_uv(),
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


def gpus() -> list[dict[str, str]]:
    """List the GPUs that NVIDIA's driver sees."""
    command = ["nvidia-smi", "--query-gpu=index,name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return []
    found = []
    for line in done.stdout.decode(errors="replace").splitlines():
        fields = [field.strip() for field in line.split(",")]
        if done.returncode == 0 and len(fields) == 3:
            found.append({"index": fields[0], "name": fields[1], "memory": fields[2]})
    return found


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
