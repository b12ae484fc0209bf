"""Hears of runs on a cluster of Ray: what Ray says about jobs, and what they say themselves.

Ray lets others look into its folders for logs. A run's stream stands there, cut into files whose
names say which bytes are in them: one listing tells of all runs of a node what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from ..errors import DriverError
from ..model import JobStatus, RunState
from ..runner.endings import BY_HOST
from ..runner.on_ray import SEGMENTS
from ..runner.sinks import parse_name, segment_name
from . import _frames, _ray_jobs
from ._ray_api import RayApi, RefusedError
from ._ray_records import Attempt

LINGER_S = 30.0
"""How long a run is listened for that Ray says has ended and that has not said so itself."""

_FEW = 3
_ASK_S = 2.0
_MOST_FILES = 64
_PIECE = 1 << 16
_MUTE = "the dashboard does not show what it says on its node"
_ENDING = JobStatus(state=RunState.FINALIZING, reason="Ray has ended it")
_LOST = "nothing was heard of how the run ended"


class Watcher:
    """Brings what is known of attempts up to date.

    Args:
        api: The cluster.

    Attributes:
        linger_s: See :data:`LINGER_S`.
        session: The cluster's session as it was seen last.
    """

    def __init__(self, api: RayApi) -> None:
        self.api = api
        self.linger_s = LINGER_S
        self.session = ""
        self.version = ""
        self._turn = asyncio.Lock()

    async def identify(self) -> str:
        """Ask for the version, and for the session, which a restart without a memory changes."""
        try:
            found = await self.api.get("/api/version")
            self.version = str(found["ray_version"])
            self.session = str(found.get("session_name") or await self._head())
        except (RefusedError, LookupError, TypeError, AttributeError) as exc:
            raise DriverError(
                f"what answers at {self.api.options.url} is no dashboard of Ray",
                hint="check the address; the dashboard of the head mostly has the port 8265",
                target=self.api.target,
                kind="ray",
            ) from exc
        return self.session

    async def _head(self) -> str:
        """Name the head, for an older Ray that does not name its sessions."""
        heads = [str(one["node_id"]) for one in await self.nodes() if one.get("is_head_node")]
        return f"head-{heads[0]}" if heads else "session"

    async def refresh(self, attempts: Collection[Attempt], *, patience_s: float = 0.0) -> None:
        """Ask Ray, then the runs themselves; in that order, so that an end is heard whole.

        Args:
            attempts: Which; those whose end is known cost nothing.
            patience_s: What was heard so recently is not asked for again.
        """
        async with self._turn:
            begun = time.monotonic()
            active = [
                one for one in attempts if not self.is_over(one) and begun - one.heard > patience_s
            ]
            if not active:
                return
            await self._ask([one for one in active if self._is_due(one, begun)])
            for one in active:
                one.heard = begun
            await self._listen([one for one in active if one.info is not None])
            for one in active:
                await self._conclude(one)

    @staticmethod
    def is_over(attempt: Attempt) -> bool:
        """Tell whether nothing more will be heard of an attempt."""
        is_told = attempt.inbox.is_whole and not _is_ended_by_ray(attempt)
        return is_told or attempt.record.final is not None

    # -- what Ray says -------------------------------------------------------------------------

    @staticmethod
    def _is_due(attempt: Attempt, now: float) -> bool:
        if attempt.status != "RUNNING":
            return attempt.status not in _ray_jobs.TERMINAL
        return now - attempt.asked >= _ASK_S

    async def _ask(self, attempts: list[Attempt]) -> None:
        if not attempts:
            return
        now = time.monotonic()
        if len(attempts) <= _FEW:
            found = await asyncio.gather(*(self.job(one.name) for one in attempts))
            infos = dict(zip((one.name for one in attempts), found, strict=True))
        else:
            infos = {str(job.get("submission_id")): job for job in await self.jobs()}
        for one in attempts:
            one.asked, info = now, infos.get(one.name)
            one.is_unknown = info is None
            one.info = info
            if info is not None and one.status in _ray_jobs.TERMINAL and not one.ended:
                one.ended = now

    async def job(self, name: str) -> dict[str, Any] | None:
        """Ask about one job; ``None`` if Ray does not know it."""
        try:
            found: dict[str, Any] = await self.api.get(f"/api/jobs/{name}")
        except RefusedError as exc:
            if exc.status == 404:
                return None
            raise self.refused(exc) from exc
        return found

    async def jobs(self) -> list[dict[str, Any]]:
        """Ask about all jobs that were submitted."""
        try:
            found = await self.api.get("/api/jobs/")
        except RefusedError as exc:
            raise self.refused(exc) from exc
        return [job for job in found if isinstance(job, dict)] if isinstance(found, list) else []

    def refused(self, exc: RefusedError) -> DriverError:
        """Make the error for an answer that is no."""
        return DriverError(
            f"Ray says {exc.status}: {exc.words}", target=self.api.target, kind="ray"
        )

    # -- what the runs say ---------------------------------------------------------------------

    async def _listen(self, attempts: list[Attempt]) -> None:
        by_node: dict[str, list[Attempt]] = {}
        for one in attempts:
            if not one.node:
                continue
            if one.record.channel == "log":
                await self._listen_to_log(one)
            else:
                by_node.setdefault(one.node, []).append(one)
        await asyncio.gather(*(self._listen_on(node, found) for node, found in by_node.items()))

    async def _listen_on(self, node: str, attempts: list[Attempt]) -> None:
        names = [one.name for one in attempts] if len(attempts) <= _FEW else ["*"]
        listed = await asyncio.gather(*(self._list(node, name) for name in names))
        for one in attempts:
            one.is_mute = None in listed
            found = [parts for some in listed for parts in (some or {}).get(one.name, ())]
            with contextlib.suppress(RefusedError):
                await self._take(node, one, found)

    async def _list(self, node: str, name: str) -> dict[str, list[tuple[int, int]]] | None:
        """List the files of the streams on a node; ``None`` if the node shows nothing."""
        found: dict[str, list[tuple[int, int]]] = {}
        try:
            answer = await self.api.get(
                "/api/v0/logs", node_id=node, glob=f"{SEGMENTS}/{name}/*", timeout=10
            )
        except RefusedError:
            return None
        for path in _paths(answer):
            top, _, rest = path.partition("/")
            run, _, file = rest.partition("/")
            place = parse_name(file)
            if top == SEGMENTS and place is not None:
                found.setdefault(run, []).append(place)
        return found

    async def _take(self, node: str, attempt: Attempt, listed: list[tuple[int, int]]) -> None:
        inbox = attempt.inbox
        for _ in range(_MOST_FILES):
            at = inbox.wanted
            best = max(
                (place for place in listed if place[0] <= at < place[1]),
                default=None,
                key=lambda place: place[1],
            )
            if best is None:
                return
            data = await self.api.get_bytes(
                "/api/v0/logs/file",
                node_id=node,
                filename=f"{SEGMENTS}/{attempt.name}/{segment_name(*best)}",
                lines=-1,
                format="text",
            )
            # A file that was joined with others meanwhile is found in the next listing.
            whole = bare(data, best[1] - best[0])
            if not await asyncio.to_thread(inbox.feed, best[0], whole):
                return

    async def _listen_to_log(self, attempt: Attempt) -> None:
        with contextlib.suppress(RefusedError):
            answer = await self.api.get(f"/api/jobs/{attempt.name}/logs")
            await asyncio.to_thread(_take_log, attempt, str(answer.get("logs", "")))

    # -- how it ended --------------------------------------------------------------------------

    async def _conclude(self, attempt: Attempt) -> None:
        if attempt.inbox.is_whole:
            if _is_ended_by_ray(attempt):
                await self._explain(attempt)
        elif attempt.is_unknown:
            await self._conclude_unknown(attempt)
        elif attempt.status == "PENDING" and attempt.record.stopped:
            error = "canceled before it started"
            attempt.note(final=JobStatus(state=RunState.CANCELED, error=error))
        elif attempt.ended:
            await self._conclude_ended(attempt)

    async def _explain(self, attempt: Attempt) -> None:
        """Say in Ray's words why it ended a run, once it has found them."""
        heard, now = attempt.inbox.status, time.monotonic()
        assert heard is not None
        attempt.told = attempt.told or now
        if attempt.ended:
            is_lost = bool(attempt.node) and not await self._is_alive(attempt.node)
            verdict = _ray_jobs.verdict_of(attempt.info or {}, is_node_lost=is_lost)
            attempt.note(
                final=msgspec.structs.replace(
                    heard,
                    state=verdict.state,
                    reason=verdict.reason,
                    error=verdict.error or heard.error,
                    requeue=verdict.requeue,
                )
            )
        elif now - attempt.told >= self.linger_s or attempt.is_unknown:
            attempt.note(final=heard)

    async def _conclude_unknown(self, attempt: Attempt) -> None:
        """Say that a job is lost which Ray had accepted, once nothing of it can be left."""
        record = attempt.record
        if not record.session:
            return
        session = await self.identify()
        if session == record.session:
            error = "Ray's record of the job was deleted before its end was heard of"
            attempt.note(final=JobStatus(state=RunState.FAILED, reason="unknown", error=error))
            return
        now = time.time()
        if not record.forgotten:
            record = attempt.note(forgotten=now)
        if now - record.forgotten >= self.linger_s:
            error = "Ray was restarted and has forgotten the job"
            attempt.note(
                final=JobStatus(
                    state=RunState.FAILED, reason="forgotten", error=error, requeue=True
                )
            )

    async def _conclude_ended(self, attempt: Attempt) -> None:
        info = attempt.info or {}
        lasted = time.monotonic() - attempt.ended
        is_lost = bool(attempt.node) and not await self._is_alive(attempt.node)
        code = info.get("driver_exit_code")
        # What waits in the foreground ends after all was told, unless it was killed.
        is_told = isinstance(code, int) and code in range(128)
        if not is_lost and not is_told and attempt.inbox.offset and lasted < self.linger_s:
            return
        if is_told and lasted < min(self.linger_s, 1.0):
            return
        final = _ray_jobs.verdict_of(info, is_node_lost=is_lost)
        if final.error:
            words = str(info.get("message") or final.error)
            await asyncio.to_thread(attempt.inbox.add_log, words.encode() + b"\n")
        elif is_lost or attempt.inbox.offset:
            final = msgspec.structs.replace(final, reason=_LOST)
        attempt.note(final=final)

    async def _is_alive(self, node: str) -> bool:
        """Tell whether a node still belongs to the cluster; one that cannot be asked may."""
        try:
            found = await self.nodes()
        except RefusedError:
            return True
        return any(one.get("node_id") == node and one.get("state") == "ALIVE" for one in found)

    async def nodes(self) -> list[dict[str, Any]]:
        """List the nodes of the cluster, those among them that are gone.

        Raises:
            RefusedError: It is not told.
        """
        answer = await self.api.get("/api/v0/nodes", detail=1, limit=10000)
        try:
            return list(answer["data"]["result"]["result"])
        except (LookupError, TypeError):
            return []

    # -- what is known -------------------------------------------------------------------------

    def status_of(self, attempt: Attempt) -> JobStatus | None:
        """Say how an attempt stands; ``None`` if Ray has never heard of it."""
        record = attempt.record
        heard = attempt.inbox.status
        if record.final is not None:
            return _sized(record.final, attempt)
        if heard is not None and not self.is_over(attempt) and attempt.inbox.is_whole:
            return _sized(msgspec.structs.replace(_ENDING, started=heard.started), attempt)
        if heard is not None and (attempt.inbox.is_whole or not attempt.ended):
            return _sized(heard, attempt)
        if attempt.info is None:
            if record.session and attempt.is_unknown:
                words = "Ray was restarted and does not know the job"
                return _sized(JobStatus(state=RunState.RUNNING, reason=words), attempt)
            return None
        if attempt.ended:
            return _sized(JobStatus(state=RunState.FINALIZING, reason=attempt.status), attempt)
        if attempt.status == "PENDING":
            reason = _ray_jobs.pending_words(attempt.info, record.needs)
            return _sized(JobStatus(state=RunState.QUEUED, reason=reason), attempt)
        reason = f"{attempt.status}: {_MUTE}" if attempt.is_mute else attempt.status
        return _sized(JobStatus(state=RunState.PREPARING, reason=reason), attempt)


