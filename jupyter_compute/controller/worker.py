"""One target: its queue, its connection, and all of its runs that are not over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any

import msgspec

from ..driver import Driver
from ..errors import ComputeError, ConflictError, NotFoundError
from ..model import JobStatus, Run, RunId, RunState, Target, TargetInfo
from . import progress
from .admission import Capacity, Holding, Refuse, Start, Wait, admit, capacity_of, demand_of
from .context import Context
from .ending import end
from .follow import Follower
from .inspection import Inspector
from .launch import Launcher
from .line import Line
from .polling import Poller
from .provisioning import Provisioner
from .removal import Remover
from .ticket import Stage, Ticket

log = logging.getLogger(__name__)

_BUGS = 5
_UNKNOWN_S = 5.0


class Worker:
    """Takes the runs of one target from queued to final.

    Args:
        context: What the controller works with.
        target: The target.
        driver: Its driver; the worker closes it.
    """

    def __init__(self, context: Context, target: Target, driver: Driver) -> None:
        self.target = target
        self.tickets: dict[RunId, Ticket] = {}
        self._context = context
        self._line = Line(driver, context.clock, self._mark_silence, first_s=context.retry_s)
        self._inspector = Inspector(context, target, self._line)
        self._launcher = Launcher(context, self._line)
        self._follower = Follower(context, self._line)
        self._poller = Poller(self._line, self.tickets, self._hear, context.hold_s)
        self._remover = Remover(context.workspace, target.name, driver)
        self._provisioner = Provisioner(
            context.workspace, target, driver, context.clock, self.check
        )
        self._stirred = asyncio.Event()
        self._silence: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._notes: set[asyncio.Task[None]] = set()
        self._tasks = [
            asyncio.create_task(self._forever(self._poller.run)),
            asyncio.create_task(self._forever(self._admit_all)),
        ]

    @property
    def is_busy(self) -> bool:
        """Whether it has runs or a check to care for."""
        is_checking = self._checking is not None and not self._checking.done()
        is_at_it = is_checking or self._remover.is_busy or self._provisioner.is_busy
        return bool(self.tickets) or is_at_it

    @property
    def is_silent(self) -> bool:
        """Whether the target does not answer."""
        return self._line.is_silent

    def rouse(self) -> None:
        """Ask the target anew, now: this machine has slept, or its network has changed."""
        self._line.driver.rouse()
        self._line.hurry()
        self._poller.nudge()

    async def purge(self) -> None:
        """Have the target remove everything of ours.

        Raises:
            ComputeError: It refuses, does not answer, or runs still need it.
        """
        if self.tickets:
            raise ConflictError(f"{progress.count(len(self.tickets), 'run')} still active")
        await self._line.driver.purge()

    def take(self, run: Run) -> None:
        """Take a run as the store has it: a new one, one to adopt, or one with a new wish."""
        ticket = self.tickets.get(run.id)
        if ticket is None:
            ticket = self.tickets[run.id] = Ticket(run, self._context.workspace)
            if ticket.stage is not Stage.WAITING:
                self._begin(ticket)
        elif ticket.run.revision < run.revision and ticket.run.attempt == run.attempt:
            ticket.run = run
        if ticket.is_canceled:
            self._cancel(ticket)
        if self.is_silent:
            self._later(self._tell_one(ticket))
        self._stirred.set()

    def check(self) -> None:
        """Have the target checked, and the answer written beside it."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._check())

    def remove(self) -> None:
        """Have the target remove the runs that were deleted."""
        self._remover.start()

    def manage(self, action: str) -> None:
        """Have something done with the compute behind the target."""
        self._provisioner.start(action)

    async def close(self) -> None:
        """Let go of the target; its jobs go on."""
        tasks = [*self._tasks, *self._notes, self._silence, self._checking]
        tasks += [self._remover.task, self._provisioner.task]
        for ticket in self.tickets.values():
            tasks += [ticket.task, ticket.cancel_task]
        await end(*tasks)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._line.driver.close(), 10.0)

    # -- admission -----------------------------------------------------------------------------

    async def _admit_all(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            if any(ticket.stage is Stage.WAITING for ticket in self.tickets.values()):
                await self._admit()

    async def _admit(self) -> None:
        try:
            # What waits for a silent target stays queued until there is an answer.
            capacity = self._capacity(await self._inspector.info(anew=self.is_silent))
        except ComputeError as exc:
            for ticket in self._waiting():
                await self._fail(ticket, progress.explain(exc))
            return
        waiting = self._waiting()
        held = [item.holding for item in self.tickets.values() if item.holding is not None]
        demands = [demand_of(ticket.run.resources) for ticket in waiting]
        told: list[tuple[Ticket, str]] = []
        for ticket, demand, verdict in zip(
            waiting, demands, admit(demands, held, capacity), strict=True
        ):
            if isinstance(verdict, Start):
                ticket.stage = Stage.SENDING
                ticket.is_queued_there = capacity.slots is None
                ticket.holding = Holding(demand=demand, gpu_ids=verdict.gpu_ids)
                self._begin(ticket)
            elif isinstance(verdict, Refuse):
                await self._fail(ticket, f"{verdict.message} ({verdict.hint})")
            elif isinstance(verdict, Wait):
                told.append((ticket, verdict.reason))
        for ticket, reason in told:
            if ticket.stage is Stage.WAITING and ticket.run.reason != reason:
                await self._update(ticket, reason=reason)

    def _waiting(self) -> list[Ticket]:
        found = [item for item in self.tickets.values() if item.stage is Stage.WAITING]
        return sorted(found, key=lambda item: (item.run.created, item.run.revision))

    def _capacity(self, info: TargetInfo) -> Capacity:
        slots = self.target.options.get("slots")
        if slots is None and self.target.kind == "local":
            slots = self._context.settings.slots
        return capacity_of(info, slots if isinstance(slots, int) else None)

    # -- a run's life --------------------------------------------------------------------------

    def _begin(self, ticket: Ticket) -> None:
        ticket.task = asyncio.create_task(self._live(ticket))

    async def _live(self, ticket: Ticket) -> None:
        """Take a run to its end; what goes wrong with one run stays with that run."""
        while True:
            try:
                await self._try(ticket)
                return
            except Exception:
                log.exception("the run %s could not even be failed", ticket.run.id)
                await asyncio.sleep(self._context.retry_s * 20)

    async def _try(self, ticket: Ticket) -> None:
        while ticket.stage is not Stage.OVER:
            try:
                await self._pass(ticket)
                return
            except ComputeError as exc:
                await self._fail(ticket, progress.explain(exc))
                return
            except Exception as exc:
                ticket.bugs += 1
                log.exception("a bug while handling the run %s", ticket.run.id)
                if ticket.bugs >= _BUGS:
                    await self._give_up(ticket, exc)
                    return
            await asyncio.sleep(self._context.retry_s * 2**ticket.bugs)

    async def _pass(self, ticket: Ticket) -> None:
        if ticket.stage in (Stage.SENDING, Stage.LAUNCHING):
            await self._launcher.launch(ticket)
            if ticket.is_canceled:
                self._cancel(ticket)
        if ticket.stage is Stage.LAUNCHED:
            self._poller.nudge()
            run = await self._follower.follow(ticket)
            self._leave(ticket, run)

    async def _give_up(self, ticket: Ticket, exc: Exception) -> None:
        if ticket.stage in (Stage.LAUNCHING, Stage.LAUNCHED):
            with contextlib.suppress(Exception):
                await self._line.driver.cancel(ticket.job)
        await self._fail(ticket, progress.bug(exc, self._context.workspace.controller_log.name))

    async def _fail(self, ticket: Ticket, error: str) -> None:
        await self._close_run(ticket, RunState.FAILED, error)

    async def _close_run(self, ticket: Ticket, state: RunState, error: str) -> None:
        desk, now = self._context.desk, self._context.clock()
        try:
            run = await desk.ask(
                desk.store.advance, ticket.run.id, state, error=error, reason="", ended=now
            )
        except NotFoundError:
            log.warning("the run %s is not in the store any more", ticket.run.id)
            run = msgspec.structs.replace(ticket.run, state=state)
        self._leave(ticket, run)

    def _leave(self, ticket: Ticket, run: Run) -> None:
        """Let go of an attempt, and take the next one if there is one."""
        ticket.stage, ticket.holding, ticket.run = Stage.OVER, None, run
        if self.tickets.get(run.id) is ticket:
            del self.tickets[run.id]
        if run.is_final:
            self._context.box.drop(run.id)
        else:
            self.take(run)
        self._stirred.set()

    def _hear(self, ticket: Ticket, status: JobStatus | None) -> None:
        if status is not None:
            if status != ticket.status:
                ticket.hear(status)
            if ticket.is_flagged and not self.is_silent:
                self._later(self._tell_one(ticket))
            if ticket.holding is None:
                self._stirred.set()
            return
        now = self._context.clock()
        ticket.status = None
        ticket.unknown_since = ticket.unknown_since or now
        if now - ticket.unknown_since <= _UNKNOWN_S:
            return
        if ticket.is_canceled:
            # The target was asked, it answered without the job, and nobody wants it any more.
            words = "the target did not know its job any more"
            ticket.hear(JobStatus(state=RunState.CANCELED, error=words))
        elif not ticket.is_flagged:
            ticket.is_flagged = True
            self._later(self._update(ticket, reason="the target does not know its job"))

    # -- cancel --------------------------------------------------------------------------------

    def _cancel(self, ticket: Ticket) -> None:
        is_at_it = ticket.cancel_task is not None and not ticket.cancel_task.done()
        if not is_at_it and not ticket.is_canceling:
            ticket.cancel_task = asyncio.create_task(self._end(ticket))

    async def _end(self, ticket: Ticket) -> None:
        while ticket.stage is Stage.SENDING and ticket.task is not None and not ticket.task.done():
            ticket.task.cancel()
            await asyncio.wait({ticket.task}, timeout=1.0)
        if ticket.stage in (Stage.WAITING, Stage.SENDING):
            words = progress.canceled(ticket.run, "before it started")
            await self._close_run(ticket, RunState.CANCELED, words)
        elif ticket.stage is Stage.LAUNCHED:
            ticket.is_canceling = True
            await self._ask_to_end(ticket)
            self._poller.nudge()

    async def _ask_to_end(self, ticket: Ticket) -> None:
        pause = self._context.retry_s
        while ticket.stage is Stage.LAUNCHED:
            try:
                await self._line.call(lambda driver: driver.cancel(ticket.job), limit_s=60.0)
                return
            except ComputeError as exc:
                reason = f"its end was refused, asked again: {progress.explain(exc)}"
                log.warning("%s: %s", ticket.run.id, reason)
                await self._update(ticket, reason=reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)

    # -- silence -------------------------------------------------------------------------------

    def _mark_silence(self) -> None:
        if self._silence is None or self._silence.done():
            self._silence = asyncio.create_task(self._tell_silence())

    async def _tell_silence(self) -> None:
        """Bring what every run says about the silence of its target up to date."""
        told = None
        while told != (now := (self._line.silent_since, self._line.retry_at)):
            told = now
            for ticket in list(self.tickets.values()):
                if ticket.stage is not Stage.OVER:
                    await self._tell_one(ticket)
            self._inspector.mark(self._line.error if self._line.is_silent else "")
        self._stirred.set()

    async def _tell_one(self, ticket: Ticket) -> None:
        line = self._line
        if line.silent_since is not None:
            now, retry_at = self._context.clock(), line.retry_at or line.silent_since
            reason = progress.silence(line.silent_since, retry_at - now, line.error, now)
            ticket.is_flagged = True
            changes: dict[str, Any] = {"reason": reason, "retry_at": retry_at}
            if ticket.is_launched:
                changes["last_seen"] = line.silent_since
            await self._update(ticket, **changes)
        elif ticket.is_flagged:
            ticket.is_flagged = False
            self._inspector.mark("")
            reason = progress.one_line(ticket.status.reason) if ticket.status else ""
            await self._update(ticket, reason=reason, retry_at=None)

    async def _update(self, ticket: Ticket, **changes: Any) -> None:
        desk = self._context.desk
        run = await desk.ask(desk.store.update, ticket.run.id, **changes)
        if run.revision > ticket.run.revision and run.attempt == ticket.run.attempt:
            ticket.run = run

    # -- the rest ------------------------------------------------------------------------------

    async def _check(self) -> None:
        with contextlib.suppress(ComputeError):
            await self._inspector.check()
        self._stirred.set()

    def _later(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act)
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _forever(self, act: Any) -> None:
        while True:
            try:
                await act()
            except Exception:
                log.exception("a bug in the work for the target %s", self.target.name)
            await asyncio.sleep(self._context.retry_s)
            self._stirred.set()
