"""Bring blobs to an agent: which it lacks, and these in as few steps as they need."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any

from ..driver import BlobSource
from ..model import Digest
from ..runner.blobs import SMALL
from ._agent import Answer, Refused
from ._patching import files_of, is_manifest, patch

_FEW = 64
_FEW_BYTES = 64 * 1024
_NEW_BYTES = 4 * 1024 * 1024
_LONG_LIST = 500
_BATCH = 32 * 1024 * 1024
_ASKED = 20_000
_PIECE = 512 * 1024
_PAUSES = (0.05, 0.1, 0.2, 0.5, *(1.0,) * 60)
"""Seconds to wait while another is just sending the same large blob."""

Call = Callable[..., Awaitable[Answer]]


class Uploader:
    """Uploads for one target. What is known to be there is not asked for again.

    Args:
        call: Asks the agent.
        is_here: Whether the agent sees the files of this machine.
    """

    def __init__(self, call: Call, *, is_here: bool) -> None:
        self._call = call
        self._is_here = is_here
        self._there: set[Digest] = set()
        self._base: Digest | None = None
        self._large = asyncio.Lock()
        self._ahead: set[asyncio.Task[Answer]] = set()

    def forget(self, digests: Collection[Digest] | None = None) -> None:
        """Ask for these again the next time; by default for all."""
        self._base = None
        if digests is None:
            self._there.clear()
        self._there.difference_update(digests or ())

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Send what is not there.

        After the first snapshot, what is new of the next one may still be on its way when this
        returns: it comes before whatever is asked next, and a launch says what it lacks.

        Args:
            digests: Of a snapshot, its own id comes first.
            blobs: Where they are.
        """
        wanted = sorted(set(digests) - self._there)
        if not wanted:
            return
        first = next(iter(digests))
        sizes = {digest: blobs.size(digest) for digest in wanted[: _FEW + 1]}
        is_few = len(wanted) <= _FEW
        if not (is_few and await self._send_ahead(wanted, first, sizes, blobs)):
            if is_few and sum(sizes.values()) <= _FEW_BYTES:
                # Sending so little costs less than asking first.
                await self._put_small(wanted, sizes, blobs)
            elif is_few or not await self._upload_snapshot(wanted, first, blobs):
                for start in range(0, len(wanted), _ASKED):
                    some = wanted[start : start + _ASKED]
                    await self._upload_asked({"digests": some}, some, blobs)
            self._there.update(wanted)
        if first in wanted and is_manifest(first, blobs):
            self._base = first

    async def _send_ahead(
        self, wanted: list[Digest], first: Digest, sizes: Mapping[Digest, int], blobs: BlobSource
    ) -> bool:
        """Send a few without waiting for the answers; ``False`` if they had better be asked for."""
        small = [digest for digest in wanted if digest != first]
        is_little = sum(sizes[digest] for digest in small) <= _NEW_BYTES
        if self._base is None or not is_little or any(sizes[d] > SMALL for d in small):
            return False
        if first in wanted:
            head = await asyncio.to_thread(patch, self._base, first, blobs)
            if head is not None:
                await self._begin(wanted, head)
            elif sizes[first] <= SMALL:
                small.append(first)
            else:
                return False
        if small:
            head, data, size = _put_of(small, sizes, {}, blobs)
            await self._begin(wanted, head, data=data, size=size)
        # Not before they are on their way: another upload goes on at once when it sees them here.
        self._there.update(wanted)
        return True

    async def _begin(self, wanted: list[Digest], head: Mapping[str, Any], **data: Any) -> None:
        """Ask, and return when everything is written into the pipe."""
        sent = asyncio.Event()
        call = asyncio.ensure_future(self._call(head, sent=sent, **data))

        def answered(call: asyncio.Task[Answer]) -> None:
            self._ahead.discard(call)
            if call.cancelled() or call.exception() is not None:
                self.forget(wanted)

        self._ahead.add(call)
        call.add_done_callback(answered)
        waiting = asyncio.ensure_future(sent.wait())
        try:
            await asyncio.wait({call, waiting}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            call.cancel()
            raise
        finally:
            waiting.cancel()
        if call.done():
            call.result()

    async def _upload_snapshot(
        self, wanted: list[Digest], first: Digest, blobs: BlobSource
    ) -> bool:
        """Ask for a snapshot's blobs by its name; ``False`` if its manifest is not there."""
        if len(wanted) < _LONG_LIST or not is_manifest(first, blobs):
            return False
        files = await asyncio.to_thread(files_of, first, blobs)
        asked = {"snapshot": first, "digests": sorted(set(wanted) - files)}
        try:
            await self._upload_asked(asked, files.union(wanted), blobs)
        except Refused as exc:
            if exc.code not in ("missing-blobs", "damaged"):
                raise
            return False
        return True

    async def _upload_asked(
        self, asked: Mapping[str, Any], allowed: Collection[Digest], blobs: BlobSource
    ) -> None:
        answer = await self._call({"op": "missing", **asked})
        missing = _of(allowed, answer.head)
        sizes = {digest: blobs.size(digest) for digest in missing}
        await self._put_small([d for d in missing if sizes[d] <= SMALL], sizes, blobs)
        large = [digest for digest in missing if sizes[digest] > SMALL]
        if large:
            async with self._large:
                await self._upload_large(large, sizes, blobs)

    async def _put_small(
        self, digests: list[Digest], sizes: Mapping[Digest, int], blobs: BlobSource
    ) -> None:
        batch: list[Digest] = []
        total = 0
        for digest in digests:
            batch.append(digest)
            total += sizes[digest]
            if total > _BATCH or len(batch) >= _ASKED:
                await self._put(batch, sizes, {}, blobs)
                batch, total = [], 0
        if batch:
            await self._put(batch, sizes, {}, blobs)

    async def _upload_large(
        self, digests: list[Digest], sizes: Mapping[Digest, int], blobs: BlobSource
    ) -> None:
        left = await self._adopt(digests, blobs) if self._is_here else digests
        pauses = iter(_PAUSES)
        while left:
            # Asked anew: another upload may have brought some of it meanwhile.
            answer = await self._call({"op": "missing", "digests": left})
            left = _of(left, answer.head)
            try:
                for digest in left:
                    await self._put([digest], sizes, _begun(answer.head), blobs)
                return
            except Refused as exc:
                pause = next(pauses, None)
                if exc.code != "busy" or pause is None:
                    raise
                await asyncio.sleep(pause)

    async def _adopt(self, digests: list[Digest], blobs: BlobSource) -> list[Digest]:
        """Let the agent take files of this machine as they are; returns those it does not take.

        A source may say by ``large_path`` where a blob stands alone, in a file that never changes.
        """
        path_of = getattr(blobs, "large_path", None)
        if path_of is None:
            return digests
        files = _existing({digest: str(path_of(digest)) for digest in digests})
        if not files:
            return digests
        answer = await self._call({"op": "adopt", "files": files})
        adopted = set(map(str, answer.head["adopted"]))
        return [digest for digest in digests if digest not in adopted]

    async def _put(
        self,
        digests: list[Digest],
        sizes: Mapping[Digest, int],
        offsets: Mapping[Digest, int],
        blobs: BlobSource,
    ) -> None:
        head, data, size = _put_of(digests, sizes, offsets, blobs)
        await self._call(head, data=data, size=size)


def _put_of(
    digests: list[Digest],
    sizes: Mapping[Digest, int],
    offsets: Mapping[Digest, int],
    blobs: BlobSource,
) -> tuple[dict[str, Any], Callable[[], Iterator[bytes]], int]:
    """Make the request that sends blobs, with its data and how many bytes they are."""
    rows = [[d, sizes[d], min(offsets.get(d, 0), sizes[d])] for d in digests]
    total = sum(sizes[digest] for digest in digests)
    return {"op": "put", "blobs": rows}, lambda: _bytes_of(rows, blobs), total


def _of(allowed: Collection[Digest], head: Mapping[str, Any]) -> list[Digest]:
    """Return what is missing of what may be sent; a machine can ask for nothing else."""
    missing = dict.fromkeys(map(str, head["missing"]))
    allowed = set(allowed)
    return [digest for digest in missing if digest in allowed]


def _begun(head: Mapping[str, Any]) -> dict[Digest, int]:
    return {str(digest): max(0, int(size)) for digest, size in dict(head["partial"]).items()}


def _existing(paths: dict[Digest, str]) -> dict[Digest, str]:
    return {digest: path for digest, path in paths.items() if os.path.isfile(path)}


def _bytes_of(rows: list[list[Any]], blobs: BlobSource) -> Iterator[bytes]:
    """Join the blobs' bytes into pieces of a good size for a frame."""
    piece = bytearray()
    for digest, size, offset in rows:
        left = size - offset
        with blobs.open(digest) as stream:
            skipped = 0
            while left:
                # A source verifies what it reads, so it is read from the start.
                data = stream.read(min(left + offset - skipped, _PIECE))
                if not data:
                    break
                new = data[min(offset - skipped, len(data)) :]
                skipped += len(data) - len(new)
                data = new
                left -= len(data)
                piece += data
                if len(piece) >= _PIECE:
                    yield bytes(piece)
                    piece.clear()
    if piece:
        yield bytes(piece)
