"""What goes to the staging folder before a batch can begin, each thing once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable

from ..driver import BlobSource
from ..errors import DriverError
from ..model import Digest, Job
from ..runner.staged import ORDER, PAD
from . import _package, _parcel
from ._livy_staging import Staging

_BLOBS, _INDEX, _PROGRAM = "blobs", "index", "program"
_MOST = 24


class Sender:
    """Brings blobs in parcels, the runner, and what a run is to do.

    Args:
        staging: Where they go.
    """

    folders = (_BLOBS, _INDEX, _PROGRAM)
    """What is made in the staging folder, besides the runs."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._parcels: dict[str, frozenset[Digest]] = {}
        self._program = ""
        self._sending = asyncio.Lock()

    def forget(self) -> None:
        """Know nothing of what is there any more."""
        self._parcels, self._program = {}, ""

    # -- blobs ---------------------------------------------------------------------------------

    async def send(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Bring the blobs that are not there."""
        wanted = set(digests)
        async with self._sending:
            await self._list()
            there: set[Digest] = set().union(*self._parcels.values())
            missing = wanted - there
            if len(_cover(wanted & there, self._parcels)) > _MOST:
                # A run would have to fetch them all: it is laid anew, in few.
                missing = wanted
            parts = await asyncio.to_thread(lambda: list(_parcel.split(missing, blobs)))
            for part in parts:
                await self._send_part(part, blobs)

    async def _send_part(self, part: tuple[Digest, ...], blobs: BlobSource) -> None:
        name = _parcel.name_of(part)
        if name in self._parcels:
            return
        parcel = await asyncio.to_thread(_parcel.pack_blobs, part, blobs)
        # The index first: a parcel that is there has one.
        await self._staging.put(f"{_INDEX}/{name}.json", json.dumps(part).encode())
        await self._staging.put(f"{_BLOBS}/{name}.zip", parcel.data)
        self._parcels[name] = frozenset(part)

    async def find(self, digests: Iterable[Digest]) -> list[str]:
        """Return the parcels, by their names in the staging folder, that hold some blobs.

        Raises:
            DriverError: Some are in none.
        """
        wanted = set(digests)
        if wanted - set().union(*self._parcels.values()):
            await self._list()
        missing = wanted - set().union(*self._parcels.values())
        if missing:
            raise DriverError(
                f"{len(missing)} of {len(wanted)} files of the run are not in the staging folder",
                hint="submit it again; has somebody cleaned up there?",
                kind="spark",
            )
        return [f"{_BLOBS}/{name}.zip" for name in _cover(wanted, self._parcels)]

    async def _list(self) -> None:
        names = {name[: -len(".zip")] for name in await self._staging.names(_BLOBS)}
        self._parcels = {name: held for name, held in self._parcels.items() if name in names}
        for name in sorted(names - set(self._parcels)):
            data = await self._staging.get(f"{_INDEX}/{name}.json")
            if data is not None:
                self._parcels[name] = frozenset(map(str, json.loads(data)))

    # -- what is done with them ----------------------------------------------------------------

    async def program(self) -> str:
        """Bring what Spark starts, and return its name in the folder.

        It is an archive that Python runs, with the ending by which Spark tells a Python program.
        """
        if not self._program:
            name = f"runner-{_package.digest()[:16]}.py"
            if name not in await self._staging.names(_PROGRAM):
                data = await asyncio.to_thread(_package.build)
                await self._staging.put(f"{_PROGRAM}/{name}", data)
            self._program = f"{_PROGRAM}/{name}"
        return self._program

    async def order(self, folder: str, job: Job) -> None:
        """Bring what a run is to do. The far end removes the half of its secrets that opens them.

        Args:
            folder: The run's, in the staging folder.
            job: What the far end keeps.
        """
        order = _parcel.pack_order(job)
        if order.pad:
            await self._staging.put(f"{folder}/{PAD}", order.pad.encode())
        await self._staging.put(f"{folder}/{ORDER}", order.parcel.data)


def _cover(wanted: Collection[Digest], parcels: dict[str, frozenset[Digest]]) -> list[str]:
    """Choose parcels that hold all of the blobs, the one with most of the rest each time."""
    left, chosen = set(wanted), []
    while left:
        name = max(parcels, key=lambda one: (len(parcels[one] & left), one))
        if not parcels[name] & left:
            break
        chosen.append(name)
        left -= parcels[name]
    return sorted(chosen)
