"""Many runs are canceled with few of Slurm's commands."""

from __future__ import annotations

import asyncio
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
    """Hand jobs over that wait for good."""
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


def play(folder: Path, act: Callable[[SlurmDriver], Awaitable[None]]) -> None:
    context = DriverContext(
        target="lab", folder=str(folder / "target"), default_python=sys.executable
    )
    options = SlurmOptions(root=str(folder / "root"), sbatch=("--hold",))

    async def whole() -> None:
        driver = SlurmDriver(context, options)
        try:
            await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()

    asyncio.run(whole())
