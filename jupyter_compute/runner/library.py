"""What a run may import from us, put where its interpreter finds it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import zipfile
from collections.abc import Iterator

PACKAGE = "jupyter_compute_run"


def install(root: str) -> str:
    """Put the package that runs import below the target's root; returns the folder. Repeatable."""
    files = sorted(_files())
    digest = hashlib.sha256()
    for name, data in files:
        digest.update(b"%s\0%d\0" % (name.encode(), len(data)))
        digest.update(data)
    folder = os.path.join(root, "lib", digest.hexdigest()[:16])
    if os.path.isdir(folder):
        # A collection takes those that were not asked for in a week.
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder
    temporary = f"{folder}.{os.getpid()}"
    shutil.rmtree(temporary, ignore_errors=True)
    for name, data in files:
        path = os.path.join(temporary, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    try:
        os.rename(temporary, folder)
    except OSError:
        # Another agent was first.
        shutil.rmtree(temporary, ignore_errors=True)
        if not os.path.isdir(folder):
            raise
    return folder


def archive() -> str:
    """Return the path of the archive this runs from; empty when it runs from sources."""
    path = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return path if os.path.isfile(path) else ""


def _files() -> Iterator[tuple[str, bytes]]:
    if archive():
        with zipfile.ZipFile(archive()) as zipped:
            for name in zipped.namelist():
                if name.startswith("lib/"):
                    yield name[len("lib/") :], zipped.read(name)
        return
    here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    base = os.path.join(here, PACKAGE)
    for folder, _, names in os.walk(base):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                    yield os.path.relpath(path, here), file.read()
