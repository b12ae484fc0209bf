"""Whatever dies of a cluster, of the way to it or of ours: no run is lost, and none runs twice."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from clusters.ray import RayCluster
from clusters.ray_target import PATIENCE_S, Target, over, until

from jupyter_compute.drivers.ray import RayDriver
from jupyter_compute.errors import TargetUnreachableError
from jupyter_compute.model import Job, JobStatus, RunState
from jupyter_compute.testing import leave, make_job, rest, say, tell, write


@pytest.fixture
def cluster(ray_cluster: RayCluster) -> RayCluster:
    return ray_cluster


@pytest.fixture
def target(cluster: RayCluster, tmp_path: Path) -> Target:
    return Target(tmp_path, cluster.address)


LINES = 60


def talkative(target: Target, **changes: Any) -> Job:
    steps = [step for n in range(LINES) for step in (say(f"{n}\n"), rest(0.05))]
    return make_job(target.blobs, *steps, write("outputs/model", "weights"), **changes)


WHOLE = "".join(f"{n}\n" for n in range(LINES)).encode()


class Killed(BaseException):
    """The controller was killed: nothing of it goes on, and nothing is tidied up."""


def test_a_controller_killed_after_every_call_loses_and_doubles_nothing(target: Target) -> None:
    job = make_job(
        target.blobs,
        say("one\n"),
        tell({"type": "metric", "name": "loss", "value": 1}),
        rest(1),
        say("two\n"),
        write("outputs/model", "weights"),
        leave(3),
    )

    async def live(calls: int) -> tuple[JobStatus, bytes]:
        driver = target.driver()
        send, left = driver.api._send, calls

        async def counted(*args: Any, **rest: Any) -> Any:
            nonlocal left
            answer = await send(*args, **rest)
            left -= 1
            if not left:
                raise Killed
            return answer

        driver.api._send = counted  # type: ignore[method-assign]
        try:
            launched = await target.launch(driver, job)
            status = await over(driver, launched)
            return status, await driver.read(launched, "log", 0)
        finally:
            await driver.close()

    for calls in range(1, 200):
        try:
            status, log = asyncio.run(live(calls))
            break
        except Killed:
            continue
    assert (status.state, status.exit_code, log) == (RunState.FAILED, 3, b"one\ntwo\n")
    assert calls > 8


def test_a_cut_wire_delays_and_loses_nothing(target: Target, cluster: RayCluster) -> None:
    async def act(driver: RayDriver) -> tuple[JobStatus, bytes, bytes]:
        driver.api.answer_s = 1.0
        job = await target.launch(driver, talkative(target))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        cluster.link.cut()
        try:
            with pytest.raises(TargetUnreachableError, match="no answer"):
                for _ in range(100):
                    await driver.poll([job])
        finally:
            cluster.link.heal()
        status = await over(driver, job)
        return status, await driver.read(job, "log", 0), await driver.read(job, "outputs/model", 0)

    status, log, output = target.play(act)
    assert (status.state, log, output) == (RunState.COMPLETED, WHOLE, b"weights")


def test_a_dashboard_that_is_killed_and_started_again_loses_nothing(
    target: Target, cluster: RayCluster
) -> None:
    async def act(driver: RayDriver) -> tuple[JobStatus, bytes]:
        job = await target.launch(driver, talkative(target))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        argv = cluster.kill_dashboard()
        with pytest.raises(TargetUnreachableError):
            for _ in range(100):
                await driver.poll([job])
        await asyncio.to_thread(cluster.start_dashboard, argv)
        return await patiently(driver, job), await driver.read(job, "log", 0)

    status, log = target.play(act)
    assert (status.state, log) == (RunState.COMPLETED, WHOLE)


def test_a_run_whose_node_is_killed_is_lost_and_may_be_started_again(
    target: Target, cluster: RayCluster
) -> None:
    node = cluster.start_node(resources='{"spot": 1}')
    target.options["resources"] = {"spot": 1}

    async def act(driver: RayDriver) -> tuple[JobStatus, bytes, JobStatus]:
        job = await target.launch(driver, make_job(target.blobs, say("on\n"), rest(600)))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        cluster.kill_node(node)
        status = await patiently(driver, job)
        log = await driver.read(job, "log", 0)
        await asyncio.to_thread(cluster.start_node, resources='{"spot": 1}')
        second = make_job(target.blobs, leave(0), run_id=job.run_id, attempt=2)
        return status, log, await patiently(driver, await target.launch(driver, second))

    lost, log, again = target.play(act)
    assert lost.state is RunState.FAILED and lost.requeue and "node" in lost.error
    assert log.startswith(b"on\n")
    assert again.state is RunState.COMPLETED
    cluster.until(lambda: not cluster.processes_of("job.py"), "what ran there goes on")


def test_a_head_that_was_restarted_without_a_memory_has_forgotten_its_jobs(
    target: Target, cluster: RayCluster
) -> None:
    async def act(driver: RayDriver) -> tuple[JobStatus, JobStatus, bytes, JobStatus]:
        driver.watcher.linger_s = 1.0
        told = await target.launch(driver, make_job(target.blobs, say("told\n"), leave(3)))
        before = await over(driver, told)
        job = await target.launch(driver, make_job(target.blobs, say("on\n"), rest(600)))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        await asyncio.to_thread(cluster.kill_head)
        await asyncio.to_thread(cluster.start_head)
        forgotten = await patiently(driver, job)
        # What was heard before is known whatever Ray remembers.
        assert (await driver.poll([told]))[told.run_id] == before
        second = make_job(target.blobs, leave(0), run_id=job.run_id, attempt=2)
        again = await patiently(driver, await target.launch(driver, second))
        return before, forgotten, await driver.read(job, "log", 0), again

    before, forgotten, log, again = target.play(act)
    assert before.exit_code == 3
    assert forgotten.state is RunState.FAILED and forgotten.requeue
    assert "forgotten" in forgotten.error and log.startswith(b"on\n")
    assert again.state is RunState.COMPLETED


async def patiently(driver: RayDriver, job: Job) -> JobStatus:
    """Wait for the end of a job while its cluster may be away."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await over(driver, job)
        except TargetUnreachableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
