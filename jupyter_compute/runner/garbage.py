"""Remove what no run needs, so that a target's disk does not fill up."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from typing import Any

from . import environments, manifests, status
from .blobs import Blobs
from .failures import Failure
from .launching import attempt_folder

UNLIMITED = 1 << 62
_FINAL = ("completed", "failed", "canceled")
_OURS = (
    *("runs", "trash", "blobs", "environments", "images", "interpreters", "tools", "lib", "probes"),
    *("place", "agent"),
)
_YOUNG_S = 3600.0
_OLD_S = 7 * 86400.0


def list_attempts(root: str) -> list[tuple[str, int]]:
    """List every run and attempt that has a folder with a job in it."""
    found = []
    runs = os.path.join(root, "runs")
    with contextlib.suppress(FileNotFoundError):
        for run in sorted(os.listdir(runs)):
            with contextlib.suppress(OSError):
                names = os.listdir(os.path.join(runs, run))
                for name in sorted((name for name in names if name.isdigit()), key=int):
                    if os.path.exists(os.path.join(runs, run, name, "job.json")):
                        found.append((run, int(name)))
    return found


def set_aside(root: str, run: str, attempt: int) -> list[str]:
    """Take an ended attempt out of sight at once; returns what is left to :func:`remove`.

    Raises:
        Failure: It is not over.
    """
    folder = attempt_folder(root, run, attempt)
    if not os.path.isdir(folder):
        return []
    found = status.read_status(folder)
    if found is not None and found.get("state") not in _FINAL:
        raise Failure("conflict", f"the run {run} is not over", "cancel it first")
    trash = os.path.join(root, "trash")
    os.makedirs(trash, 0o700, exist_ok=True)
    aside = []
    for path in (folder, os.path.dirname(folder)):
        if path != folder and set(os.listdir(path)) - {"checkpoint", "secrets.json"}:
            break
        target = os.path.join(trash, uuid.uuid4().hex)
        with contextlib.suppress(FileNotFoundError):
            os.rename(path, target)
            aside.append(target)
    return aside


def remove(paths: Iterable[str]) -> None:
    """Remove folders whose owner may have taken the right to write from parts of them."""
    for path in paths:
        shutil.rmtree(path, onerror=_allow)


def _allow(function: Any, path: str, _: Any) -> None:
    """Take the right to write back, and try once more."""
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(path), 0o700)
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def purge(root: str) -> dict[str, Any]:
    """Remove all that is ours below a root, and the root itself if nothing else is in it.

    Raises:
        Failure: A run is not over, whoever launched it; nothing was removed.
    """
    active = 0
    for run, attempt in list_attempts(root):
        folder = attempt_folder(root, run, attempt)
        found = status.read_status(folder)
        if found is None:
            # It may stand in an engine's queue.
            active += os.path.exists(os.path.join(folder, "submitted.json"))
        else:
            active += found.get("state") not in _FINAL
    if active:
        runs = "1 run is" if active == 1 else f"{active} runs are"
        raise Failure("conflict", f"{runs} not over in {root}", "end them, or wait for their end")
    if not os.path.isdir(root):
        return {"is_empty": True}
    present = set(os.listdir(root)).intersection(_OURS)
    # The agent is last: without it a purge that was cut short could not be finished.
    for name in sorted(present, key=_OURS.index):
        path = os.path.join(root, name)
        if os.path.isdir(path) and not os.path.islink(path):
            remove([path])
        else:
            os.unlink(path)
    with contextlib.suppress(OSError):
        os.rmdir(root)
    return {"is_empty": not os.path.exists(root)}


def collect(
    root: str, limit_bytes: int, keep: Iterable[str], environments_limit_bytes: int = UNLIMITED
) -> dict[str, Any]:
    """Remove blobs, and environments, until they fit their limits, the longest unused first.

    What runs need that are not over, what ``keep`` names, and large ones that came within the last
    hour stay whatever the limit. A small one that goes between its upload and the launch is sent
    again by the near end.

    Returns:
        The head of the answer to ``gc``.
    """
    blobs = Blobs(root)
    trash = os.path.join(root, "trash")
    with contextlib.suppress(FileNotFoundError):
        remove(os.path.join(trash, name) for name in os.listdir(trash))
    _drop_abandoned(blobs)
    needed, used = _uses(root, blobs)
    _drop_libraries(root)
    needed.update(keep)
    sizes = {raw.hex(): place.size for raw, place in blobs.packs.entries().items()}
    young = time.time() - _YOUNG_S
    for entry in blobs.larges():
        with contextlib.suppress(FileNotFoundError):
            found = entry.stat()
            sizes[entry.name] = found.st_size
            # A link's own time of change is when it came; a linked blob may be old itself.
            if found.st_ctime > young:
                needed.add(entry.name)
    gone = _choose(sizes, needed, used, limit_bytes)
    small = [digest for digest in gone if not os.path.exists(blobs.large(digest))]
    for digest in gone:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(blobs.large(digest))
    if small:
        lost = set(small)
        entries = blobs.packs.entries()
        blobs.packs.rewrite(raw for raw in entries if raw.hex() not in lost)
    freed = sum(sizes[digest] for digest in gone)
    left = sum(sizes.values()) - freed
    freed += environments.discard(root, environments_limit_bytes)
    return {"freed_bytes": freed, "left_bytes": left}


def _choose(
    sizes: dict[str, int], needed: set[str], used: dict[str, float], limit: int
) -> list[str]:
    excess = sum(sizes.values()) - limit
    gone = []
    for digest in sorted(sizes, key=lambda digest: used.get(digest, 0.0)):
        if excess <= 0:
            break
        if digest not in needed:
            gone.append(digest)
            excess -= sizes[digest]
    return gone


def _uses(root: str, blobs: Blobs) -> tuple[set[str], dict[str, float]]:
    needed: set[str] = set()
    used: dict[str, float] = {}
    for run, attempt in list_attempts(root):
        folder = attempt_folder(root, run, attempt)
        path = os.path.join(folder, "job.json")
        try:
            with open(path, "rb") as file:
                raws = manifests.needed(blobs, json.loads(file.read()))
            at = os.stat(path).st_mtime
        except (OSError, ValueError, KeyError, Failure):
            continue
        digests = [raw.hex() for raw in raws]
        if not os.path.exists(os.path.join(folder, "exit.json")):
            needed.update(digests)
        for digest in digests:
            used[digest] = max(at, used.get(digest, 0.0))
    return needed, used


def _drop_libraries(root: str) -> None:
    """Remove what runs import from us, in versions that none of those still going on was given."""
    used = set()
    for run, attempt in list_attempts(root):
        folder = attempt_folder(root, run, attempt)
        if not os.path.exists(os.path.join(folder, "exit.json")):
            with contextlib.suppress(OSError, ValueError), open(folder + "/job.json", "rb") as file:
                used.add(json.loads(file.read()).get("lib"))
    base = os.path.join(root, "lib")
    old = time.time() - _OLD_S
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(base):
            path = os.path.join(base, name)
            if path not in used and os.stat(path).st_mtime < old:
                remove([path])


def _drop_abandoned(blobs: Blobs) -> None:
    """Remove large blobs that were begun a day ago and never finished."""
    folder = os.path.join(blobs.folder, "partial")
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(path).st_mtime < time.time() - 86400:
                    os.unlink(path)
