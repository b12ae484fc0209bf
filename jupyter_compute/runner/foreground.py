"""A keeper in the foreground of an engine's own job: when the run is over, so is the job.

An engine may start a job again by itself, after a lost node or for the sake of another one. Then
the next attempt of the same run begins, from what the one before was given.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import Any

from . import allocation, endings, keeper, launching, programs, status
from .run_folder import RunFolder

_SECRETS = "secrets.json"
_WAIT_S = 60.0
AGAIN = "its engine has started the job again"


def write_secrets(folder: str, secrets: dict[str, str]) -> None:
    """Leave secrets for the keeper that an engine will start, in a file only we can read.

    They lie in the run's folder until it will not be started again.

    Args:
        folder: An attempt's folder.
        secrets: Names and values.

    Raises:
        OSError: It cannot be written.
    """
    if not secrets:
        return
    path = _secrets_of(folder)
    temporary = f"{path}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "w") as file:
        json.dump(secrets, file)
    os.rename(temporary, path)


def forget_secrets(folder: str) -> None:
    """Remove the secrets of a run from the disk. Repeatable."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_secrets_of(folder))


def keep(root: str, folder: str) -> int:
    """Keep an attempt in this process, once: if somebody else did or does, nothing happens.

    Args:
        root: The target's root.
        folder: The attempt's folder. Without a ``job.json`` it goes on where the attempt before
            was cut short.

    Returns:
        The exit code of the run: 0 if it completed, that of its program, else 1.
    """
    run = RunFolder(folder)
    over = _continue(run)
    if over is not None:
        return code_of(over)
    if not keeper.claim(run):
        return code_of(run.exit())
    secrets = _read_secrets(folder)
    programs.reset_signals()
    one = keeper.Keeper(root, run, secrets)
    if not one.job.get("requeues"):
        forget_secrets(folder)
    run.write_state(one.state, durable=True)
    os.chdir("/")
    one.keep()
    final = run.exit() or {}
    if not final.get("requeue"):
        forget_secrets(folder)
    elif one.bell.is_warned:
        # Only here is it known in time; should it fail, the near end hands it over anew.
        allocation.requeue()
    return code_of(final)


def code_of(final: dict[str, Any] | None) -> int:
    """Return the exit code of a process that stands for a run which ended like this."""
    if not final:
        return 1
    if final.get("state") == "completed":
        return 0
    code = final.get("exit_code")
    return code if isinstance(code, int) and 0 < code < 256 else 1


def _continue(run: RunFolder) -> dict[str, Any] | None:
    """Give an attempt that an engine began by itself what the one before was given.

    Returns:
        How the run ended, if it is not to go on.
    """
    if os.path.exists(run / "job.json"):
        return None
    before = RunFolder(os.path.join(run.folder, str(int(run.attempt) - 1)))
    over = _continue(before) if int(run.attempt) > 2 else None
    if over is not None:
        return over
    final = _end_of(before)
    job = before.job()
    left = int(job.get("requeues") or 0)
    is_cut_short = final.get("requeue") or final.get("error") == endings.BY_HOST
    if final.get("state") != "failed" or not is_cut_short or not left:
        # Its node may have died after its last word, before its engine had heard of that.
        return final
    job.update(attempt=int(run.attempt), requeues=left - 1)
    os.makedirs(run.path, 0o700, exist_ok=True)
    launching.write_once(run / "job.json", job)
    return None


def _end_of(before: RunFolder) -> dict[str, Any]:
    """Return how an attempt ended that was cut short, if it does not say itself."""
    deadline = time.monotonic() + _WAIT_S
    while True:
        cut_short = {"state": "failed", "error": AGAIN, "requeue": True}
        final = status.conclude(before.path, cut_short)
        if final is not None or time.monotonic() > deadline:
            return final or {}
        # Its keeper is about to end, or somebody else is just writing it down.
        time.sleep(0.1)


def _secrets_of(folder: str) -> str:
    return os.path.join(os.path.dirname(os.path.abspath(folder)), _SECRETS)


def _read_secrets(folder: str) -> dict[str, str]:
    try:
        with open(_secrets_of(folder)) as file:
            secrets = json.load(file)
    except FileNotFoundError:
        return {}
    return {str(name): str(value) for name, value in secrets.items()}
