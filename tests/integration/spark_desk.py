"""A target of the kind spark, and what a test does with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from clusters.desk import PATIENCE_S
from clusters.desk import Desk as SparkDesk
from clusters.spark import PYTHON

from jupyter_compute.driver import DriverContext
from jupyter_compute.model import Job, JobStatus


class Desk(SparkDesk):
    """A target of the kind, and what a test does with it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        context = DriverContext(target="sp", folder=str(folder / "target"), default_python=PYTHON)
        super().__init__(context, **options)

    async def run(self, job: Job) -> JobStatus:
        return await self.over(await self.launch(job))

    async def events(self, job: Job, kind: str) -> list[dict[str, Any]]:
        lines = (await self.text(job, "events")).splitlines()
        return [event for event in map(json.loads, lines) if event["type"] == kind]

    async def until(self, what: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            if found := await what():
                return found
            await asyncio.sleep(0.1)


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
