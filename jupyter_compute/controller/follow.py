"""From a launched run to a final state in the store.

The order at the end is the law: the exit status is known first, then the log and the events
are drained to their ends, then the outputs are collected, and only then is the run over.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ..errors import ComputeError
from ..model import ErrorEvent, JobStatus, OutputEvent, Run, RunState
from . import progress
from .context import Context
from .fetch import Fetcher
from .launch import merged
from .line import Line
from .mirror import check_name
from .ticket import Ticket

log = logging.getLogger(__name__)

_TELL_BYTES = 50_000_000
_MOST_FILES = 100_000


class Follower:
    """Follows the runs of one target.

    Args:
        context: What the controller works with.
        line: The target.
    """

    def __init__(self, context: Context, line: Line) -> None:
        self._context = context
        self._line = line
        self._fetcher = Fetcher(context, line)

    async def follow(self, ticket: Ticket) -> Run:
        """Follow a run to its end; repeatable from any point.

        Returns:
            The run as stored: in a final state, or queued again when its job was lost.
        """
        while True:
            status = ticket.status
            if status is not None and status.state.is_final:
                return await self._finish(ticket, status)
            if status is not None:
                await self._tell(ticket, status)
                await self._fetcher.fetch_news(ticket, status.sizes)
            if ticket.status is status:
                await ticket.news.wait()
            ticket.news.clear()

    async def _tell(self, ticket: Ticket, status: JobStatus) -> None:
        run, desk = ticket.run, self._context.desk
        reason = progress.one_line(status.reason)
        if status.state.rank > run.state.rank:
            waited: dict[str, Any] = {}
            if run.state is RunState.QUEUED:
                # It waited in its engine's queue, too.
                queue_s = max(self._context.clock() - run.created, 0.0)
                waited["facts"] = merged(run.facts, {"phases": {"queue": queue_s}})
            ticket.run = await desk.ask(
                desk.store.advance,
                run.id,
                status.state,
                reason=reason,
                last_seen=self._context.clock(),
                **_started(status),
                **waited,
            )
        elif reason and reason != run.reason:
            ticket.run = await desk.ask(desk.store.update, run.id, reason=reason)

    async def _finish(self, ticket: Ticket, status: JobStatus) -> Run:
        began = self._context.clock()
        await self._drain(ticket, status)
        if self._is_to_repeat(ticket, status):
            return await self._repeat(ticket, status)
        problem = await self._collect(ticket)
        return await self._end(ticket, status, problem, self._context.clock() - began)

    async def _drain(self, ticket: Ticket, status: JobStatus) -> None:
        names = {**status.sizes, "log": status.sizes.get("log", 0)}
        names.setdefault("events", 0)
        await asyncio.gather(*(self._drain_one(ticket, name, names[name]) for name in names))

    async def _drain_one(self, ticket: Ticket, name: str, expected: int) -> None:
        try:
            if name == "events":
                await self._fetcher.fetch_events(ticket, expected=expected)
            else:
                await self._fetcher.fetch_log(ticket, name, expected=expected)
        except ComputeError as exc:
            log.warning("%s: the rest of %s did not come: %s", ticket.run.id, name, exc)

    async def _collect(self, ticket: Ticket) -> str:
        """Fetch what the run left; return what has to be said about what is not here."""
        files = [item for item in await self._fetcher.outputs(ticket) if _is_safe(item)]
        files = [item for item in files if not _is_here(ticket, item)]
        if not files:
            return ""
        limit = self._context.settings.outputs_limit_mb * 1_000_000
        wanted: list[OutputEvent] = []
        total = 0
        for item in files:
            if total + item.size <= limit and len(wanted) < _MOST_FILES:
                wanted.append(item)
                total += item.size
        problems = await self._collect_all(ticket, wanted, total)
        left = len(files) - len(wanted)
        if left:
            problems.append(
                f"{progress.count(left, 'file')} stayed on the target: outputs_limit_mb is reached"
            )
        return progress.one_line("; ".join(problems[:3]))

    async def _collect_all(self, ticket: Ticket, files: list[OutputEvent], total: int) -> list[str]:
        done = told = 0
        problems: list[str] = []
        await self._say_collecting(ticket, 0, total)

        async def fetch(item: OutputEvent) -> None:
            nonlocal done, told
            try:
                await self._fetcher.fetch_file(ticket, item.path, item.size, item.mode)
            except ComputeError as exc:
                log.warning("%s: %s did not come: %s", ticket.run.id, item.path, exc)
                problems.append(f"{item.path} could not be collected: {exc.message}")
            done += item.size
            if done - told > _TELL_BYTES:
                told = done
                await self._say_collecting(ticket, done, total)

        await asyncio.gather(*map(fetch, files))
        return problems

    async def _say_collecting(self, ticket: Ticket, done: int, total: int) -> None:
        desk = self._context.desk
        ticket.run = await desk.ask(
            desk.store.advance,
            ticket.run.id,
            RunState.FINALIZING,
            reason=progress.collecting(done, total),
        )

    def _is_to_repeat(self, ticket: Ticket, status: JobStatus) -> bool:
        is_left = ticket.run.attempt <= self._context.requeues
        return status.requeue and is_left and not ticket.is_canceled

    async def _repeat(self, ticket: Ticket, status: JobStatus) -> Run:
        desk = self._context.desk
        why = progress.one_line(status.error or status.reason or "the job was lost")
        return await desk.ask(
            desk.store.requeue,
            ticket.run.id,
            f"started again: {why}",
            attempt=ticket.run.attempt,
        )

    async def _end(self, ticket: Ticket, status: JobStatus, problem: str, collect_s: float) -> Run:
        run, desk = ticket.run, self._context.desk
        facts = merged(run.facts, {"signal": status.signal, **status.facts})
        facts = merged(facts, {"phases": {"collect": round(collect_s, 6)}})
        state, error = status.state, ""
        if status.requeue and ticket.is_canceled:
            state = RunState.CANCELED
        if state is RunState.CANCELED:
            error = progress.canceled(run, status.error)
        elif state is RunState.FAILED:
            error = progress.why(status.error or "failed", await self._last_error(ticket))
        if status.requeue and state is RunState.FAILED:
            error = f"{error}; given up after {progress.count(run.attempt, 'attempt')}"
            await self._give_up(ticket)
        now = self._context.clock()
        return await desk.ask(
            desk.store.advance,
            run.id,
            state,
            exit_code=status.exit_code,
            error=error,
            reason=problem or progress.one_line(status.reason),
            ended=status.ended or now,
            last_seen=now,
            facts=facts,
            **_started(status),
        )

    async def _give_up(self, ticket: Ticket) -> None:
        """Keep an engine from starting again by itself what is over."""
        try:
            await self._line.driver.cancel(ticket.job)
        except ComputeError as exc:
            # Its keeper would end at once.
            log.warning("%s: its engine may start it again: %s", ticket.run.id, exc)

    async def _last_error(self, ticket: Ticket) -> ErrorEvent | None:
        last: ErrorEvent | None = None
        async for event in self._fetcher.stored(ticket, ("error",)):
            last = event if isinstance(event, ErrorEvent) else last
        return last


def _started(status: JobStatus) -> dict[str, Any]:
    return {} if status.started is None else {"started": status.started}


def _is_safe(item: OutputEvent) -> bool:
    try:
        check_name(item.path)
    except ComputeError as exc:
        log.warning("%s", exc)
        return False
    return item.size >= 0


def _is_here(ticket: Ticket, item: OutputEvent) -> bool:
    try:
        return ticket.mirror.is_here(item.path)
    except OSError:
        return False
