"""Whoever dies while a run goes to Livy, and whatever Livy is like, the run runs once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters.fake_livy import FakeLivy

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._livy_driver import LivyDriver
from jupyter_compute.drivers.spark import SparkOptions
from jupyter_compute.errors import LaunchError, TargetUnreachableError
from jupyter_compute.model import Job, JobStatus, Resources, RunState, Secret
from jupyter_compute.testing import MemoryBlobs, leave, make_job, rest, say

PATIENCE_S = 60.0


class KilledError(BaseException):
    """The controller is killed here."""


class Dying:
    """Does what another does, and dies just after, or just before, its nth call."""

    def __init__(self, other: Any, calls: list[int], is_after: bool) -> None:
        self._other = other
        self._calls = calls
        self._is_after = is_after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._other, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._calls[0] -= 1
            if self._calls[0] == 0 and not self._is_after:
                raise KilledError
            answer = await found(*args, **kwargs)
            if self._calls[0] == 0:
                raise KilledError
            return answer

        return call


@pytest.fixture
def livy() -> Iterator[FakeLivy]:
    with FakeLivy().running() as fake:
        yield fake


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    path = tmp_path / "staging"
    path.mkdir()
    return path


def make(livy: FakeLivy, staging: Path, folder: Path, **options: Any) -> LivyDriver:
    context = DriverContext(target="lv", folder=str(folder), default_python=sys.executable)
    given = {"livy": livy.url, "staging": f"file:{staging}", **options}
    driver = LivyDriver(context, SparkOptions(**given))
    driver.judge.silence_s, driver.judge.forgotten_s = 3.0, 5.0
    return driver


def play(act: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(act(), PATIENCE_S))


async def over(driver: LivyDriver, job: Job) -> JobStatus:
    known: dict[str, JobStatus] = {}
    while job.run_id not in known or not known[job.run_id].state.is_final:
        known = await driver.poll([job], known, 5)
    return known[job.run_id]


@pytest.mark.parametrize(("tells_names", "is_after"), [(True, True), (False, False)])
def test_a_run_runs_once_wherever_its_controller_is_killed(
    livy: FakeLivy, staging: Path, tmp_path: Path, tells_names: bool, is_after: bool
) -> None:
    """Before or after each call that leaves the process, with and without names of batches."""
    livy.tells_names = tells_names

    async def act() -> None:
        blobs = MemoryBlobs()
        jobs = []
        for number in range(1, 100):
            job = make_job(blobs, say("once\n"), leave(number % 3))
            calls = [number]
            dying = make(livy, staging, tmp_path / f"{number}")
            dying._staging = Dying(dying.staging, calls, is_after)
            dying.client = Dying(dying.client, calls, is_after)
            try:
                await dying.upload(job.digests, blobs)
                await dying.launch(job)
            except KilledError:
                pass
            is_dead, calls[0] = calls[0] <= 0, -1
            next_one = make(livy, staging, tmp_path / f"{number}")
            await next_one.upload(job.digests, blobs)
            await next_one.launch(job)
            jobs.append((next_one, job, number % 3))
            await dying.close()
            if not is_dead:
                break
        assert len(jobs) > 8
        for driver, job, code in jobs:
            status = await over(driver, job)
            assert status.exit_code == code, (status, jobs.index((driver, job, code)))
            assert await driver.read(job, "log", 0) == b"once\n"
            await driver.close()

    play(act)


def test_many_runs_are_followed_by_few_requests(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    """Among many batches of others, which the server lists in small pages."""
    livy.largest_page = 20
    livy.add("of somebody else", 130)

    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(livy, staging, tmp_path)
        jobs = [make_job(blobs, say("x\n"), rest(1.0)) for _ in range(8)]
        for job in jobs:
            await driver.upload(job.digests, blobs)
            await driver.launch(job)
        livy.requests.clear()
        first = await driver.poll(jobs)
        assert set(first) == {job.run_id for job in jobs}
        assert len(livy.requests) == 7
        for job in jobs:
            assert (await over(driver, job)).state is RunState.COMPLETED
        assert await driver.client.find("of somebody else 129") is not None
        livy.requests.clear()
        assert len(await driver.poll(jobs)) == 8
        assert livy.requests == []
        await driver.close()

    play(act)


def test_a_server_that_is_busy_is_asked_again(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    livy.refuses = [(400, "Rejected, too many sessions are being created!"), (503, "away")]

    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(livy, staging, tmp_path)
        job = make_job(blobs, say("once\n"))
        await driver.upload(job.digests, blobs)
        for words in ("too many sessions", "away"):
            with pytest.raises(TargetUnreachableError, match=words):
                await driver.launch(job)
        await driver.launch(job)
        assert (await over(driver, job)).state is RunState.COMPLETED
        await driver.close()

    play(act)


def test_a_word_that_livy_is_not_known_to_say_means_nothing(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(livy, staging, tmp_path)
        job = make_job(blobs, rest(0.5), say("once\n"))
        await driver.upload(job.digests, blobs)
        number = int(await driver.launch(job))
        livy.states[number] = "meditating"
        status = (await driver.poll([job]))[job.run_id]
        assert not status.state.is_final
        assert (await over(driver, job)).state is RunState.COMPLETED
        # Not even that it died is true of a run that tells otherwise.
        job = make_job(blobs, say("go\n"), rest(5.0), say("done\n"))
        await driver.upload(job.digests, blobs)
        number = int(await driver.launch(job))
        while not await driver.read(job, "log", 0, 1):
            pass
        livy.states[number] = "dead"
        assert (await over(driver, job)).state is RunState.COMPLETED
        await driver.close()

    play(act)


def test_a_forgotten_batch_goes_on_as_long_as_it_is_heard_of(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(livy, staging, tmp_path)
        job = make_job(blobs, say("go\n"), rest(7.0), say("done\n"))
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        while not await driver.read(job, "log", 0, 1):
            pass
        driver.judge.leisure_s = 0.5
        livy.forget()
        livy.add("of somebody else")
        reasons = set()
        while not (status := (await driver.poll([job]))[job.run_id]).state.is_final:
            reasons.add(status.reason)
            await asyncio.sleep(0.1)
        assert "Livy has forgotten it, and it goes on" in reasons
        assert (status.state, status.exit_code) == (RunState.COMPLETED, 0)
        assert await driver.read(job, "log", 0) == b"go\ndone\n"
        await driver.close()

    play(act)


def test_what_is_asked_for_reaches_livy_and_secrets_do_not(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(
            livy,
            staging,
            tmp_path,
            conf={"spark.color": "blue"},
            jars=("hdfs:///a.jar",),
            py_files=("hdfs:///b.zip",),
            packages=("org.a:b:1",),
            queue="night",
            proxy_user="ann",
            executor_memory="2g",
            executor_cores=3,
        )
        resources = Resources(nodes=2, processes_per_node=2, cpus=1.5, memory_gb=1.5)
        secret = {"KEY": Secret("op3n")}
        job = make_job(blobs, say("x\n"), resources=resources, secret_env=secret)
        await driver.upload(job.digests, blobs)
        number = int(await driver.launch(job))
        body = livy.batches[number]["body"]
        told = {name: body[name] for name in body if name not in ("file", "args", "conf", "name")}
        assert told == {
            "pyFiles": ["hdfs:///b.zip"],
            "jars": ["hdfs:///a.jar"],
            "queue": "night",
            "proxyUser": "ann",
            "driverMemory": "1536m",
            "driverCores": 2,
            "executorMemory": "2g",
            "executorCores": 3,
            "numExecutors": 4,
        }
        assert body["name"] == f"{job.run_id}-1"
        assert body["conf"]["spark.color"] == "blue"
        assert body["conf"]["spark.jars.packages"] == "org.a:b:1"
        assert "op3n" not in str(body)
        await over(driver, job)
        await driver.close()

    play(act)
    files = [path for path in staging.rglob("*") if path.is_file()]
    assert not [path for path in files if path.name == "pad" or b"op3n" in path.read_bytes()]


def test_a_refusal_is_told_and_the_next_try_begins_anew(
    livy: FakeLivy, staging: Path, tmp_path: Path
) -> None:
    livy.refuses = [(400, "requirement failed: queue night is closed"), (500, "boom")]

    async def act() -> None:
        blobs = MemoryBlobs()
        driver = make(livy, staging, tmp_path)
        job = make_job(blobs, say("once\n"))
        await driver.upload(job.digests, blobs)
        for words in ("queue night is closed", "boom"):
            with pytest.raises(LaunchError, match=words):
                await driver.launch(job)
            assert await driver.poll([job]) == {}
        await driver.launch(job)
        assert (await over(driver, job)).state is RunState.COMPLETED
        await driver.close()

    play(act)
