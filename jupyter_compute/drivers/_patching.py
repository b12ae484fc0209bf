"""Say a manifest by what differs from another one, which the target has."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import Any

from ..driver import BlobSource
from ..model import Digest

_BEGINNING = b'{"files":['
_BETWEEN = b"],["
_STEP = 256


def is_manifest(digest: Digest, blobs: BlobSource) -> bool:
    """Whether a blob is a snapshot's manifest, as far as its beginning tells."""
    with blobs.open(digest) as stream:
        return stream.read(len(_BEGINNING)) == _BEGINNING


def files_of(digest: Digest, blobs: BlobSource) -> set[Digest]:
    """List the blobs that a manifest stands for, itself among them."""
    with blobs.open(digest) as stream:
        rows = json.loads(stream.read())["files"]
    return {digest, *(row[1] for row in rows)}


def patch(base: Digest, digest: Digest, blobs: BlobSource) -> dict[str, Any] | None:
    """Make the request that turns one manifest into another; ``None`` if it would be no shorter."""
    with blobs.open(base) as stream:
        old = stream.read()
    with blobs.open(digest) as stream:
        new = stream.read()
    pieces = _pieces(old.split(_BETWEEN), new.split(_BETWEEN), len(old))
    cost = sum(len(piece) if isinstance(piece, str) else 24 for piece in pieces)
    if 2 * cost > len(new):
        return None
    return {"op": "patch", "digest": digest, "base": base, "pieces": pieces}


def _pieces(old: list[bytes], new: list[bytes], old_length: int) -> list[Any]:
    """Write the new rows as text and as parts of the old ones, with what stands between them."""
    # Each row begins where those before it end; what comes after the last one is left out.
    starts = [0, *accumulate(len(row) + len(_BETWEEN) for row in old)]
    numbers = dict(zip(old, range(len(old)), strict=True))
    pieces: list[Any] = []
    at = 0
    while at < len(new):
        number = numbers.get(new[at])
        count = 1 if number is None else _same(old, number, new, at)
        is_end = at + count == len(new)
        if number is None:
            text = new[at].decode("ascii") + ("" if is_end else _BETWEEN.decode())
            if pieces and isinstance(pieces[-1], str):
                text = pieces.pop() + text
            pieces.append(text)
        else:
            end = starts[number + count]
            is_cut = is_end or end > old_length
            pieces.append([starts[number], end - is_cut * len(_BETWEEN) - starts[number]])
            if is_cut and not is_end:
                pieces.append(_BETWEEN.decode())
        at += count
    return pieces


def _same(old: list[bytes], number: int, new: list[bytes], at: int) -> int:
    """Count the rows that follow each other in both, from one on that is in both."""
    count, step = 1, _STEP
    while True:
        here = new[at + count : at + count + step]
        if here and here == old[number + count : number + count + step]:
            count += len(here)
        elif step > 1:
            step //= 2
        else:
            return count
