"""Which blobs a job needs: those of its inputs, and those that its snapshot's manifest names."""

from __future__ import annotations

import json
from typing import Any

from .blobs import Blobs, raw_of
from .failures import Failure

_KEPT = 2
_read: dict[str, tuple[bytes, ...]] = {}


def digests_of(blobs: Blobs, snapshot_id: str) -> tuple[bytes, ...]:
    """List the blobs of a snapshot: its manifest and its files. The last ones are remembered.

    Raises:
        Failure: The manifest is not here, or it is none.
    """
    found = _read.pop(snapshot_id, None)
    if found is None:
        try:
            rows = json.loads(blobs.read(snapshot_id))["files"]
            files = dict.fromkeys(digest for _, digest, _, _, link in rows if link is None)
        except (ValueError, KeyError, TypeError) as error:
            raise Failure("damaged", f"{snapshot_id[:12]} is no manifest of a snapshot") from error
        found = tuple(raw_of(digest) for digest in (snapshot_id, *files))
    _read[snapshot_id] = found
    while len(_read) > _KEPT:
        del _read[next(iter(_read))]
    return found


def needed(blobs: Blobs, job: dict[str, Any]) -> list[bytes]:
    """List the blobs of a job, which are found in its snapshot unless it lists them itself.

    Raises:
        Failure: The manifest is not here, or it is none.
    """
    if "digests" in job:
        return [raw_of(digest) for digest in job["digests"]]
    inputs = [raw_of(item["digest"]) for item in job.get("inputs") or ()]
    return [*digests_of(blobs, job["snapshot_id"]), *inputs]
