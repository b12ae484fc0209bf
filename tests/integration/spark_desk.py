"""A target of the kind spark, and what a test does with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from clusters.spark import PYTHON

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.spark import SparkDriver, SparkOptions
from jupyter_compute.model import InputFile, Job, JobStatus
from jupyter_compute.testing import MemoryBlobs, make_job

PATIENCE_S = 300.0


class Desk:
    """A target of the kind, and what a test does with it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.blobs = MemoryBlobs()
        context = DriverContext(target="sp", folder=str(folder / "target"), default_python=PYTHON)
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

    async def run(self, job: Job) -> JobStatus:
        return await self.over(await self.launch(job))

    async def text(self, job: Job, name: str) -> str:
        data = b""
        while piece := await self.driver.read(job, name, len(data)):
            data += piece
        return data.decode()

    async def events(self, job: Job, kind: str) -> list[dict[str, Any]]:
        lines = (await self.text(job, "events")).splitlines()
        return [event for event in map(json.loads, lines) if event["type"] == kind]

    async def until(self, what: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            if found := await what():
                return found
            await asyncio.sleep(0.1)

    def cell(self, code: str, **changes: Any) -> Job:
        texts = {"cell.py": code, "cell.json": "{}"}
        inputs = tuple(
            InputFile(path=path, digest=self.blobs.add(text.encode()), size=len(text.encode()))
            for path, text in texts.items()
        )
        argv = ("{python}", "-m", "jupyter_compute_run.cell")
        return make_job(self.blobs, argv=argv, inputs=inputs, name="a cell", **changes)


Play = Callable[..., Any]


def play_in(folder: Path) -> Play:
    """Return what plays a test's coroutine with a target of its own."""

    def play(act: Callable[[Desk], Awaitable[Any]], **options: Any) -> Any:
        async def whole() -> Any:
            desk = Desk(folder, **options)
            try:
                return await asyncio.wait_for(act(desk), PATIENCE_S)
            finally:
                await desk.driver.close()

        return asyncio.run(whole())

    return play
