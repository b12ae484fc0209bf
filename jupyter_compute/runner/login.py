"""What logging in costs here, and whether processes go on after logging out."""

from __future__ import annotations

import glob
import os
import subprocess
from collections.abc import Iterable

from . import processes

_FILES = ("/usr/lib/systemd/logind.conf", "/etc/systemd/logind.conf")
_DROP_INS = tuple(f"/{place}/systemd/logind.conf.d/*.conf" for place in ("usr/lib", "run", "etc"))
_ASK = (
    *("busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1"),
    *("org.freedesktop.login1.Manager", "KillUserProcesses"),
)

_SERVERS = ("sshd", "dropbear")
_LONGEST_S = 600.0


def took_s() -> float | None:
    """Return how long ago the login shell began; ``None`` where nobody logged in.

    Asked as the agent begins, that is what the login files took, and Python's own start.
    """
    leader = processes.find(os.getsid(0))
    if leader is None or not processes.name(leader.parent).startswith(_SERVERS):
        return None
    try:
        with open("/proc/uptime") as file:
            now = float(file.read().split()[0])
    except (OSError, IndexError, ValueError):
        return None
    took = now - leader.start / os.sysconf("SC_CLK_TCK")
    return round(took, 2) if 0 <= took < _LONGEST_S else None


def killer(user: str) -> str:
    """Name what ends our processes at logout; empty when nothing is known to."""
    try:
        with open("/proc/self/cgroup", errors="replace") as file:
            groups = file.read()
    except OSError:
        groups = ""
    if "slurmstepd" in groups or "/slurm/" in groups:
        return "slurm"
    # What is no part of a login session, such as a service, is not ended with one.
    is_session = "/session-" in groups and os.path.isdir("/run/systemd/system")
    if is_session and kills(user, _settings(), _answer()):
        return "logind"
    return ""


def kills(user: str, settings: Iterable[str], answer: str = "") -> bool:
    """Tell whether logind ends a user's processes.

    Args:
        user: Whose.
        settings: The contents of its files, in the order in which later ones hold.
        answer: What it said itself on the bus: ``b true``, ``b false``, or nothing.
    """
    said = {"KillUserProcesses": "no", "KillOnlyUsers": "", "KillExcludeUsers": "root"}
    for text in settings:
        for line in text.splitlines():
            name, sign, value = line.strip().partition("=")
            if sign and name.strip() in said:
                said[name.strip()] = value.strip()
    is_on = said["KillUserProcesses"].lower() in ("yes", "true", "on", "1")
    if answer.strip() in ("b true", "b false"):
        is_on = answer.strip() == "b true"
    only, spared = said["KillOnlyUsers"].split(), said["KillExcludeUsers"].split()
    return is_on and user not in spared and (not only or user in only)


def _settings() -> list[str]:
    # Drop-ins are sorted by their names, whichever folder they are in.
    added = sorted((path for place in _DROP_INS for path in glob.glob(place)), key=os.path.basename)
    found = []
    for path in (*_FILES, *added):
        try:
            with open(path, errors="replace") as file:
                found.append(file.read())
        except OSError:
            continue
    return found


def _answer() -> str:
    try:
        done = subprocess.run(
            _ASK,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=3,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
