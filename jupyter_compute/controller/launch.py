"""From an admitted run to a job that the target knows."""

from __future__ import annotations

import asyncio
import itertools
import logging

import msgspec

from ..driver import Driver
from ..errors import LaunchError, TargetFullError
from ..model import Job, JobStatus, Run, RunFacts, RunId, RunState, Secret
from . import slots
from .context import Context
from .line import Line
from .progress import explain, one_line
from .ticket import PROVISIONAL, Stage, Ticket

log = logging.getLogger(__name__)

_MOST_FACTS = 20_000
_LONGEST_S = 60.0


class Launcher:
    """Sends runs to one target.

    Args:
        context: What the controller works with.
        line: The target.
    """

    def __init__(self, context: Context, line: Line) -> None:
        self._context = context
        self._line = line
        # Many at once would only share the same pipe and disk.
        self._turns = asyncio.Semaphore(8)
        # Who waits for room at the target, in their order; the first of them tries.
        self._waiting = asyncio.Lock()
        self._full = ""
        self._pause_s = 0.0

    async def launch(self, ticket: Ticket) -> None:
        """Bring a run to its target and start it there; repeatable after any failure.

        Raises:
            ComputeError: It can't be made or was refused; the run has failed.
        """
        if ticket.stage is Stage.LAUNCHING and await self._is_known(ticket):
            return
        if not self._waiting.locked():
            try:
                async with self._turns:
                    await self._send(ticket)
                return
            except TargetFullError as exc:
                self._full = explain(exc)
        await self._wait_for_room(ticket)

    async def _wait_for_room(self, ticket: Ticket) -> None:
        """Try again until the target takes the run; one run at a time does."""
        ticket.stage = Stage.SENDING
        await self._say_full(ticket)
        async with self._waiting:
            while True:
                await asyncio.sleep(self._pause_s)
                try:
                    await self._send(ticket)
                except TargetFullError as exc:
                    ticket.stage = Stage.SENDING
                    self._full = explain(exc)
                    self._pause_s = min(max(self._pause_s * 2, self._context.retry_s), _LONGEST_S)
                    await self._say_full(ticket)
                else:
                    self._pause_s = 0.0
                    return

    async def _say_full(self, ticket: Ticket) -> None:
        desk = self._context.desk
        ticket.run = await desk.ask(
            desk.store.update, ticket.run.id, job_id=PROVISIONAL, reason=one_line(self._full)
        )

    async def _is_known(self, ticket: Ticket) -> bool:
        """Look a launch up whose answer never came, before it is made again."""

        async def poll(driver: Driver) -> dict[RunId, JobStatus]:
            return await driver.poll([ticket.job])

        found = await self._line.ask(poll)
        if ticket.run.id not in found:
            ticket.stage = Stage.SENDING
            return False
        ticket.hear(found[ticket.run.id])
        ticket.stage = Stage.LAUNCHED
        return True

    async def _send(self, ticket: Ticket) -> None:
        context, run = self._context, ticket.run
        began = context.clock()
        secrets = await self._secrets(run)
        stored = asyncio.create_task(self._announce(ticket))
        try:
            job = await self._job(ticket, secrets)
            await self._line.call(lambda driver: driver.upload(job.digests, context.blobs))
        finally:
            # The store must know that it may be launched before it is, even for an instant.
            run = await stored
            if run.revision > ticket.run.revision:
                # Else somebody has asked for its end since this was written.
                ticket.run = run
        sent = context.clock()
        ticket.stage = Stage.LAUNCHING
        job_id = await self._line.call(lambda driver: driver.launch(job))
        phases = {"queue": max(began - run.created, 0.0), "upload": max(sent - began, 0.0)}
        ticket.job = msgspec.structs.replace(ticket.job, job_id=job_id)
        ticket.stage = Stage.LAUNCHED
        await self._record(ticket, job_id, phases, job.environment_digest)

    async def _announce(self, ticket: Ticket) -> Run:
        desk, run_id, reason = self._context.desk, ticket.run.id, "sending its files"
        if ticket.is_queued_there:
            return await desk.ask(desk.store.update, run_id, job_id=PROVISIONAL, reason=reason)
        return await desk.ask(desk.store.advance, run_id, RunState.PREPARING, reason=reason)

    async def _record(
        self, ticket: Ticket, job_id: str, phases: dict[str, float], environment_digest: str
    ) -> None:
        facts = msgspec.structs.replace(
            ticket.run.facts,
            phases={**ticket.run.facts.phases, **phases},
            environment_digest=environment_digest or ticket.run.facts.environment_digest,
        )
        desk = self._context.desk
        ticket.run = await desk.ask(
            desk.store.update, ticket.run.id, job_id=job_id, reason="", facts=facts
        )

    async def _job(self, ticket: Ticket, secrets: dict[str, Secret]) -> Job:
        job = await asyncio.to_thread(self._context.make_job, ticket.run, secrets)
        gpu_ids = ticket.holding.gpu_ids if ticket.holding is not None else ()
        if gpu_ids:
            slots.remember(ticket.folder, gpu_ids)
        ticket.job = msgspec.structs.replace(ticket.job, gpu_ids=gpu_ids)
        left = max(self._context.requeues + 1 - ticket.run.attempt, 0)
        return msgspec.structs.replace(job, gpu_ids=gpu_ids, requeues=left)

    async def _secrets(self, run: Run) -> dict[str, Secret]:
        if not run.secrets:
            return {}
        handed = {name for name, place in run.secrets.items() if place.startswith("env:")}
        box = self._context.box
        found = await box.wait(run.id, handed, self._context.patience_s)
        lost = sorted(handed - found.keys())
        if lost:
            raise LaunchError(
                f"the value of the secret {lost[0]} ({run.secrets[lost[0]]}) is gone: the "
                "controller that held it stopped before the run was launched",
                hint="submit the run again",
                target=run.target,
            )
        for name, place in run.secrets.items():
            if name not in found:
                found[name] = await asyncio.to_thread(self._context.resolve, place)
        return {name: found[name] for name in run.secrets}


def merged(facts: RunFacts, news: dict[str, object]) -> RunFacts:
    """Return facts with those of a job taken over, by name.

    Unknown names are dropped, and so are values that make no sense.
    """
    fields = {name: value for name, value in news.items() if name in RunFacts.__struct_fields__}
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = one_line(value)
        elif isinstance(value, dict):
            fields[name] = dict(itertools.islice(value.items(), _MOST_FACTS))
    phases = fields.get("phases")
    if isinstance(phases, dict):
        fields["phases"] = {**facts.phases, **phases}
    whole = {**msgspec.to_builtins(facts), **fields}
    try:
        return msgspec.convert(whole, RunFacts, strict=False)
    except msgspec.ValidationError as exc:
        log.info("facts were left out: %s", exc)
        return facts
