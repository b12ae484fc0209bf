"""Start a job exactly once, whoever dies in between and however often it is asked for."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from . import keeper, manifests
from .blobs import Blobs
from .failures import Failure

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")


def attempt_folder(root: str, run_id: str, attempt: int) -> str:
    """Return the folder of an attempt; it need not exist.

    Raises:
        Failure: The id or the number could name something else.
    """
    if not isinstance(run_id, str) or not _RUN_ID.match(run_id) or run_id.endswith(".."):
        raise Failure("bad-request", f"{run_id!r} is no run id")
    if not isinstance(attempt, int) or isinstance(attempt, bool) or attempt < 1:
        raise Failure("bad-request", f"{attempt!r} is no attempt")
    return os.path.join(root, "runs", run_id, str(attempt))


def launch(blobs: Blobs, job: dict[str, Any], secrets: dict[str, str]) -> bool:
    """Start a job unless it was started before; blocks until its keeper stands.

    An agent that died anywhere in here left a folder from which the next call goes on: the mark
    that a job was started is ``state.json``, which the keeper writes once under its lock.

    Args:
        blobs: The target's blobs; all the job needs must be there.
        job: The JSON of the job, with ``lib`` and ``python`` added, without secrets.
        secrets: Environment variables that are written nowhere.

    Returns:
        Whether this call started it.

    Raises:
        Failure: It cannot be started; nothing was.
    """
    folder = attempt_folder(blobs.root, job["run_id"], job["attempt"])
    if is_started(folder):
        return False
    stage(blobs, job)
    try:
        keeper.start(blobs.root, folder, secrets)
    except OSError as error:
        raise _refusal(error) from error
    return True


def stage(blobs: Blobs, job: dict[str, Any]) -> str:
    """Write down what is asked for, so that a keeper can begin; returns the attempt's folder.

    Repeatable; the first time counts.

    Raises:
        Failure: Blobs are missing, or the folder cannot be written.
    """
    folder = attempt_folder(blobs.root, job["run_id"], job["attempt"])
    digests = manifests.needed(blobs, job)
    missing = blobs.absent(digests)
    if missing:
        raise Failure(
            "missing-blobs",
            f"{len(missing)} of {len(digests)} blobs of the job are not on the target",
            digests=missing,
        )
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        write_once(os.path.join(folder, "job.json"), job)
    except OSError as error:
        raise _refusal(error) from error
    return folder


def _refusal(error: OSError) -> Failure:
    return Failure("refused", f"the run cannot be started on the target: {error}")


def is_started(folder: str) -> bool:
    """Tell whether a keeper ever stood in a folder, or an end without one."""
    return any(os.path.exists(os.path.join(folder, name)) for name in ("state.json", "exit.json"))


def write_once(path: str, value: dict[str, Any]) -> None:
    """Write a file whole or not at all, the first time only."""
    if os.path.exists(path):
        return
    temporary = f"{path}.{os.getpid()}"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(json.dumps(value).encode())
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
