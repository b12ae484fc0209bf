"""The interpreters on this machine that a target could have."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path


def installed(version: str = "3") -> list[Path]:
    """List the folders of interpreters of a version, beside this one or in the user's home."""
    beside = Path(sys.base_prefix).parent
    places = {*beside.glob(f"{version}.*"), *Path.home().glob(f".pyenv/versions/{version}.*")}
    return sorted(place for place in places if (place / "bin" / "python").exists())


def interpreters() -> list[str]:
    """List this interpreter, and the oldest and the newest that can be found."""
    found = {sys.version_info[:2]: sys.executable}
    places = [str(place / "bin" / "python") for place in installed()]
    for path in [*places, *filter(None, map(shutil.which, ["python3.8", "python3.13"]))]:
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
