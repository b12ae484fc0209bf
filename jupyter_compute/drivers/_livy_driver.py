"""Spark by way of a Livy server, which starts the driver and forgets it now and then.

Livy is asked to begin, to list and to end. Everything else goes through the staging folder, so
that a log is exact, outputs come back, and a run outlives the server that began it.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct

from ..driver import BlobSource, Driver, DriverContext
from ..errors import DriverError, LaunchError, TargetUnreachableError
from ..model import Digest, Job, JobStatus, RunId, TargetInfo
from ._frames import check_readable
from ._livy_checking import check
from ._livy_client import LivyClient
from ._livy_judging import Judge
from ._livy_plan import body_of, prepared
from ._livy_runs import ASKED, BATCH, RUNS, StagedRun, folder_of, name_of, parse
from ._livy_sending import Sender
from ._livy_staging import Staging, open_staging
from ._livy_words import Batch
from ._spark_options import SparkOptions

_AT_ONCE = 16
_READ_PAUSE_S = 0.1
_DUPLICATE = "Duplicate session name"


class LivyDriver(Driver):
    """Runs jobs as batches of a Livy server.

    Args:
        context: The target's name and folder.
        options: Of the kind ``spark``, with the server's address.
    """

    kind: ClassVar[str] = "spark"
    Options: ClassVar[type[Struct]] = SparkOptions

    def __init__(self, context: DriverContext, options: SparkOptions) -> None:
        self.context = context
        self.options = options
        self.client = LivyClient(context, options)
        self.judge = Judge(self.client)
        self._staging: Staging | None = None
        self._sender: Sender | None = None
        self._runs: dict[str, StagedRun] = {}
        self._launching: dict[str, asyncio.Lock] = {}
        self._few = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the server, who signs in to it, and the folder where runs are."""
        assert isinstance(options, SparkOptions)
        who = f"{options.livy_user}@" if options.livy_user else ""
        return f"livy:{who}{options.livy.rstrip('/')} by {options.staging.rstrip('/')}"

    # -- the driver's interface ----------------------------------------------------------------

    async def check(self) -> TargetInfo:
        """Find out what the server is, whether it lets us in, and whether the folder is there."""
        self.client.login.ask_again()
        resource_id = type(self).resource_id(self.options)
        return await check(self.client, lambda: self.staging, self.options, resource_id)

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Bring the blobs to the staging folder that it lacks."""
        self.client.login.ask_again()
        await self.sender.send(digests, blobs)

    async def launch(self, job: Job) -> str:
        """Submit the job as a batch, once."""
        wanted = prepared(job, self.options)
        lock = self._launching.setdefault(name_of(job), asyncio.Lock())
        try:
            async with lock:
                return await self._launch(job, wanted)
        finally:
            if not lock.locked():
                self._launching.pop(name_of(job), None)

    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Look what runs have told, and ask Livy about those that tell nothing."""
        deadline = time.monotonic() + wait_s
        expected = {job.run_id: (known or {}).get(job.run_id) for job in jobs}
        while True:
            found = await self._statuses(jobs, {**expected})
            is_news = any(found.get(run) != status for run, status in expected.items())
            left = deadline - time.monotonic()
            if known is None or is_news or left <= 0:
                return found
            await asyncio.sleep(min(left, self.staging.interval_s * (1 + len(jobs) / 100)))

    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read bytes that have come from the far end."""
        check_readable(name)
        run = self._run(job)
        deadline = time.monotonic() + wait_s
        while True:
            data = await asyncio.to_thread(run.inbox.read, name, offset)
            if data or run.is_over:
                return data or await self._last_words(run, name, offset)
            await run.look()
            data = await asyncio.to_thread(run.inbox.read, name, offset)
            left = deadline - time.monotonic()
            if data or left <= 0:
                return data
            if run.is_over or not run.is_claimed:
                await self._statuses([job], {job.run_id: None})
            await asyncio.sleep(min(left, max(_READ_PAUSE_S, self.staging.interval_s / 2)))

    async def cancel(self, job: Job) -> None:
        """Ask the far end to end the run; one that has not begun never will."""
        run = self._run(job)
        await run.look()
        if run.is_over or not run.names:
            return
        if run.wish.get("by") != "user":
            await run.wish_over("user")
        await self._statuses([job], {job.run_id: None})

    async def delete(self, job: Job) -> None:
        """Remove the folder of an ended run, and its batch from Livy's list."""
        run = self._run(job)
        await run.look()
        if run.is_there and not run.is_over:
            raise DriverError(
                f"{job.run_id} is still active, and what it has told cannot be removed",
                hint=f"cancel it first: jupyter compute cancel {job.run_id}",
                target=self.context.target,
                kind=self.kind,
            )
        if run.number is not None:
            await self._drop(run)
        await self.staging.remove(folder_of(job))
        await asyncio.to_thread(shutil.rmtree, run.inbox.folder, ignore_errors=True)
        self._runs.pop(run.name, None)

    async def purge(self) -> None:
        """Remove everything of ours from the staging folder."""
        names = await self.staging.names(RUNS)
        for run_id, attempt in filter(None, map(parse, names)):
            job = Job(run_id=run_id, attempt=attempt, argv=(), snapshot_id="", digests=())
            await self._statuses([job], {run_id: None})
            run = self._run(job)
            if run.is_there and not run.is_over:
                raise DriverError(
                    f"{run_id} is still active there, and nothing was removed",
                    hint="cancel it first, or wait for its end",
                    target=self.context.target,
                    kind=self.kind,
                )
        for name in (RUNS, *self.sender.folders):
            await self.staging.remove(name)
        self._runs.clear()
        self.sender.forget()

    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the runs that have a folder there."""
        return sorted(filter(None, map(parse, await self.staging.names(RUNS))))

    async def close(self) -> None:
        """Let go of connections. Batches go on."""
        await self.client.close()
        if self._staging is not None:
            await self._staging.close()

    # -- launching -----------------------------------------------------------------------------

    @property
    def staging(self) -> Staging:
        """The folder where both sides meet.

        Raises:
            ConfigError: The option makes no sense.
        """
        if self._staging is None:
            self._staging = open_staging(self.context, self.options, self.client.login)
        return self._staging

    @property
    def sender(self) -> Sender:
        """What brings files to the folder."""
        if self._sender is None:
            self._sender = Sender(self.staging)
        return self._sender

    async def _launch(self, job: Job, wanted: Job) -> str:
        run = self._run(job)
        await run.look()
        if run.is_there:
            return str(run.number if run.number is not None else run.name)
        body = await self._prepare(run, job, wanted)
        was_asked = not await self.staging.put(f"{run.folder}/{ASKED}", b"", is_new=True)
        # Whoever asked before us may have died, or lost the answer.
        batch = await self.client.find(run.name) if was_asked else None
        if batch is None:
            batch = await self._submit(run, body)
        await self.staging.put(f"{run.folder}/{BATCH}", _note(batch))
        await run.look()
        return str(batch.number)

    async def _prepare(self, run: StagedRun, job: Job, wanted: Job) -> dict[str, Any]:
        parcels = await self.sender.find(job.digests)
        program = await self.sender.program()
        await self.sender.order(run.folder, wanted)
        there = self.staging.there
        return body_of(
            job,
            self.options,
            file=f"{there}/{program}",
            args=["staged", there, run.folder, *parcels],
            name=run.name,
        )

    async def _submit(self, run: StagedRun, body: Mapping[str, Any]) -> Batch:
        try:
            return await self.client.submit(body)
        except TargetUnreachableError:
            raise
        except LaunchError as exc:
            batch = await self.client.find(run.name)
            if batch is not None and _DUPLICATE in exc.message:
                return batch
            if batch is not None:
                # Some versions keep the name of what they have refused.
                await self.client.delete(batch.number)
            await self.staging.remove(run.folder)
            raise

    async def _drop(self, run: StagedRun) -> None:
        """Take a batch that is over from Livy's list, if it is still ours."""
        number = run.number
        batch = await self.client.batch(number) if number is not None else None
        if batch is not None and batch.name in ("", run.name) and batch.is_over:
            await self.client.delete(batch.number)

    # -- how runs stand ------------------------------------------------------------------------

    def _run(self, job: Job) -> StagedRun:
        name = name_of(job)
        if name not in self._runs:
            folder = Path(self.context.folder) / "livy" / name
            self._runs[name] = StagedRun(self.staging, job, folder)
        return self._runs[name]

    async def _statuses(
        self, jobs: Collection[Job], expected: Mapping[RunId, JobStatus | None]
    ) -> dict[RunId, JobStatus]:
        runs = {job.run_id: self._run(job) for job in jobs}
        await asyncio.gather(*(self._look(run) for run in runs.values()))
        silence: TargetUnreachableError | None = None
        graces = {job.run_id: job.grace_s for job in jobs}
        active = {run: graces[key] for key, run in runs.items() if run.is_there and not run.is_over}
        try:
            await self.judge.judge(active)
        except TargetUnreachableError as exc:
            silence = exc
        found = {
            key: await asyncio.to_thread(run.status, self.judge.reason(run))
            for key, run in runs.items()
            if run.is_there
        }
        is_news = any(status != expected.get(key) for key, status in found.items())
        if silence is not None and not is_news:
            # What has come by the folder is told first; then that the server does not answer.
            raise silence
        return found

    async def _look(self, run: StagedRun) -> None:
        async with self._few:
            await run.look()

    async def _last_words(self, run: StagedRun, name: str, offset: int) -> bytes:
        """Return what Livy said about the end of a run that told nothing."""
        await asyncio.to_thread(run.status)
        return await asyncio.to_thread(run.inbox.read, name, offset)


def _note(batch: Batch) -> bytes:
    return b'{"id": %d}\n' % batch.number
