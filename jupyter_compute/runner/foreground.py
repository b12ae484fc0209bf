"""A keeper in the foreground of an engine's own job: when the run is over, so is the job."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

from . import programs
from .keeper import Keeper, claim
from .run_folder import RunFolder

_SECRETS = "secrets.json"


def write_secrets(folder: str, secrets: dict[str, str]) -> None:
    """Leave secrets for the keeper that an engine will start, in a file only we can read.

    Raises:
        OSError: It cannot be written.
    """
    if not secrets:
        return
    path = os.path.join(folder, _SECRETS)
    temporary = f"{path}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "w") as file:
        json.dump(secrets, file)
    os.rename(temporary, path)


def keep(root: str, folder: str) -> int:
    """Keep an attempt in this process, once: if somebody else did or does, nothing happens.

    Args:
        root: The target's root.
        folder: The attempt's folder, with its ``job.json``.

    Returns:
        The exit code of the run: 0 if it completed, that of its program, else 1.
    """
    run = RunFolder(folder)
    if claim(run):
        secrets = _take_secrets(run)
        programs.reset_signals()
        keeper = Keeper(root, run, secrets)
        run.write_state(keeper.state, durable=True)
        os.chdir("/")
        keeper.keep()
    return code_of(run.exit())


def code_of(final: dict[str, Any] | None) -> int:
    """Return the exit code of a process that stands for a run which ended like this."""
    if final is None:
        return 1
    if final.get("state") == "completed":
        return 0
    code = final.get("exit_code")
    return code if isinstance(code, int) and 0 < code < 256 else 1


def _take_secrets(run: RunFolder) -> dict[str, str]:
    """Read what was left for this keeper, and remove it from the disk."""
    try:
        with open(run / _SECRETS) as file:
            secrets = json.load(file)
    except FileNotFoundError:
        return {}
    with contextlib.suppress(FileNotFoundError):
        os.unlink(run / _SECRETS)
    return {str(name): str(value) for name, value in secrets.items()}
