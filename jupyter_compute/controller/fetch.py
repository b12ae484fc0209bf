"""Bringing a run's bytes from its target to this machine and into the store, exactly once."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from ..driver import Driver
from ..errors import (
    AuthenticationError,
    ComputeError,
    DriverNotInstalledError,
    NotFoundError,
)
from ..model import Event, FactsEvent, OutputEvent, PhaseEvent, RunState, TagEvent
from .context import Context
from .events import parse, result_of
from .launch import merged
from .line import Line
from .mirror import check_name
from .progress import one_line
from .ticket import Ticket

log = logging.getLogger(__name__)

_UNASKED = (AuthenticationError, DriverNotInstalledError)
_EVENTS_LIMIT, _LINE_LIMIT = 256_000_000, 16_000_000
"""Bytes of a run's events, and of one event, that are taken; more is no run's own doing."""

_MOST_TAGS, _TAG = 1000, 500
_HOPELESS = frozenset(
    {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EINVAL, errno.EILSEQ}
)
"""Errors of this machine's disk that mean a name rather than a moment."""


class Fetcher:
    """Reads files of runs from one target.

    Args:
        context: What the controller works with.
        line: The target.
    """

    def __init__(self, context: Context, line: Line) -> None:
        self._context = context
        self._line = line
        self._turns = asyncio.Semaphore(16)

    async def fetch_news(self, ticket: Ticket, sizes: dict[str, int]) -> None:
        """Fetch what has grown: the log, the files under ``logs/``, and the events."""
        for name, size in sizes.items():
            if name == "events":
                await self.fetch_events(ticket, size)
            elif self._is_mirrored(name) and ticket.mirror.offset(name) < size:
                try:
                    await self.fetch_log(ticket, name, size)
                except ComputeError as exc:
                    log.warning("%s: %s did not come: %s", ticket.run.id, name, exc)

    async def fetch_log(
        self, ticket: Ticket, name: str, size: int | None = None, *, expected: int = 0
    ) -> None:
        """Fetch a file that grows in place.

        Args:
            ticket: Whose file.
            name: Which file.
            size: How far; ``None`` means to its end.
            expected: Where its end is thought to be.
        """
        offset = ticket.mirror.offset(name)
        ticket.logs[name] = max(offset, ticket.logs.get(name, 0))
        if self._log_end(ticket, name) <= offset:
            return
        async for data in self._pieces(ticket, name, offset, size, expected):
            end = self._log_end(ticket, name)
            data = data[: max(end - offset, 0)]
            # Counted before it is written: others of the run are fetched at the same time.
            ticket.logs[name] = offset + len(data)
            offset = await self._write(ticket, name, offset, data)
            if offset >= end:
                return

    def _log_end(self, ticket: Ticket, name: str) -> int:
        """Return how much is taken of a log; those under ``logs/`` share one limit."""
        others = 0
        if name != "log":
            others = sum(ticket.logs[one] for one in ticket.logs if one not in ("log", name))
        return int(self._context.settings.log_limit_mb * 1_000_000) - others

    async def fetch_events(
        self, ticket: Ticket, size: int | None = None, *, expected: int = 0
    ) -> None:
        """Bring events into the store: up to a size, or to their end."""
        desk, run = self._context.desk, ticket.run
        if ticket.event_offset is None:
            ticket.event_offset = await desk.ask(desk.store.offset, run.id, run.attempt, "events")
        offset, rest = ticket.event_offset, b""
        if ticket.is_unheard or (size is not None and offset >= size):
            return
        async for data in self._pieces(ticket, "events", offset, size, expected):
            rest += data
            if b"\n" not in data and len(rest) <= _LINE_LIMIT:
                continue
            events, used = parse(rest)
            rest = rest[used:]
            if len(rest) > _LINE_LIMIT or offset > _EVENTS_LIMIT:
                log.warning("%s: its events are not listened to any more", ticket.run.id)
                ticket.is_unheard = True
                return None
            if not used:
                continue
            if not await self._keep(ticket, events, offset, offset + used):
                ticket.event_offset = None
                return await self.fetch_events(ticket, size, expected=expected)
            offset = ticket.event_offset = offset + used
        return None

    async def _pieces(
        self, ticket: Ticket, name: str, offset: int, size: int | None, expected: int
    ) -> AsyncIterator[bytes]:
        """Read on from an offset, up to a size or until there is nothing more.

        To know the end costs an empty answer. Where it is expected it is asked for together
        with the first piece, so that a far target costs one round trip.
        """
        tail: bytes | None = None
        if size is None and offset < expected:
            data, tail = await asyncio.gather(
                self._read(ticket, name, offset), self._read(ticket, name, expected)
            )
        else:
            data = await self._read(ticket, name, offset)
        while data:
            yield data
            offset += len(data)
            if size is not None and offset >= size:
                return
            is_tail_next = tail is not None and offset == expected
            if is_tail_next:
                data, tail = tail or b"", None
            else:
                data = await self._read(ticket, name, offset)

    async def fetch_file(self, ticket: Ticket, name: str, size: int | None, mode: int) -> None:
        """Fetch a whole file; what is here of it already is not fetched again.

        Args:
            ticket: Whose file.
            name: Which file.
            size: How large it is; ``None`` when that is not known, and it may not be there.
            mode: Its permissions, of which the executable bit is kept.

        Raises:
            NotFoundError: The target has not all of it.
        """
        try:
            if await asyncio.to_thread(ticket.mirror.is_here, name):
                return
            offset = ticket.mirror.offset(name)
        except (OSError, ValueError) as exc:
            raise _hopeless(name, exc) from exc
        while size is None or offset < size:
            data = await self._read(ticket, name, offset)
            if not data:
                break
            if size is None:
                ticket.results_bytes += len(data)
                if ticket.results_bytes > self._context.settings.outputs_limit_mb * 1_000_000:
                    await asyncio.to_thread(ticket.mirror.drop, name)
                    raise ComputeError(f"{name} stayed on the target: outputs_limit_mb is reached")
            else:
                data = data[: size - offset]
            offset = await self._write(ticket, name, offset, data)
        if size is None and not offset:
            return
        if size is not None and offset < size:
            raise NotFoundError(f"only {offset} of its {size} bytes are on the target")
        await self._patiently(ticket, lambda: ticket.mirror.complete(name, mode), name)

    async def outputs(self, ticket: Ticket) -> list[OutputEvent]:
        """List the files that the run left, by the last event on each."""
        found: dict[str, OutputEvent] = {}
        async for event in self.stored(ticket, ("output",)):
            if isinstance(event, OutputEvent):
                found[event.path] = event
        return list(found.values())

    async def stored(self, ticket: Ticket, types: tuple[str, ...]) -> AsyncIterator[Event]:
        """Iterate over the stored events of an attempt."""
        desk, run, after = self._context.desk, ticket.run, 0
        while True:
            page = await desk.ask(
                desk.store.events, run.id, types=types, after=after, attempt=run.attempt
            )
            for sequence, event in page:
                after = sequence
                yield event
            if not page:
                return

    async def _keep(self, ticket: Ticket, events: list[Event], start: int, end: int) -> bool:
        """Store events once, with what follows from them; ``False`` if they start elsewhere."""
        desk, run = self._context.desk, ticket.run
        for name in filter(None, map(result_of, events)):
            # The file was whole before the event was written; a view can show it at once.
            await self._fetch_result(ticket, name)
        took = await desk.ask(
            desk.store.append_events, run.id, run.attempt, events, start=start, end=end
        )
        if took:
            await self._apply(ticket, events)
        return took

    async def _fetch_result(self, ticket: Ticket, name: str) -> None:
        try:
            check_name(name)
            await self.fetch_file(ticket, name, None, 0o644)
        except ComputeError as exc:
            log.warning("%s: %s did not come: %s", ticket.run.id, name, exc)

    async def _apply(self, ticket: Ticket, events: Iterable[Event]) -> None:
        tags = dict(ticket.run.tags)
        facts, reason = ticket.run.facts, ticket.run.reason
        for event in events:
            if isinstance(event, TagEvent):
                if event.name in tags or len(tags) < _MOST_TAGS:
                    tags[event.name[:_TAG]] = event.value[:_TAG]
            elif isinstance(event, FactsEvent):
                facts = merged(facts, event.facts)
            elif isinstance(event, PhaseEvent) and ticket.run.state is RunState.PREPARING:
                reason = one_line(event.name)
        changes: dict[str, Any] = {"tags": tags, "facts": facts, "reason": reason}
        changes = {k: v for k, v in changes.items() if getattr(ticket.run, k) != v}
        if changes:
            desk = self._context.desk
            ticket.run = await desk.ask(desk.store.update, ticket.run.id, **changes)

    async def _read(self, ticket: Ticket, name: str, offset: int) -> bytes:
        async def read(driver: Driver) -> bytes:
            return await driver.read(ticket.job, name, offset)

        async with self._turns:
            return await self._line.ask(read, silent=_UNASKED, limit_s=120.0)

    def _is_mirrored(self, name: str) -> bool:
        try:
            if name != "log":
                check_name(name)
        except ComputeError as exc:
            log.warning("%s", exc)
            return False
        return True

    async def _write(self, ticket: Ticket, name: str, offset: int, data: bytes) -> int:
        end = offset + len(data)

        def write() -> None:
            ticket.mirror.write(name, offset, data)

        await self._patiently(ticket, write, name)
        return end

    async def _patiently(self, ticket: Ticket, act: Callable[[], None], name: str) -> None:
        """Do something with this machine's disk until there is room for it.

        Raises:
            ComputeError: There never will be, for a file of this name.
        """
        pause = self._context.retry_s
        desk = self._context.desk
        reason = ticket.run.reason
        while True:
            try:
                act()
                break
            except ValueError as exc:
                raise _hopeless(name, exc) from exc
            except OSError as exc:
                if name != "log" and exc.errno in _HOPELESS:
                    raise _hopeless(name, exc) from exc
                words = f"this machine's disk: {exc.strerror}; trying again"
                log.warning("%s: %s", ticket.run.id, words)
                if ticket.run.reason != words:
                    ticket.run = await desk.ask(desk.store.update, ticket.run.id, reason=words)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 30.0)
        if ticket.run.reason != reason:
            ticket.run = await desk.ask(desk.store.update, ticket.run.id, reason=reason)


def _hopeless(name: str, exc: Exception) -> ComputeError:
    why = getattr(exc, "strerror", None) or str(exc)
    return ComputeError(f"{one_line(name, 200)!r} cannot be kept on this machine: {why}")
