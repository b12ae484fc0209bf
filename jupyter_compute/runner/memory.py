"""Secrets on their way into a container: through the machine's memory, past the engine's books.

An engine writes down the variables it is told. The image's shell reads these from a file that
never is on a disk, and that is gone before the program begins.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Iterable

FOLDER = "/dev/shm"
"""Is the same in every container of ours."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def carried(secrets: Iterable[str]) -> set[str]:
    """Return the names of the secrets that can travel so."""
    if not os.path.isdir(FOLDER) or not os.access(FOLDER, os.W_OK):
        return set()
    return {name for name in secrets if _NAME.fullmatch(name)}


def path_for(container: str) -> str:
    """Return the file for a container of this name."""
    return os.path.join(FOLDER, container)


def write(container: str, secrets: dict[str, str]) -> None:
    """Write down what a shell is to read."""
    forget([container])
    fd = os.open(path_for(container), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(
            f"export {name}={shlex.quote(value)}\n" for name, value in sorted(secrets.items())
        )


def forget(containers: Iterable[str]) -> None:
    """Remove what was written, as far as nobody has read it yet. Repeatable."""
    for container in containers:
        with contextlib.suppress(OSError):
            os.unlink(path_for(container))
