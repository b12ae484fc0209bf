"""A cluster of Ray as a target, by its dashboard's REST interface."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct

from ..driver import BlobSource, Driver, DriverContext
from ..errors import DriverError, LaunchError
from ..model import Digest, Job, JobStatus, RunId, TargetInfo
from . import _parcel, _ray_check, _ray_jobs
from ._frames import check_readable
from ._ray_api import RayApi, RefusedError
from ._ray_options import RayOptions
from ._ray_packages import Packages
from ._ray_records import Attempt, Attempts
from ._ray_watch import Watcher

_BRISK_S, _EAGER_S, _CALM_S = 0.25, 0.5, 2.0
_FEW = 8
_FRESH_S = 0.2
_EXISTS = "already exists"


class RayDriver(Driver):
    """Runs jobs on a cluster of Ray.

    Args:
        context: The target's name and folder.
        options: How the cluster is reached.

    Attributes:
        api: The cluster's dashboard.
        watcher: Hears of runs.
    """

    kind: ClassVar[str] = "ray"
    title: ClassVar[str] = "A Ray cluster"
    Options: ClassVar[type[Struct]] = RayOptions

    def __init__(self, context: DriverContext, options: RayOptions) -> None:
        self.context = context
        self.options = options
        self.api = RayApi(options, context.target, context.reveal)
        self.watcher = Watcher(self.api)
        folder = Path(context.folder)
        self.packages = Packages(self.api, folder, options.upload_limit_mb)
        self.attempts = Attempts(folder)
        self._blobs: BlobSource | None = None
        self._channel = options.channel
        self._calm_s = _BRISK_S
        self._swept = 0.0

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the dashboard's address."""
        assert isinstance(options, RayOptions)
        return options.resource_id

    async def check(self) -> TargetInfo:
        """Find out how large the cluster is, and what is wrong with it."""
        # A token may have been put right meanwhile.
        await self.api.close()
        return await _ray_check.look(self.watcher, self.options, is_whole=True)

    async def measure(self) -> TargetInfo:
        """Find out how large the cluster is."""
        return await _ray_check.look(self.watcher, self.options, is_whole=False)

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Send the blobs that the cluster lacks, as packages."""
        self._blobs = blobs
        if digests:
            await self.packages.upload(digests, blobs)
        if time.monotonic() - self._swept > 3600.0:
            self._swept = time.monotonic()
            await asyncio.to_thread(self.attempts.drop_old)

    async def launch(self, job: Job) -> str:
        """Submit the job under the name of its run and attempt."""
        attempt = self.attempts.of(job)
        session = await self.watcher.identify()
        if await self.watcher.job(attempt.name) is not None:
            return self._accepted(attempt, job, session)
        body = await self._submission(job, attempt)
        try:
            await self.api.post("/api/jobs/", body)
        except RefusedError as exc:
            # Two may have looked at once, and a submission may have come through unnoticed.
            if await self.watcher.job(attempt.name) is None:
                raise LaunchError(
                    f"Ray does not take the job: {exc.words}",
                    hint="see the options of the target, and what the run asks for",
                    target=self.context.target,
                    kind=self.kind,
                ) from exc
        return self._accepted(attempt, job, session)

    def _accepted(self, attempt: Attempt, job: Job, session: str) -> str:
        if not attempt.record.session:
            attempt.note(session=session, needs=str(_ray_jobs.needs_of(job, self.options)))
        return f"{attempt.name}@{attempt.record.session}"

    async def _submission(self, job: Job, attempt: Attempt) -> dict[str, Any]:
        await self._refuse_too_large(job)
        names = await self._packages_for(job)
        attempt.note(channel=self._channel or "files")
        changes = _ray_jobs.changes_of(job, self.options, self._channel)
        order = _parcel.pack_order(job, changes, {_ray_jobs.START_NAME: _ray_jobs.START.encode()})
        await self.packages.send(order.parcel)
        return _ray_jobs.submission(job, self.options, order, names, self.watcher.version)

    async def _packages_for(self, job: Job) -> list[Digest]:
        try:
            found = await self.packages.names_for(job.digests)
        except LaunchError:
            # Ray has dropped some since, or they never came.
            if self._blobs is None:
                raise
            await self.upload(job.digests, self._blobs)
            found = await self.packages.names_for(job.digests)
        return [await self.packages.ensure_runner(), *found]

    async def _refuse_too_large(self, job: Job) -> None:
        """Refuse what no node can ever run; Ray would let it wait for good."""
        needs = _ray_jobs.needs_of(job, self.options)
        try:
            nodes = [one for one in await self.watcher.nodes() if one.get("state") == "ALIVE"]
        except RefusedError:
            nodes = []
        if not self._channel:
            is_shown = await _ray_check.can_listen(self.watcher, nodes)
            self._channel = "files" if is_shown else "log"
        gap = _ray_check.largest_gap(needs, nodes)
        if gap and not await _ray_check.grows(self.watcher):
            raise LaunchError(
                f"no node of the cluster can run it: it asks for {gap}",
                hint="ask for less, or for more nodes with less each by ray.init() in the run",
                target=self.context.target,
                kind=self.kind,
            )

    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask about all jobs: Ray with one call, and each node with one; again until it differs."""
        attempts = {job.run_id: self._attempt(job) for job in jobs}
        self.attempts.keep({one.name for one in attempts.values()})
        expected = {run: status for run, status in (known or {}).items() if run in attempts}
        deadline = time.monotonic() + wait_s
        while True:
            await self.watcher.refresh(list(attempts.values()))
            found = {
                run: status
                for run, one in attempts.items()
                if (status := self.watcher.status_of(one)) is not None
            }
            if found != expected:
                self._calm_s = _BRISK_S
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return found
            await asyncio.sleep(min(self._calm_s, left))
            is_soon = len(attempts) <= _FEW and any(not one.node for one in attempts.values())
            self._calm_s = min(self._calm_s * 1.3, _EAGER_S if is_soon else _CALM_S)

    def _attempt(self, job: Job) -> Attempt:
        attempt = self.attempts.of(job)
        _, is_said, session = job.job_id.partition("@")
        if is_said and not attempt.record.session:
            attempt.note(session=session)
        return attempt

    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read what has come of a file; asks for more where there is none from that offset."""
        check_readable(name)
        attempt = self._attempt(job)
        deadline, pause_s = time.monotonic() + wait_s, _BRISK_S
        while True:
            data = await asyncio.to_thread(attempt.inbox.read, name, offset)
            if data or self.watcher.is_over(attempt):
                return data or await asyncio.to_thread(attempt.inbox.read, name, offset)
            await self.watcher.refresh([attempt], patience_s=_FRESH_S)
            data = await asyncio.to_thread(attempt.inbox.read, name, offset)
            left = deadline - time.monotonic()
            is_there = attempt.info is not None or attempt.record.session
            if data or left <= 0 or not is_there:
                return data
            if not self.watcher.is_over(attempt):
                await asyncio.sleep(min(pause_s, left))
                pause_s = min(pause_s * 1.3, _CALM_S)

    async def cancel(self, job: Job) -> None:
        """Ask Ray to stop the job, on which its keeper ends all of it."""
        attempt = self._attempt(job)
        if self.watcher.is_over(attempt):
            return
        try:
            answer = await self.api.post(f"/api/jobs/{attempt.name}/stop")
        except RefusedError as exc:
            if exc.status == 404:
                return
            raise self.watcher.refused(exc) from exc
        if answer.get("stopped"):
            attempt.note(stopped=True)

    async def delete(self, job: Job) -> None:
        """Remove Ray's record of an ended job, and what is here of it."""
        attempt = self._attempt(job)
        try:
            await self.api.delete(f"/api/jobs/{attempt.name}")
        except RefusedError as exc:
            if exc.status != 404:
                raise DriverError(
                    f"Ray does not delete the job {attempt.name}: {exc.words}",
                    hint="cancel it first",
                    target=self.context.target,
                    kind=self.kind,
                ) from exc
        attempt.remove()
        self.attempts.forget(job)

    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the runs that Ray knows."""
        found = []
        for info in await self.watcher.jobs():
            mark = str((info.get("metadata") or {}).get(_ray_jobs.METADATA, ""))
            run, _, attempt = mark.partition(" ")
            if run and attempt.isdigit():
                found.append((run, int(attempt)))
        return found

    def rouse(self) -> None:
        """Ask soon, whatever was calm before."""
        self._calm_s = _BRISK_S

    async def close(self) -> None:
        """Close the connections."""
        await self.api.close()
