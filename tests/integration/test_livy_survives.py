"""Runs behind Livy outlive the server, and end as they are told to, in YARN as well."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from clusters.livy import LivyServer, livy_server
from clusters.livy_target import Desk, Play, player, until
from clusters.spark import processes
from clusters.yarn import yarn_cluster

from jupyter_compute.errors import (
    DriverError,
)
from jupyter_compute.model import Job, RunState
from jupyter_compute.testing import make_job, rest, say, write


@pytest.fixture
def play(livy: LivyServer, tmp_path: Path) -> Play:
    """Return what plays a test's coroutine with a target of its own."""
    return player(livy, tmp_path)


# -- what survives -----------------------------------------------------------------------------


def test_a_run_outlives_the_server_and_all_that_was_known_here(
    play: Play, livy: LivyServer, tmp_path: Path
) -> None:
    """Livy is killed and comes back without its batches; whoever submitted is lost as well."""
    go = tmp_path / "go"

    async def begin(desk: Desk) -> Job:
        code = (
            f"import os, time\nprint('begun', flush=True)\nwhile not os.path.exists({str(go)!r}):\n"
        )
        code += "    time.sleep(0.1)\nopen('outputs/left.txt', 'w').write('left')\nprint('done')\n"
        argv = ("{python}", "program.py")
        job = make_job(desk.blobs, files={"program.py": code.encode()}, argv=argv)
        await desk.launch(job)
        await desk.says(job, "begun\n")
        livy.kill()
        # What the folder tells is told; that the server is silent is no news of the run.
        known = await desk.driver.poll([job])
        assert known[job.run_id].state is RunState.RUNNING
        return job

    async def end(desk: Desk, job: Job) -> None:
        assert (await desk.driver.poll([job]))[job.run_id].state is RunState.RUNNING
        assert await desk.driver.list_jobs() == [(job.run_id, 1)]
        go.touch()
        assert (await desk.over(job)).state is RunState.COMPLETED
        assert await desk.text(job) == "begun\ndone\n"
        assert await desk.text(job, "outputs/left.txt") == "left"

    try:
        job = play(begin)
    finally:
        livy.kill()
        livy.start()
    play(lambda desk: end(desk, job), folder=tmp_path / "another")


def test_a_batch_that_livy_forgot_with_all_its_processes_is_told_as_that(
    play: Play, livy: LivyServer
) -> None:
    async def act(desk: Desk) -> None:
        job = await desk.launch(make_job(desk.blobs, say("working\n"), rest(600)))
        await desk.says(job, "working\n")
        livy.kill()
        for pid in livy.processes():
            os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        await asyncio.to_thread(livy.start)
        # The number is given again; it is not ours.
        async with httpx.AsyncClient(headers={"X-Requested-By": "somebody"}) as http:
            body = {"file": f"file://{livy.staging}/none.py", "name": "of somebody else"}
            assert (await http.post(f"{livy.url}/batches", json=body)).json()["id"] == 0
        status = await desk.over(job)
        assert status.state is RunState.FAILED and status.requeue
        assert "no longer knows" in status.error
        assert time.monotonic() - begun > 8
        assert await desk.text(job) == "working\n"
        await desk.driver.delete(job)
        assert await desk.driver.list_jobs() == []

    play(act)


def test_a_run_that_is_canceled_while_it_waits_never_begins(play: Play, livy: LivyServer) -> None:
    async def act(desk: Desk) -> None:
        job = await desk.launch(make_job(desk.blobs, write("outputs/begun", "yes")))
        await desk.driver.cancel(job)
        status = await desk.over(job)
        assert status.state is RunState.CANCELED
        await until(lambda: not livy.processes())
        assert await desk.text(job, "outputs/begun") == ""
        assert await desk.over(job) == status

    play(act)


def test_nothing_is_purged_while_something_runs(play: Play, livy: LivyServer) -> None:
    async def act(desk: Desk) -> None:
        job = await desk.launch(make_job(desk.blobs, say("working\n"), rest(600)))
        await desk.says(job, "working\n")
        with pytest.raises(DriverError, match="active"):
            await desk.driver.purge()
        await desk.driver.cancel(job)
        await desk.over(job)
        await desk.driver.purge()
        await desk.driver.purge()
        assert await desk.driver.list_jobs() == []

    play(act)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_driver_in_yarns_cluster_tells_and_ends_as_well(play: Play, tmp_path: Path) -> None:
    """Where HDInsight runs it; a real YARN takes a minute for it."""
    code = "print(spark.range(1000).count(), sc.master)\nimport time\ntime.sleep(600)"

    async def act(desk: Desk) -> None:
        job = await desk.launch(desk.cell(code))
        assert await desk.says(job, "yarn\n") == "1000 yarn\n"
        events = await desk.text(job, "events")
        assert '"application_' in events and '"spark_ui"' in events
        await desk.driver.cancel(job)
        assert (await desk.over(job)).state is RunState.CANCELED
        await until(lambda: not _containers())

    def _containers() -> list[int]:
        return processes(str(tmp_path / "yarn" / "nm"), "container_")

    (tmp_path / "yarn").mkdir()
    with (
        yarn_cluster(tmp_path / "yarn") as yarn,
        livy_server(tmp_path / "livy", master="yarn", mode="cluster", env=yarn.env) as server,
    ):
        options = {"livy": server.url, "staging": f"file:{server.staging}"}
        play(act, **options, executors=1, driver_memory="512m")
