"""Run a cell, a script or a notebook on any compute you can reach, from where you are.

>>> import jupyter_compute as jc
>>> run = jc.submit(["train.py", "--lr", "0.1"])  # doctest: +SKIP
>>> run.wait().state  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import Client
    from .errors import (
        AuthenticationError,
        ComputeError,
        ConfigError,
        ConflictError,
        DriverError,
        DriverNotInstalledError,
        LaunchError,
        NotFoundError,
        RunFailedError,
        SnapshotError,
        StoreError,
        TargetUnreachableError,
    )
    from .handle import RunHandle, attach, detach, run, runs, submit, targets
    from .model import (
        ArgvCommand,
        CellCommand,
        NotebookCommand,
        Resources,
        Run,
        RunFilter,
        RunState,
        ScriptCommand,
        Target,
    )

_HOMES = {
    "client": ("Client",),
    "handle": ("RunHandle", "attach", "detach", "run", "runs", "submit", "targets"),
    "model": (
        "ArgvCommand",
        "CellCommand",
        "NotebookCommand",
        "Resources",
        "Run",
        "RunFilter",
        "RunState",
        "ScriptCommand",
        "Target",
    ),
    "errors": (
        "AuthenticationError",
        "ComputeError",
        "ConfigError",
        "ConflictError",
        "DriverError",
        "DriverNotInstalledError",
        "LaunchError",
        "NotFoundError",
        "RunFailedError",
        "SnapshotError",
        "StoreError",
        "TargetUnreachableError",
    ),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ArgvCommand",
    "AuthenticationError",
    "CellCommand",
    "Client",
    "ComputeError",
    "ConfigError",
    "ConflictError",
    "DriverError",
    "DriverNotInstalledError",
    "LaunchError",
    "NotFoundError",
    "NotebookCommand",
    "Resources",
    "Run",
    "RunFailedError",
    "RunFilter",
    "RunHandle",
    "RunState",
    "ScriptCommand",
    "SnapshotError",
    "StoreError",
    "Target",
    "TargetUnreachableError",
    "__version__",
    "attach",
    "detach",
    "run",
    "runs",
    "submit",
    "targets",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is used first."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})


def load_ipython_extension(ipython: Any) -> None:
    """Give a notebook ``%compute``, ``%submit`` and ``%%submit``."""
    importlib.import_module(".magics", __name__).load_ipython_extension(ipython)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter_compute"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    app = importlib.import_module(".server.app", __name__).ComputeApp
    return [{"module": "jupyter_compute", "app": app}]
