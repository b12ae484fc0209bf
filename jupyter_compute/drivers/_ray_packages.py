"""Which parcels a cluster of Ray holds, and how what it lacks gets there.

Ray keeps a package for as long as a job uses it and for some minutes after it was sent or asked
for. So what is noted here is a guess, and each parcel that a job needs is asked for anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from ..driver import BlobSource
from ..errors import DriverError, LaunchError
from ..model import Digest
from . import _parcel
from ._ray_api import RayApi, RefusedError

_MOST_PARCELS = 12
_MOST_NOTED = 200
_MEGABYTE = 1_000_000


def uri_of(name: Digest) -> str:
    """Name a parcel as Ray's runtime environments do."""
    return f"gcs://_ray_pkg_{name}.zip"


def _path(name: Digest) -> str:
    return f"/api/packages/gcs/_ray_pkg_{name}.zip"


class Packages:
    """The parcels of blobs that were sent to one cluster.

    Args:
        api: The cluster.
        folder: Where it is noted which blobs are in which parcel; shared by all drivers.
        limit_mb: How much may be sent for one run.
    """

    def __init__(self, api: RayApi, folder: Path, limit_mb: float) -> None:
        self.api = api
        self.limit_mb = limit_mb
        self._file = folder / "packages.json"
        self._turn = asyncio.Lock()

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Send the blobs that the cluster lacks."""
        async with self._turn:
            wanted = set(digests)
            noted = self._load()
            chosen = _cover(wanted, noted)
            if len(chosen) > _MOST_PARCELS:
                # Each is unpacked for each run: many small ones are sent anew as few.
                chosen = []
            there = await self._present(chosen)
            missing = wanted.difference(*(noted[name] for name in there))
            gone = set(chosen) - set(there)
            if gone:
                self._note({}, gone)
            if not missing:
                return
            await asyncio.to_thread(self._check_size, missing, blobs)
            parts = await asyncio.to_thread(lambda: list(_parcel.split(missing, blobs)))
            for part in parts:
                parcel = await asyncio.to_thread(_parcel.pack_blobs, part, blobs)
                await self.send(parcel)
                self._note({parcel.name: part})

    async def names_for(self, digests: Collection[Digest]) -> list[Digest]:
        """Return the parcels that hold some blobs, each of which is there now.

        Raises:
            LaunchError: Some are in none of them.
        """
        noted = self._load()
        wanted = set(digests)
        chosen = await self._present(_cover(wanted, noted))
        missing = wanted.difference(*(noted[name] for name in chosen))
        if missing:
            raise LaunchError(
                f"{len(missing)} of {len(wanted)} blobs of the job are not on the cluster",
                hint="submit it again",
                target=self.api.target,
                kind="ray",
            )
        return chosen

    async def send(self, parcel: _parcel.Parcel) -> None:
        """Send a parcel, whether or not it is there."""
        try:
            await self.api.put(_path(parcel.name), parcel.data)
        except RefusedError as exc:
            raise DriverError(
                f"Ray does not take a package of {len(parcel.data) / _MEGABYTE:.0f} MB: "
                f"{exc.words}",
                hint="leave large files out with .amlignore, or have them on the cluster's disks",
                target=self.api.target,
                kind="ray",
            ) from exc

    async def ensure_runner(self) -> Digest:
        """Send the runner unless it is there; returns its name."""
        name = _parcel.runner_name()
        if not await self.api.has(_path(name)):
            await self.send(await asyncio.to_thread(_parcel.pack_runner))
        return name

    async def _present(self, names: Iterable[Digest]) -> list[Digest]:
        """Return those that the cluster holds; it holds them for some more minutes then."""
        names = list(names)
        found = await asyncio.gather(*(self.api.has(_path(name)) for name in names))
        return [name for name, is_there in zip(names, found, strict=True) if is_there]

    def _check_size(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        total = sum(blobs.size(digest) for digest in digests)
        if total > self.limit_mb * _MEGABYTE:
            raise DriverError(
                f"the run needs {total / _MEGABYTE:.0f} MB that the cluster does not have, and "
                f"Ray's head would hold it in memory: the limit is {self.limit_mb:g} MB",
                hint="leave large files out with .amlignore, have them on the cluster's disks, "
                "or raise the option upload_limit_mb",
                target=self.api.target,
                kind="ray",
            )

    def _load(self) -> dict[Digest, tuple[Digest, ...]]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._file.read_bytes())
            if isinstance(found, dict):
                return {str(name): tuple(map(str, held)) for name, held in found.items()}
        return {}

    def _note(self, new: dict[Digest, tuple[Digest, ...]], gone: Collection[Digest] = ()) -> None:
        noted = {name: held for name, held in self._load().items() if name not in gone}
        for name in new:
            noted.pop(name, None)
        noted.update(new)
        for name in list(noted)[:-_MOST_NOTED]:
            del noted[name]
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._file.with_suffix(f".{os.getpid()}.{id(self):x}")
        temporary.write_bytes(msgspec.json.encode(noted))
        temporary.rename(self._file)


def _cover(wanted: set[Digest], noted: dict[Digest, tuple[Digest, ...]]) -> list[Digest]:
    """Choose few parcels that hold what is wanted, as far as any do; those of most use first."""
    left, chosen = set(wanted), list[Digest]()
    candidates = {name: left.intersection(held) for name, held in noted.items()}
    while left:
        best = max(candidates, key=lambda name: len(candidates[name] & left), default="")
        if not best or not candidates[best] & left:
            break
        left -= candidates.pop(best)
        chosen.append(best)
    return chosen
