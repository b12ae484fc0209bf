"""Spark as a target: by ``spark-submit`` on a host, or by a Livy server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, ClassVar

from msgspec import Struct

from ..driver import BlobSource, Driver, DriverContext
from ..model import Digest, Job, JobStatus, RunId, TargetInfo
from ._spark_options import SparkOptions
from ._spark_submit import SubmitDriver

if TYPE_CHECKING:
    from ._livy_driver import LivyDriver

__all__ = ["SparkDriver", "SparkOptions"]


class SparkDriver(Driver):
    """Runs jobs on Spark: everything is done by the way there that the options name.

    Attributes:
        way: The driver that does it.
    """

    kind: ClassVar[str] = "spark"
    title: ClassVar[str] = "Spark"
    asks: ClassVar[bool] = True
    Options: ClassVar[type[Struct]] = SparkOptions

    def __init__(self, context: DriverContext, options: SparkOptions) -> None:
        self.way: Driver = _way(options)(context, options)

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the master and who submits to it, or the Livy server."""
        assert isinstance(options, SparkOptions)
        return _way(options).resource_id(options)

    async def check(self) -> TargetInfo:
        """Find out what is there, and everything that is wrong at once."""
        return await self.way.check()

    async def measure(self) -> TargetInfo:
        """Find out how much can run there."""
        return await self.way.measure()

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Bring the blobs there that are missing."""
        await self.way.upload(digests, blobs)

    async def launch(self, job: Job) -> str:
        """Submit the job."""
        return await self.way.launch(job)

    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask about all jobs at once."""
        return await self.way.poll(jobs, known, wait_s)

    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read some bytes of a file of the run."""
        return await self.way.read(job, name, offset, wait_s)

    async def cancel(self, job: Job) -> None:
        """Ask the job to end, with its driver and its executors."""
        await self.way.cancel(job)

    async def delete(self, job: Job) -> None:
        """Remove what is kept there of an ended job."""
        await self.way.delete(job)

    async def purge(self) -> None:
        """Remove everything of ours there."""
        await self.way.purge()

    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the runs that are known there."""
        return await self.way.list_jobs()

    def rouse(self) -> None:
        """Doubt what is open."""
        self.way.rouse()

    def take_over(self, other: Driver) -> None:
        """Take the open connection of another driver of the same place."""
        if isinstance(other, SparkDriver):
            self.way.take_over(other.way)

    async def close(self) -> None:
        """Let go of connections. Jobs go on."""
        await self.way.close()


def _way(options: SparkOptions) -> type[SubmitDriver] | type[LivyDriver]:
    if not options.livy:
        return SubmitDriver
    from ._livy_driver import LivyDriver  # noqa: PLC0415 - it brings an HTTP client

    return LivyDriver
