"""A target behind Livy, and what tests do with it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._livy_driver import LivyDriver
from jupyter_compute.model import Job, Question

from .desk import PATIENCE_S
from .desk import Desk as SparkDesk
from .livy import LivyServer

PASSWORD = "op3n sesame"
Play = Callable[..., Any]


class Desk(SparkDesk):
    """A target behind Livy, and what a test does with it."""

    def __init__(self, folder: Path, answers: list[str | None], **options: Any) -> None:
        self.asked: list[Question] = []

        async def ask(question: Question) -> str | None:
            self.asked.append(question)
            return answers.pop(0)

        async def reveal(reference: str) -> str:
            return {"env:PASSWORD": PASSWORD, "env:TOKEN": "t0ken"}[reference]

        context = DriverContext(
            target="lv",
            folder=str(folder),
            default_python=sys.executable,
            ask=ask,
            reveal=reveal,
        )
        super().__init__(context, **options)
        way = self.driver.way
        assert isinstance(way, LivyDriver)
        way.judge.silence_s, way.judge.forgotten_s = 4.0, 8.0

    async def says(self, job: Job, words: str, name: str = "log") -> str:
        while True:
            if words in (text := await self.text(job, name)):
                return text
            await self.driver.poll([job], await self.driver.poll([job]), 0.2)


async def until(condition: Callable[[], Any]) -> None:
    while True:
        if await asyncio.to_thread(condition):
            return
        await asyncio.sleep(0.1)


def player(livy: LivyServer, folder: Path) -> Play:
    """Return what plays a test's coroutine with a target of its own, or with one of its folder."""
    staging = livy.staging / folder.name
    staging.mkdir()

    def play(
        act: Callable[[Desk], Awaitable[Any]],
        folder: Path = folder / "target",
        answers: list[str | None] | None = None,
        **options: Any,
    ) -> Any:
        given = {"livy": livy.url, "staging": f"file:{staging}"}
        given["conf"] = {"spark.ui.enabled": "false"}

        async def whole() -> Any:
            desk = Desk(folder, answers or [], **{**given, **options})
            try:
                return await asyncio.wait_for(act(desk), PATIENCE_S)
            finally:
                await desk.driver.close()

        return asyncio.run(whole())

    return play
