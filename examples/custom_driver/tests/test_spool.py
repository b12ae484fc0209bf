"""The kind keeps what every kind promises, and what is particular to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jupyter_compute_spool import SpoolDriver, SpoolOptions, spool

from jupyter_compute.driver import DriverContext
from jupyter_compute.errors import ConfigError, LaunchError
from jupyter_compute.model import RunState
from jupyter_compute.options import read_options
from jupyter_compute.testing import DriverSuite, MemoryBlobs, make_job, rest, say


def make_queue(folder: Path, slots: int = 4) -> dict[str, Any]:
    queue = folder / "a queue"
    assert spool.main(["init", str(queue), "--slots", str(slots)]) == 0
    return {"queue": str(queue)}


class TestDriver(DriverSuite):
    """What every driver does, whatever breaks."""

    driver = SpoolDriver

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return make_queue(folder)


def play(folder: Path, options: SpoolOptions, act: Callable[[SpoolDriver], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        context = DriverContext(
            target="night", folder=str(folder / "target"), default_python=sys.executable
        )
        driver = SpoolDriver(context, options)
        try:
            return await asyncio.wait_for(act(driver), 60)
        finally:
            await driver.close()

    return asyncio.run(whole())


def test_a_folder_that_is_no_queue_is_told_with_what_to_do(tmp_path: Path) -> None:
    options = SpoolOptions(queue=str(tmp_path / "nothing"))

    async def act(driver: SpoolDriver) -> None:
        info = await driver.check()
        assert not info.is_usable
        assert f"spool init {options.queue}" in info.problems[0].remedy
        blobs = MemoryBlobs()
        job = make_job(blobs, say("never\n"))
        await driver.upload(job.digests, blobs)
        with pytest.raises(LaunchError, match="is no queue"):
            await driver.launch(job)

    play(tmp_path, options, act)


def test_a_job_waits_for_its_turn_and_says_so(tmp_path: Path) -> None:
    async def act(driver: SpoolDriver) -> None:
        blobs = MemoryBlobs()
        jobs = [make_job(blobs, rest(600)), make_job(blobs, say("never\n"))]
        for job in jobs:
            await driver.upload(job.digests, blobs)
            await driver.launch(job)
        waiting = (await driver.poll(jobs))[jobs[1].run_id]
        assert (waiting.state, waiting.reason) == (RunState.QUEUED, "waiting: 0 before it")
        for job in reversed(jobs):
            await driver.cancel(job)
        found = await driver.poll(jobs)
        while not all(status.state.is_final for status in found.values()):
            await asyncio.sleep(driver.interval_s)
            found = await driver.poll(jobs)
        assert {status.state for status in found.values()} == {RunState.CANCELED}

    play(tmp_path, SpoolOptions(**make_queue(tmp_path, slots=1)), act)


@pytest.mark.parametrize("given", [{"queue": ""}, {"queue": "-x"}, {"threads": "0"}, {"queu": "q"}])
def test_options_that_make_no_sense_are_refused_by_name(given: dict[str, str]) -> None:
    (name,) = given
    with pytest.raises(ConfigError, match=name):
        read_options(SpoolOptions, given)


def test_a_run_goes_on_when_the_worker_of_its_queue_is_killed(tmp_path: Path) -> None:
    async def act(driver: SpoolDriver) -> None:
        blobs = MemoryBlobs()
        job = make_job(blobs, say("one\n"), rest(0.5), say("two\n"))
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        found = await driver.poll([job])
        while found[job.run_id].state is not RunState.RUNNING:
            await asyncio.sleep(driver.interval_s)
            found = await driver.poll([job])
        os.kill(worker_of(driver.options.queue), signal.SIGKILL)
        while not found[job.run_id].state.is_final:
            await asyncio.sleep(driver.interval_s)
            found = await driver.poll([job])
        assert found[job.run_id].state is RunState.COMPLETED
        assert await driver.read(job, "log", 0) == b"one\ntwo\n"

    play(tmp_path, SpoolOptions(**make_queue(tmp_path)), act)


def worker_of(queue: str) -> int:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            if words[-3:-1] == ["work", queue]:
                return int(path.parent.name)
    raise AssertionError("nobody works there")
