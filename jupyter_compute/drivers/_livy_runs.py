"""One attempt behind Livy: what stands in its folder, and what follows from it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec

from ..model import Job, JobStatus, RunState
from ..runner.endings import BY_HOST
from ..runner.sinks import parse_name, segment_name
from ..runner.staged import CANCEL, CLAIM
from ._frames import Inbox
from ._livy_staging import Staging, as_json
from ._statuses import status_of

RUNS = "runs"
_LOST = "Spark's driver was ended, and the run with it"
BATCH, VERDICT, ASKED = "batch.json", "verdict.json", "asked"


def folder_of(job: Job) -> str:
    """Name the folder of an attempt in the staging folder."""
    return f"{RUNS}/{name_of(job)}"


def name_of(job: Job) -> str:
    """Name an attempt for Livy."""
    return f"{job.run_id}-{job.attempt}"


def parse(name: str) -> tuple[str, int] | None:
    """Return the run and the attempt that a folder is of; ``None`` if it is none of ours."""
    run, _, attempt = name.rpartition("-")
    return (run, int(attempt)) if run and attempt.isdigit() else None


class StagedRun:
    """What is known here of an attempt.

    Args:
        staging: The folder where both sides meet.
        job: Which attempt.
        folder: Where its files are put on this machine.

    Attributes:
        names: What stood in its folder at the last look, with sizes.
        note: What was written down about its batch, once it was submitted.
        wish: Who asked for its end, and when; empty if nobody did.
        verdict: What was decided about an end of which the far end could not tell.
        news_at: When it last looked different, by this machine's steady clock.
    """

    def __init__(self, staging: Staging, job: Job, folder: Path) -> None:
        self.name = name_of(job)
        self.folder = folder_of(job)
        self.inbox = Inbox(folder)
        self.names: dict[str, int] = {}
        self.note: dict[str, Any] = {}
        self.wish: dict[str, Any] = {}
        self.verdict: dict[str, Any] = {}
        self.news_at = time.monotonic()
        self._staging = staging
        self._looking = asyncio.Lock()

    # -- what stands there ---------------------------------------------------------------------

    @property
    def is_there(self) -> bool:
        """Whether it was ever submitted, or is being submitted."""
        return bool(self.note or self.verdict or self.inbox.status)

    @property
    def is_over(self) -> bool:
        """Whether its end is known."""
        return bool(self.verdict) or self.inbox.is_whole

    @property
    def is_claimed(self) -> bool:
        """Whether a driver at the far end keeps it, or it was seen to that none ever will."""
        return CLAIM in self.names

    @property
    def is_wished_over(self) -> bool:
        """Whether somebody asked for its end."""
        return CANCEL in self.names

    @property
    def quiet_s(self) -> float:
        """Seconds since anything of it changed."""
        return time.monotonic() - self.news_at

    @property
    def number(self) -> int | None:
        """Livy's number for its batch."""
        value = self.note.get("id")
        return value if isinstance(value, int) else None

    # -- looks ---------------------------------------------------------------------------------

    async def look(self) -> None:
        """Take in what is new there."""
        async with self._looking:
            if self.is_over:
                return
            await self._list()
            if BATCH in self.names and not self.note:
                self.note = as_json(await self._staging.get(f"{self.folder}/{BATCH}"))
            if CANCEL in self.names and not self.wish:
                self.wish = as_json(await self._staging.get(f"{self.folder}/{CANCEL}"))
            await self._take_stream()
            if VERDICT in self.names and not self.inbox.is_whole:
                self.verdict = as_json(await self._staging.get(f"{self.folder}/{VERDICT}"))

    async def _list(self) -> None:
        names = dict(await self._staging.names(self.folder))
        if names != self.names:
            self.names, self.news_at = names, time.monotonic()

    async def _take_stream(self) -> None:
        while True:
            wanted = self.inbox.wanted
            segments = filter(None, map(parse_name, self.names))
            fitting = [one for one in segments if one[0] <= wanted < one[1]]
            if not fitting:
                return
            place = max(fitting, key=lambda one: one[1])
            path = f"{self.folder}/{segment_name(*place)}"
            data = await self._staging.get(path, wanted - place[0])
            if data is None:
                # It was joined with others meanwhile.
                await self._list()
                if segment_name(*place) in self.names:
                    return
                continue
            if not data:
                return
            await asyncio.to_thread(self.inbox.feed, wanted, data)

    async def decide(self, **verdict: Any) -> None:
        """Write down an end of which the far end cannot tell; what stands there already stays."""
        data = msgspec.json.encode({"t": time.time(), **verdict})
        await self._staging.put(f"{self.folder}/{VERDICT}", data, is_new=True)
        self.names.pop(VERDICT, None)
        await self.look()

    async def claim(self) -> bool:
        """See to it that no driver ever begins it; returns whether none has."""
        path = f"{self.folder}/{CLAIM}"
        return await self._staging.put(path, b"taken back\n", is_new=True)

    async def wish_over(self, by: str) -> None:
        """Ask its driver to end it. Of two wishes, that of the user counts."""
        if self.is_wished_over and by != "user":
            return
        self.wish = {"by": by, "t": time.time()}
        data = msgspec.json.encode(self.wish)
        await self._staging.put(f"{self.folder}/{CANCEL}", data)
        # What we did ourselves is no sign of life.
        self.names[CANCEL] = len(data)

    # -- what follows --------------------------------------------------------------------------

    def status(self, reason: str = "") -> JobStatus:
        """Say how it stands.

        Args:
            reason: Livy's own word, as long as the run has not begun.
        """
        told = self.inbox.status
        sizes = self.inbox.sizes()
        if self.verdict and not self.inbox.is_whole:
            return self._ended(told, sizes)
        if told is None:
            return JobStatus(state=RunState.PREPARING, reason=reason, sizes=sizes)
        error = _LOST if told.error == BY_HOST else told.error
        reason = told.reason or reason
        return msgspec.structs.replace(told, sizes=sizes, reason=reason, error=error)

    def _ended(self, told: JobStatus | None, sizes: dict[str, int]) -> JobStatus:
        words = str(self.verdict.get("log") or "")
        if words and not sizes.get("log"):
            self.inbox.add_log(words.encode())
            sizes = self.inbox.sizes()
        found = {key: self.verdict.get(key) for key in ("state", "reason", "error", "requeue")}
        status = status_of({key: value for key, value in found.items() if value is not None})
        return msgspec.structs.replace(
            status,
            sizes=sizes,
            started=told.started if told else None,
            ended=self.verdict.get("t"),
            facts=told.facts if told else {},
        )
