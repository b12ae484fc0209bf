"""Hand a job to an engine's queue exactly once, whoever dies in between and however often.

What was handed over is written beside the run. If an answer was lost, the queue is searched for
the run's name before anything is handed over again.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import subprocess
import sys
import time
from typing import Any

from . import launching, library
from .blobs import Blobs
from .children import OUTPUT_LIMIT
from .failures import Failure
from .foreground import write_secrets
from .run_folder import RunFolder, replace_json, take_lock

KEEPER, FOLDER = "@KEEPER@", "@FOLDER@"
"""Stand in a script for the keeper's command but the attempt, and in an argument for the folder."""

_SUBMITTED, _BEGUN = "submitted.json", "submitting"
_LOCK_S = 30.0


def submit(blobs: Blobs, job: dict[str, Any], secrets: dict[str, str], how: Any) -> dict[str, Any]:
    """Submit a job unless it was submitted before; blocks until the engine has answered.

    Args:
        blobs: The target's blobs; all the job needs must be there.
        job: The JSON of the job, with ``lib`` and ``python`` added, without secrets.
        secrets: Environment variables for the keeper alone.
        how: ``argv`` of the engine's command, which prints the id of the job; ``script`` for its
            input; ``lookup``, commands that print the id of a job of this name if there is one;
            ``timeout_s`` of each; ``adopt``, the id of a job that has begun this attempt already.

    Returns:
        ``job_id``, and ``is_new`` if this call submitted it.

    Raises:
        Failure: ``refused`` with the engine's own words, ``busy`` when it gave no answer.
    """
    folder = launching.stage(blobs, job)
    run = RunFolder(folder)
    lock = _lock(run)
    try:
        found = _submitted(run)
        if found:
            return {"job_id": found, "is_new": False}
        if launching.is_started(folder):
            # It was canceled before it was handed over.
            return {"job_id": "", "is_new": False}
        write_secrets(run.path, secrets)
        job_id = how.get("adopt") or _look_up(run, how) or _submit(blobs.root, run, how)
        replace_json(run / _SUBMITTED, {"job_id": job_id, "t": time.time()}, durable=True)
        return {"job_id": job_id, "is_new": True}
    finally:
        os.close(lock)


def _lock(run: RunFolder) -> int:
    deadline = time.monotonic() + _LOCK_S
    while True:
        lock = take_lock(run / "submit.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is not None:
            return lock
        if time.monotonic() > deadline:
            raise Failure("busy", f"the run {run.run_id} is being submitted by another agent")
        time.sleep(0.02)


def _submitted(run: RunFolder) -> str:
    try:
        with open(run / _SUBMITTED) as file:
            return str(json.load(file)["job_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _look_up(run: RunFolder, how: Any) -> str:
    """Search the queue, if this was handed over and no answer is known; empty if it is not there.

    Raises:
        Failure: The queue does not say.
    """
    if not os.path.exists(run / _BEGUN):
        return ""
    for argv in how.get("lookup") or ():
        code, out, said = _ask(argv, "", how)
        if code is None or code:
            raise Failure("busy", f"{_shown(argv)} gave no answer: {said or 'it took too long'}")
        found = out.split()
        if found:
            return found[0]
    return ""


def _submit(root: str, run: RunFolder, how: Any) -> str:
    replace_json(run / _BEGUN, {"t": time.time()}, durable=True)
    words = [sys.executable, "-I", "-S", _archive(root), "keep", root, run.folder + "/"]
    command = " ".join(shlex.quote(word) for word in words)
    argv = [word.replace(FOLDER, _literal(run.path)) for word in how["argv"]]
    code, out, said = _ask(argv, how["script"].replace(KEEPER, command), how)
    if code is None:
        raise Failure("busy", f"{_shown(argv)} gave no answer in {how['timeout_s']:g} s")
    if code:
        raise Failure("refused", said or f"{_shown(argv)} ended with exit code {code}")
    job_id = out.strip().splitlines()[-1].partition(";")[0] if out.strip() else ""
    if not job_id:
        raise Failure("refused", f"{_shown(argv)} named no job: {said}")
    return job_id


def _literal(path: str) -> str:
    """Return a path so that sbatch, which fills in patterns, takes it as it is."""
    # One backslash anywhere makes it take all else as it is, but backslashes.
    return path.replace("\\", "\\\\") if "\\" in path else path.replace("%", "%%")


def _archive(root: str) -> str:
    """Return an archive of the runner that every node can see: one below the root."""
    path = library.archive()
    place = os.path.join(root, "agent", os.path.basename(path))
    if not os.path.exists(place):
        os.makedirs(os.path.dirname(place), 0o700, exist_ok=True)
        temporary = f"{place}.{os.getpid()}"
        with open(path, "rb") as source, open(temporary, "wb") as target:
            target.write(source.read())
        os.rename(temporary, place)
    return place


def _ask(argv: list[str], text: str, how: Any) -> tuple[int | None, str, str]:
    """Run a command of the engine; returns exit code, output and complaint."""
    try:
        done = subprocess.run(
            argv,
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            timeout=float(how["timeout_s"]),
        )
    except subprocess.TimeoutExpired:
        return None, "", ""
    except OSError as error:
        raise Failure("refused", f"{_shown(argv)} cannot be started: {error}") from error
    said = done.stderr[-OUTPUT_LIMIT:].decode("utf-8", "replace").strip()
    return done.returncode, done.stdout.decode("utf-8", "replace"), said


def _shown(argv: list[str]) -> str:
    """Name a command for people: its last word that is neither an option nor a shell's."""
    return str(argv[argv.index("sh", 3) + 1]) if argv[:2] == ["/bin/sh", "-c"] else argv[0]
