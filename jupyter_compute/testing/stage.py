"""One target, its drivers and its jobs, for the cases of the driver suite."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypeVar

import msgspec
import pytest

from ..driver import Driver, DriverContext
from ..errors import TargetFullError
from ..model import Digest, Job, JobStatus
from .jobs import MemoryBlobs, make_job

T = TypeVar("T")

LONG_S = 600.0
"""How long a job rests that a test ends itself."""


class Subject:
    """The kind under test.

    Attributes:
        driver: The kind under test.
        options: The options of the target under test.
        patience_s: How long anything may take; only a broken driver makes a test wait for it.
    """

    driver: ClassVar[type[Driver]]
    options: ClassVar[Mapping[str, Any]] = {}
    patience_s: ClassVar[float] = 90.0

    # -- what a kind may say otherwise ---------------------------------------------------------

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        """Return the options of the target; override it when they need a folder."""
        return self.options

    def make_driver(self, folder: Path) -> Driver:
        """Make a driver; those of one folder are of one target."""
        context = DriverContext(
            target="suite", folder=str(folder / "target"), default_python=sys.executable
        )
        options = msgspec.convert(dict(self.target_options(folder)), self.driver.Options)
        return self.driver(context, options)  # type: ignore[call-arg]

    async def interrupt(self, driver: Driver) -> None:
        """Break what connects the driver with its target, without a word; nothing by default."""

    # -- help for the tests --------------------------------------------------------------------

    @pytest.fixture
    def play(self, tmp_path: Path) -> Callable[[Callable[[Stage], Awaitable[T]]], T]:
        """Return what runs a test's coroutine with a stage of its own."""

        def play(act: Callable[[Stage], Awaitable[T]]) -> T:
            async def whole() -> T:
                stage = Stage(self, tmp_path)
                try:
                    return await act(stage)
                finally:
                    await stage.clear()

            return asyncio.run(whole())

        return play


class CountingBlobs(MemoryBlobs):
    """Blobs that remember which of them were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Digest] = []

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading, and remember it."""
        self.opened.append(digest)
        return super().open(digest)


class Stage:
    """One target, its drivers and the jobs of one test; all of them are ended with it."""

    def __init__(self, suite: Subject, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.blobs = MemoryBlobs()
        self.drivers: list[Driver] = []
        self.jobs: list[Job] = []
        self.driver = self.another()

    def another(self) -> Driver:
        """Make one more driver of the same target."""
        self.drivers.append(self.suite.make_driver(self.folder))
        return self.drivers[-1]

    def job(
        self,
        *steps: Any,
        files: Mapping[str, bytes] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Job:
        """Make a job that takes the steps."""
        self.jobs.append(make_job(self.blobs, *steps, files=files, **(changes or {})))
        return self.jobs[-1]

    async def launch(self, *steps: Any, **changes: Any) -> Job:
        """Upload and launch a job that takes the steps."""
        job = self.job(*steps, **changes)
        await self.within(self.driver.upload(job.digests, self.blobs))
        await self.start(job)
        return job

    async def start(self, job: Job) -> str:
        """Launch a job whose blobs are there, as soon as the engine takes it."""
        deadline = time.monotonic() + self.suite.patience_s
        while True:
            try:
                return await self.within(self.driver.launch(job))
            except TargetFullError:
                assert time.monotonic() < deadline, "the engine takes no job"
                await asyncio.sleep(0.2)

    async def over(self, job: Job, driver: Driver | None = None) -> JobStatus:
        """Wait until a job is over."""
        driver = driver or self.driver
        known: dict[str, JobStatus] = {}
        deadline = time.monotonic() + self.suite.patience_s
        while time.monotonic() < deadline:
            known = await self.within(driver.poll([job], known, 5))
            if job.run_id in known and known[job.run_id].state.is_final:
                return known[job.run_id]
            await asyncio.sleep(driver.interval_s)
        raise AssertionError(f"the job is not over: {known}")

    async def whole(self, job: Job, name: str) -> bytes:
        """Read a file of a run to its end as it is now."""
        data = b""
        while piece := await self.within(self.driver.read(job, name, len(data))):
            data += piece
        return data

    async def text(self, job: Job, log: bytes) -> None:
        """Wait until the log holds something."""
        deadline = time.monotonic() + self.suite.patience_s
        data = b""
        while log not in data:
            assert time.monotonic() < deadline, data
            data += await self.within(self.driver.read(job, "log", len(data), 5))

    async def within(self, call: Awaitable[T]) -> T:
        """Wait for a call, which a test's patience bounds."""
        return await asyncio.wait_for(call, self.suite.patience_s)

    async def clear(self) -> None:
        """End every job and close every driver."""
        ended: Collection[Job] = []
        try:
            found = await self.within(self.driver.poll(self.jobs))
            ended = [job for job in self.jobs if job.run_id in found]
            for job in ended:
                await self.driver.cancel(job)
        finally:
            for driver in self.drivers:
                await driver.close()
