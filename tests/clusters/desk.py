"""A target of the kind spark, whichever way there, and what a test does with it."""

from __future__ import annotations

from typing import Any

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.spark import SparkDriver, SparkOptions
from jupyter_compute.model import InputFile, Job, JobStatus
from jupyter_compute.testing import MemoryBlobs, make_job

PATIENCE_S = 300.0


class Desk:
    """Hands jobs to a driver of its own, and reads what comes of them."""

    def __init__(self, context: DriverContext, **options: Any) -> None:
        self.blobs = MemoryBlobs()
        self.driver = SparkDriver(context, SparkOptions(**options))

    async def launch(self, job: Job) -> Job:
        await self.driver.upload(job.digests, self.blobs)
        await self.driver.launch(job)
        return job

    async def over(self, job: Job) -> JobStatus:
        known: dict[str, JobStatus] = {}
        while job.run_id not in known or not known[job.run_id].state.is_final:
            known = await self.driver.poll([job], known, 5)
        return known[job.run_id]

    async def text(self, job: Job, name: str = "log") -> str:
        data = b""
        while piece := await self.driver.read(job, name, len(data)):
            data += piece
        return data.decode()

    def cell(self, code: str, **changes: Any) -> Job:
        texts = {"cell.py": code, "cell.json": "{}"}
        inputs = tuple(
            InputFile(path=path, digest=self.blobs.add(text.encode()), size=len(text.encode()))
            for path, text in texts.items()
        )
        argv = ("{python}", "-m", "jupyter_compute_run.cell")
        return make_job(self.blobs, argv=argv, inputs=inputs, name="a cell", **changes)
