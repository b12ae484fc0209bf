"""The interpreters on this machine that a target could have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def interpreters() -> list[str]:
    """List this interpreter, and the oldest and the newest that can be found."""
    found = {sys.version_info[:2]: sys.executable}
    places = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    for path in [*map(str, places), *filter(None, map(shutil.which, ["python3.8", "python3.13"]))]:
        asked = subprocess.run(
            [path, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
        )
        if asked.returncode == 0:
            major, minor = map(int, asked.stdout.split())
            if (major, minor) in ((3, 8), (3, 13)):
                found.setdefault((major, minor), path)
    return list(found.values())
