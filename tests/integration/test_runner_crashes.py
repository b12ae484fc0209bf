"""The agent is killed at every step it takes; nothing is lost, and nothing happens twice."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import dying_agent
import pytest

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers import _package
from jupyter_compute.drivers._agent import Pipe
from jupyter_compute.drivers._host import LocalHost, ProcessPipe
from jupyter_compute.drivers.local import LocalDriver, LocalOptions
from jupyter_compute.errors import TargetUnreachableError
from jupyter_compute.model import Job, RunState
from jupyter_compute.runner.blobs import SMALL
from jupyter_compute.testing import MemoryBlobs, leave, make_job, rest, say, write

PATIENCE_S = 90.0
MOST_STEPS = 80


class DyingHost(LocalHost):
    """This machine, whose first agent dies at a step of an operation."""

    def __init__(self, host: LocalHost, operation: str, last: int) -> None:
        super().__init__(host.python, host.folder)
        self.operation, self.last = operation, last
        self.opened = 0

    async def open_pipe(self) -> Pipe:
        self.opened += 1
        if self.opened > 1:
            return await super().open_pipe()
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self.python,
            *("-I", "-S", dying_agent.__file__),
            *(str(_package.place(self.folder)), self.operation, str(self.last)),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
        )
        return ProcessPipe(process)


def make_driver(folder: Path, options: LocalOptions | None = None) -> LocalDriver:
    context = DriverContext(
        target="local", folder=str(folder / "target"), default_python=sys.executable
    )
    return LocalDriver(context, options or LocalOptions())


def at_every_step(
    folder: Path,
    operation: str,
    act: Callable[[LocalDriver], Awaitable[None]],
    stride: int = 1,
) -> None:
    """Do something with an agent that dies at its first step, its second, … until it lives."""

    async def once(last: int) -> bool:
        driver = make_driver(folder)
        host = driver.host = DyingHost(driver.host, operation, last)  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()
        return host.opened > 1

    steps = 1
    while asyncio.run(once(steps)):
        steps += stride
        assert steps < MOST_STEPS
    assert steps > 2, "it never died"


async def over(driver: LocalDriver, job: Job) -> RunState:
    known = {}
    while True:
        known = await asyncio.wait_for(driver.poll([job], known, 5), PATIENCE_S)
        if job.run_id in known and known[job.run_id].state.is_final:
            return known[job.run_id].state


def test_a_launch_is_one_launch_whenever_the_agent_dies(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: LocalDriver) -> None:
        job = make_job(blobs, say("once\n"))
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        assert await over(driver, job) is RunState.COMPLETED
        assert await driver.read(job, "log", 0) == b"once\n"

    at_every_step(tmp_path, "launch", act)


@pytest.mark.parametrize("size", [10, SMALL + 10])
def test_an_upload_is_whole_whenever_the_agent_dies(tmp_path: Path, size: int) -> None:
    blobs = MemoryBlobs()

    async def act(driver: LocalDriver) -> None:
        data = os.urandom(size)
        job = make_job(blobs, leave(0), files={"data": data, "more": b"more" + data[:9]})
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        assert await over(driver, job) is RunState.COMPLETED
        work = Path(driver.root()) / "runs" / job.run_id / "1/work"
        assert (work / "data").read_bytes() == data

    at_every_step(tmp_path, "put", act, stride=2 if size < SMALL else 5)


def test_a_cancel_cancels_whenever_the_agent_dies(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: LocalDriver) -> None:
        job = make_job(blobs, say("on\n"), rest(600))
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        await asyncio.wait_for(driver.read(job, "log", 0, 60), PATIENCE_S)
        await driver.cancel(job)
        assert await over(driver, job) is RunState.CANCELED

    at_every_step(tmp_path, "cancel", act, stride=2)


def test_a_delete_deletes_whenever_the_agent_dies(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: LocalDriver) -> None:
        job = make_job(blobs, write("outputs/x", "x"))
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        await over(driver, job)
        await driver.delete(job)
        assert (job.run_id, 1) not in await driver.list_jobs()
        assert await driver.poll([job]) == {}

    at_every_step(tmp_path, "delete", act)


def test_a_collection_loses_nothing_that_is_needed_whenever_it_dies(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: LocalDriver) -> None:
        driver.blobs_limit_bytes = 0
        job = make_job(blobs, say("done\n"), files={"data": os.urandom(1000)})
        await driver.upload(job.digests, blobs)
        await driver.collect(job.digests)
        await driver.launch(job)
        assert await over(driver, job) is RunState.COMPLETED

    at_every_step(tmp_path, "gc", act, stride=2)


def test_runs_and_logs_are_whole_while_agents_are_killed_at_random(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    chance = random.Random(7)
    text = "".join(f"line {number}\n" for number in range(30))

    async def follow(driver: LocalDriver, number: int) -> None:
        steps = [step for line in text.splitlines(True) for step in (say(line), rest(0.02))]
        job = make_job(blobs, *steps, files={"data": b"%d" % number * SMALL})
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        log = b""
        while data := await driver.read(job, "log", len(log), 60):
            log += data
        assert log == text.encode()
        assert await over(driver, job) is RunState.COMPLETED

    async def act() -> None:
        driver = make_driver(tmp_path)
        following = [asyncio.ensure_future(again(driver, number)) for number in range(6)]
        for _ in range(25):
            await asyncio.sleep(chance.uniform(0.02, 0.15))
            if driver.agent is not None:
                pipe = driver.agent.pipe
                assert isinstance(pipe, ProcessPipe)
                with contextlib.suppress(ProcessLookupError):
                    pipe.process.kill()
        await asyncio.gather(*following)
        await driver.close()

    async def again(driver: LocalDriver, number: int) -> None:
        await follow(Stubborn(driver), number)  # type: ignore[arg-type]

    asyncio.run(asyncio.wait_for(act(), 2 * PATIENCE_S))


class Stubborn:
    """A driver whose calls are made again until there is an answer, as the controller does."""

    def __init__(self, driver: LocalDriver) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        async def call(*args: object) -> object:
            while True:
                try:
                    return await getattr(self._driver, name)(*args)
                except TargetUnreachableError:
                    await asyncio.sleep(0.01)

        return call


def test_blobs_that_another_collected_are_sent_again(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act() -> None:
        driver, other = make_driver(tmp_path), make_driver(tmp_path)
        other.blobs_limit_bytes = 0
        job = make_job(blobs, say("done\n"))
        await driver.upload(job.digests, blobs)
        assert await other.collect() > 0
        await driver.launch(job)
        assert await over(driver, job) is RunState.COMPLETED
        await driver.close()
        await other.close()

    asyncio.run(act())


def test_two_drivers_send_the_same_large_blob_at_once(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    digest = blobs.add(os.urandom(4_000_000))

    async def act() -> None:
        drivers = [make_driver(tmp_path) for _ in range(3)]
        await asyncio.gather(*(driver.upload([digest], blobs) for driver in drivers))
        for driver in drivers:
            await driver.close()

    asyncio.run(asyncio.wait_for(act(), PATIENCE_S))
    stored = tmp_path / "target/blobs/large" / digest[:2] / digest
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == digest
