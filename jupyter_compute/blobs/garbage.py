"""Removing the blobs that nobody needs."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ..model import Digest
from .index import INDEX, PACK, Index, Place
from .writer import Pack

if TYPE_CHECKING:
    from .collection import Blobs

_SMALL_PACK = 4 << 20
_WORTH_A_COPY = 0.05  # copying a large pack does not pay for less than this share of it


def collect(
    blobs: Blobs,
    index: Index,
    keep: Collection[Digest] | Callable[[], Collection[Digest]],
    *,
    grace_s: float,
) -> int:
    """Remove all blobs but those to keep, while nobody adds any; see :meth:`Blobs.gc`."""
    packs, large, incoming = blobs.folders()
    before = _bytes(packs, large, incoming)
    needed = frozenset(keep() if callable(keep) else keep)
    oldest = time.time() - grace_s
    index.clear()
    index.refresh()
    for entry in _files(incoming):
        os.unlink(entry.path)
    for entry in _files(large):
        if entry.name not in needed and entry.stat().st_mtime <= oldest:
            os.unlink(entry.path)
    _collect_packs(index, needed, oldest)
    _drop_orphans(packs)
    blobs.renew_generation()
    return max(0, before - _bytes(packs, large, incoming))


def _collect_packs(index: Index, needed: Collection[Digest], oldest: float) -> None:
    target: Pack | None = None
    try:
        for name in index.packs():
            path = index.path(name, PACK)
            status = os.stat(path)
            if status.st_mtime > oldest:
                continue
            live = _live(index, name, needed)
            dead = status.st_size - sum(place.size for place in live.values())
            bearable = 0 if status.st_size < _SMALL_PACK else status.st_size * _WORTH_A_COPY
            if live and dead <= bearable:
                continue
            if live:
                target = target or Pack.create(index)
                _move(index, name, live, target)
            os.unlink(index.path(name, INDEX))
            os.unlink(path)
    finally:
        if target is not None:
            target.close()


def _live(index: Index, name: str, needed: Collection[Digest]) -> dict[Digest, Place]:
    """Return what a pack must keep: a blob that stands in several is kept in one of them."""
    return {
        digest: place
        for digest, place in index.records(name)
        if digest in needed and index.places.get(digest) == place
    }


def _move(index: Index, name: str, live: dict[Digest, Place], target: Pack) -> None:
    moved: list[tuple[Digest, Place]] = []
    with open(index.path(name, PACK), "rb") as file:
        for digest, place in live.items():
            file.seek(place.offset)
            data = file.read(place.size)
            if hashlib.sha256(data).hexdigest() == digest:
                moved += target.append({digest: data})
    target.record(moved)
    target.sync()  # before the other copy goes


def _drop_orphans(packs: str) -> None:
    """Remove packs whose index is gone: a process died between the two."""
    names = {entry.name for entry in _files(packs)}
    for name in names:
        if name.endswith(PACK) and name[: -len(PACK)] + INDEX not in names:
            os.unlink(os.path.join(packs, name))


def _files(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _bytes(*folders: str) -> int:
    return sum(entry.stat().st_size for folder in folders for entry in _files(folder))