def _is_ended_by_ray(attempt: Attempt) -> bool:
    """Tell whether a run says no more than that somebody on its node wanted its end."""
    heard = attempt.inbox.status
    return heard is not None and heard.state is RunState.FAILED and heard.error == BY_HOST


def bare(data: bytes, size: int) -> bytes:
    """Return a file of a known size as it is: an older Ray puts a 1 before each piece of it.

    Empty if it is something else, such as the words for an error.
    """
    if len(data) == size:
        return data
    pieces = [data[at : at + _PIECE + 1] for at in range(0, len(data), _PIECE + 1)]
    if len(data) == size + len(pieces) and all(piece[:1] == b"1" for piece in pieces):
        return b"".join(piece[1:] for piece in pieces)
    return b""


def _sized(status: JobStatus, attempt: Attempt) -> JobStatus:
    return msgspec.structs.replace(status, sizes=attempt.inbox.sizes())


def _paths(answer: Any) -> Iterable[str]:
    result = (answer.get("data") or {}).get("result") if isinstance(answer, dict) else None
    for paths in (result or {}).values() if isinstance(result, dict) else ():
        yield from map(str, paths)


def _take_log(attempt: Attempt, text: str) -> None:
    for offset, piece in _frames.pieces_of(text):
        attempt.inbox.feed(offset, piece)
