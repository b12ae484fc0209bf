"""Slurm is asked little, however much is asked of us."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from clusters.slurm import Slurm
from msgspec import structs

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.slurm import SlurmDriver, SlurmOptions
from jupyter_compute.errors import TargetUnreachableError
from jupyter_compute.model import Job, RunState
from jupyter_compute.testing import MemoryBlobs, make_job, rest

PATIENCE_S = 90.0
JOBS = 30


@pytest.fixture
def cluster(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    yield slurm
    slurm.commands.heal()
    slurm.cancel_all()


async def launched(driver: SlurmDriver, count: int = JOBS) -> list[Job]:
    """Hand jobs over that go on until they are ended."""
    blobs, jobs = MemoryBlobs(), []
    for _ in range(count):
        job = make_job(blobs, rest(600))
        await driver.upload(job.digests, blobs)
        jobs.append(structs.replace(job, job_id=await driver.launch(job)))
    return jobs


async def canceled(driver: SlurmDriver, jobs: list[Job]) -> None:
    found = await driver.poll(jobs)
    while not all(status.state.is_final for status in found.values()):
        found = await driver.poll(jobs, found, 5)
    assert {status.state for status in found.values()} == {RunState.CANCELED}
    assert len(found) == len(jobs)


def assert_gone(cluster: Slurm) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while any(job.state in ("PENDING", "RUNNING") for job in cluster.jobs()):
        assert time.monotonic() < deadline, cluster.jobs()
        time.sleep(0.05)


def test_what_is_canceled_at_once_is_one_question(cluster: Slurm, tmp_path: Path) -> None:
    async def act(driver: SlurmDriver) -> None:
        jobs = await launched(driver)
        cluster.commands.forget()
        await asyncio.gather(*(driver.cancel(job) for job in jobs))
        assert len(cluster.commands.calls("scancel")) <= JOBS / 3
        await canceled(driver, jobs)

    play(tmp_path, act)
    assert_gone(cluster)


def test_a_job_whose_number_is_not_known_is_canceled_by_its_name(
    cluster: Slurm, tmp_path: Path
) -> None:
    async def act(driver: SlurmDriver) -> None:
        jobs = [structs.replace(job, job_id="") for job in await launched(driver, 3)]
        await asyncio.gather(*(driver.cancel(job) for job in jobs))
        await canceled(driver, jobs)

    play(tmp_path, act)
    assert_gone(cluster)


def test_whoever_cancels_hears_that_slurm_gave_no_answer(cluster: Slurm, tmp_path: Path) -> None:
    async def act(driver: SlurmDriver) -> None:
        jobs = await launched(driver, 3)
        with cluster.commands.failing("scancel"):
            told = await asyncio.gather(
                *(driver.cancel(job) for job in jobs), return_exceptions=True
            )
        assert {type(one) for one in told} == {TargetUnreachableError}
        await asyncio.gather(*(driver.cancel(job) for job in jobs))
        await canceled(driver, jobs)

    play(tmp_path, act)


def test_questions_that_are_taken_back_are_not_asked_anew(cluster: Slurm, tmp_path: Path) -> None:
    async def act(driver: SlurmDriver) -> None:
        jobs = await launched(driver, 2)
        cluster.commands.forget()
        with cluster.commands.hanging("squeue"):
            for _ in range(10):
                # As when there is one run more to ask about.
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(driver.poll(jobs), 0.3)
            assert len(cluster.commands.calls("squeue")) == 1
        states = set()
        while states != {RunState.QUEUED}:
            with contextlib.suppress(TargetUnreachableError):
                states = {status.state for status in (await driver.poll(jobs, {}, 5)).values()}

    play(tmp_path, act)


def test_an_end_is_told_while_slurm_takes_its_time(cluster: Slurm, tmp_path: Path) -> None:
    async def act(driver: SlurmDriver) -> None:
        (job,) = await launched(driver, 1)
        found = await driver.poll([job])
        while found[job.run_id].state is not RunState.RUNNING:
            found = await driver.poll([job], found, 5)
        cluster.commands.forget()
        with cluster.commands.hanging("squeue"):
            while not cluster.commands.calls("squeue"):
                await driver.poll([job], found, 0.5)
            await driver.cancel(job)
            await canceled(driver, [job])
            # It has not been given up either.
            assert len(cluster.commands.calls("squeue")) == 1

    play(tmp_path, act, is_held=False)


def play(
    folder: Path, act: Callable[[SlurmDriver], Awaitable[None]], *, is_held: bool = True
) -> None:
    """Play with a driver whose jobs wait for good, or begin."""
    context = DriverContext(
        target="lab", folder=str(folder / "target"), default_python=sys.executable
    )
    options = SlurmOptions(root=str(folder / "root"), sbatch=("--hold",) if is_held else ())

    async def whole() -> None:
        driver = SlurmDriver(context, options)
        try:
            await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()

    asyncio.run(whole())
