"""An interpreter on the target: where it is, and what it has installed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from . import processes
from .run_folder import replace_json

_ASK = (
    "import json, platform, sys;"
    "print(json.dumps([platform.python_version(), sys.executable, sys.path[1:]]))"
)
_ANSWER_S = 10.0
_DISTRIBUTION = re.compile(
    r"^(?P<name>[^~].*?)-(?P<version>[^-]+?)(?:-py[\d.]+)?\.(?:dist|egg)-info$"
)


class Interpreter:
    """An interpreter by its path.

    Args:
        path: Absolute, and not resolved: a virtual environment is known by its own path.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = path

    @property
    def home(self) -> str:
        """The virtual environment it belongs to; empty if it belongs to none."""
        home = os.path.dirname(os.path.dirname(self.path))
        return home if os.path.exists(os.path.join(home, "pyvenv.cfg")) else ""

    @property
    def prefix(self) -> str:
        """The conda environment it belongs to; empty if it belongs to none."""
        prefix = os.path.dirname(os.path.dirname(self.path))
        return prefix if os.path.isdir(os.path.join(prefix, "conda-meta")) else ""

    def search_path(self, path: str) -> str:
        """Put the folder of its programs before a ``PATH``."""
        folder = os.path.dirname(self.path)
        return os.pathsep.join([folder, path]) if folder else path

    def facts(self, root: str, token: str = "") -> dict[str, Any]:
        """Return its version, path and packages.

        The interpreter itself is asked only once; its packages are read from the names of their
        folders, as opening hundreds of files would disturb the run beside.

        Args:
            root: The target's root, where the interpreter's answer is kept.
            token: Marks the interpreter that is asked as a process of a run.
        """
        packages = _conda_packages(self.prefix) if self.prefix else {}
        if packages and not os.path.exists(self.path):
            return {"packages": packages}
        version, path, places = self._ask(root, token)
        for place in reversed(places):
            packages.update(distributions(_names(place)))
        return {
            "python": version,
            "interpreter": path or self.path,
            "packages": dict(sorted(packages.items())),
        }

    def _ask(self, root: str, token: str) -> tuple[str, str, list[str]]:
        found = os.stat(self.path)
        key = f"{self.path}\n{found.st_ino}\n{found.st_mtime_ns}\n{found.st_size}"
        folder = os.path.join(root, "interpreters")
        name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        cached = os.path.join(folder, name + ".json")
        try:
            with open(cached) as file:
                version, path, places = json.load(file)
        except (OSError, ValueError):
            # Its own output comes last, whatever a sitecustomize may print before.
            answer = subprocess.run(
                [self.path, "-c", _ASK],
                env={**os.environ, processes.TOKEN: token},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_ANSWER_S,
                check=True,
            ).stdout
            version, path, places = json.loads(answer.splitlines()[-1])
            with contextlib.suppress(OSError):
                os.makedirs(folder, mode=0o700, exist_ok=True)
                replace_json(cached, [version, path, places])
        return str(version), str(path), [str(place) for place in places]


def default_interpreter(job: dict[str, Any]) -> str:
    """Return the path of the interpreter that a job runs in when it names none."""
    return str(job.get("python") or sys.executable)


def distributions(names: Iterable[str]) -> dict[str, str]:
    """Return the packages and versions that the names of folders in a ``site-packages`` tell."""
    matches = (_DISTRIBUTION.match(name) for name in names)
    return {
        re.sub(r"[-_.]+", "-", match["name"]).lower(): match["version"]
        for match in matches
        if match is not None
    }


def _conda_packages(prefix: str) -> dict[str, str]:
    words = (name[: -len(".json")].rsplit("-", 2) for name in _names(prefix + "/conda-meta"))
    return {word[0]: word[1] for word in words if len(word) == 3}


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
