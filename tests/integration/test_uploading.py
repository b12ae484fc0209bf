"""What a driver on a pipe sends, and how often it asks, as snapshots follow each other."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._agent import Answer
from jupyter_compute.drivers.local import LocalDriver, LocalOptions
from jupyter_compute.errors import DriverError
from jupyter_compute.model import Job, JobStatus, RunState
from jupyter_compute.testing import MemoryBlobs, leave, make_job

PATIENCE_S = 90.0
FILES = {f"data/{number:04d}": b"%d" % number for number in range(600)}


class CountingDriver(LocalDriver):
    def __init__(self, folder: Path) -> None:
        context = DriverContext(
            target="local", folder=str(folder / "target"), default_python=sys.executable
        )
        super().__init__(context, LocalOptions())
        self.asked: list[str] = []
        self.refused: set[str] = set()

    async def _ask(self, head: Mapping[str, Any], **more: Any) -> Answer:
        self.asked.append(head["op"])
        if head["op"] in self.refused:
            # It gets lost on its way: the agent is asked something it does not know.
            head = {**head, "op": "lost"}
        return await super()._ask(head, **more)


def job_of(blobs: MemoryBlobs, files: Mapping[str, bytes]) -> Job:
    job = make_job(blobs, leave(0), files=files)
    others = [digest for digest in job.digests if digest != job.snapshot_id]
    return msgspec.structs.replace(job, digests=(job.snapshot_id, *others))


async def submit(driver: LocalDriver, job: Job, blobs: MemoryBlobs) -> None:
    await driver.upload(job.digests, blobs)
    await driver.launch(job)


async def over(driver: LocalDriver, job: Job) -> JobStatus:
    known: dict[str, JobStatus] = {}
    while job.run_id not in known or not known[job.run_id].state.is_final:
        known = await driver.poll([job], known, 5)
    return known[job.run_id]


def play(folder: Path, act: Callable[[CountingDriver], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        driver = CountingDriver(folder)
        try:
            return await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()

    return asyncio.run(whole())


def test_a_changed_snapshot_is_sent_and_launched_without_a_question(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: CountingDriver) -> None:
        await submit(driver, job_of(blobs, FILES), blobs)
        driver.asked.clear()
        await submit(driver, job_of(blobs, FILES), blobs)
        assert driver.asked == ["launch"]
        driver.asked.clear()
        changed = job_of(blobs, {**FILES, "data/0077": b"new", "more/new": b"x" * 100_000})
        await submit(driver, changed, blobs)
        assert driver.asked == ["patch", "put", "launch"]
        assert (await over(driver, changed)).state is RunState.COMPLETED
        work = tmp_path / "target/runs" / changed.run_id / "1/work"
        assert (work / "data/0077").read_bytes() == b"new"
        assert (work / "data/0078").read_bytes() == FILES["data/0078"]

    play(tmp_path, act)


@pytest.mark.parametrize("lost", ["patch", "put"])
def test_what_got_lost_on_its_way_is_sent_again_by_the_launch(tmp_path: Path, lost: str) -> None:
    blobs = MemoryBlobs()

    async def act(driver: CountingDriver) -> None:
        await submit(driver, job_of(blobs, FILES), blobs)
        changed = job_of(blobs, {**FILES, "data/0077": b"new"})
        driver.refused = {lost}
        await driver.upload(changed.digests, blobs)
        driver.refused = set()
        await driver.launch(changed)
        assert (await over(driver, changed)).state is RunState.COMPLETED

    play(tmp_path, act)


def test_a_target_that_lost_everything_gets_everything_again(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: CountingDriver) -> None:
        first = job_of(blobs, FILES)
        await submit(driver, first, blobs)
        await over(driver, first)
        shutil.rmtree(tmp_path / "target/blobs")
        changed = job_of(blobs, {**FILES, "data/0077": b"new"})
        await submit(driver, changed, blobs)
        assert (await over(driver, changed)).state is RunState.COMPLETED

    play(tmp_path, act)


def test_an_unchanged_snapshot_is_asked_for_by_its_name(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    play(tmp_path, lambda driver: submit(driver, job_of(blobs, FILES), blobs))

    async def act(driver: CountingDriver) -> None:
        heads: list[Mapping[str, Any]] = []
        ask = driver._uploader._call

        async def call(head: Mapping[str, Any], **more: Any) -> Answer:
            heads.append(head)
            return await ask(head, **more)

        driver._uploader._call = call
        job = job_of(blobs, FILES)
        await driver.upload(job.digests, blobs)
        assert heads == [{"op": "missing", "snapshot": job.snapshot_id, "digests": []}]

    play(tmp_path, act)


def test_many_uploads_of_the_same_change_at_once_all_launch(tmp_path: Path) -> None:
    blobs = MemoryBlobs()

    async def act(driver: CountingDriver) -> None:
        await submit(driver, job_of(blobs, FILES), blobs)
        jobs = [job_of(blobs, {**FILES, "data/0077": b"new"}) for _ in range(6)]
        await asyncio.gather(*(submit(driver, job, blobs) for job in jobs))
        for job in jobs:
            assert (await over(driver, job)).state is RunState.COMPLETED

    play(tmp_path, act)


def test_a_launch_without_any_upload_is_refused(tmp_path: Path) -> None:
    job = job_of(MemoryBlobs(), FILES)

    async def act(driver: CountingDriver) -> None:
        with pytest.raises(DriverError, match="not on the target"):
            await driver.launch(job)

    play(tmp_path, act)
