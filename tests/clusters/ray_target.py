"""A target on a cluster of Ray, and what a controller does with it."""

from __future__ import annotations

import asyncio
import sys
import time
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.ray import RayDriver
from jupyter_compute.model import Job, JobStatus
from jupyter_compute.testing import MemoryBlobs

T = TypeVar("T")
PATIENCE_S = 150.0


class Target:
    """One target on the cluster, and what a controller does with it."""

    def __init__(self, folder: Path, address: str, **options: Any) -> None:
        self.folder = folder
        self.options = {"address": address, "cpus": 0.1, **options}
        self.secrets = {"env:TOKEN": "right", "env:OTHER": "wrong"}
        self.blobs = MemoryBlobs()

    def driver(self) -> RayDriver:
        async def reveal(reference: str) -> str:
            return self.secrets[reference]

        context = DriverContext(
            target="there",
            folder=str(self.folder / "target"),
            default_python=sys.executable,
            reveal=reveal,
        )
        return RayDriver(context, msgspec.convert(self.options, RayDriver.Options))

    def play(self, act: Callable[[RayDriver], Awaitable[T]]) -> T:
        async def whole() -> T:
            driver = self.driver()
            try:
                return await asyncio.wait_for(act(driver), 2 * PATIENCE_S)
            finally:
                await driver.close()

        return asyncio.run(whole())

    async def launch(self, driver: RayDriver, job: Job) -> Job:
        await driver.upload(job.digests, self.blobs)
        return msgspec.structs.replace(job, job_id=await driver.launch(job))

    def run(self, job: Job) -> tuple[JobStatus, bytes]:
        """Run a job to its end; returns its status and its log."""

        async def act(driver: RayDriver) -> tuple[JobStatus, bytes]:
            launched = await self.launch(driver, job)
            status = await over(driver, launched)
            return status, await driver.read(launched, "log", 0)

        return self.play(act)


async def until(
    driver: RayDriver,
    job: Job,
    reached: Callable[[JobStatus], bool],
    patience_s: float = PATIENCE_S,
) -> JobStatus:
    known: dict[str, JobStatus] = {}
    deadline = time.monotonic() + patience_s
    while True:
        known = await driver.poll([job], known, 2)
        if job.run_id in known and reached(known[job.run_id]):
            return known[job.run_id]
        assert time.monotonic() < deadline, known


async def over(driver: RayDriver, job: Job) -> JobStatus:
    return await until(driver, job, lambda status: status.state.is_final)


def make_wheel(folder: Path, name: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "WORD = 'there'\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tags)
        wheel.writestr(f"{info}/RECORD", "")
    return path.as_uri()
