"""A cluster of Ray passes the suites that every kind passes, and does what only Ray does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from clusters.gate import Gate
from clusters.ray import RayCluster
from clusters.ray_target import PATIENCE_S, Target, make_wheel, over, until

from jupyter_compute.driver import Driver
from jupyter_compute.drivers.ray import RayDriver
from jupyter_compute.errors import (
    AuthenticationError,
    ConfigError,
    DriverError,
    LaunchError,
    TargetUnreachableError,
)
from jupyter_compute.model import (
    JobStatus,
    PackagesEnvironment,
    Resources,
    RunState,
    Secret,
)
from jupyter_compute.testing import (
    DriverSuite,
    JobSuite,
    leave,
    make_job,
    rest,
    say,
    write,
)


@pytest.fixture
def cluster(ray_cluster: RayCluster) -> RayCluster:
    return ray_cluster


class OnCluster:
    driver = RayDriver
    patience_s = PATIENCE_S
    cluster: RayCluster

    @pytest.fixture(autouse=True)
    def _arrive(self, cluster: RayCluster) -> None:
        self.cluster = cluster

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {"address": self.cluster.address, "cpus": 0.1}


class Interrupted(OnCluster, DriverSuite):
    async def interrupt(self, driver: Driver) -> None:
        """Lose the connections."""
        assert isinstance(driver, RayDriver)
        await driver.api.close()


@pytest.mark.long
class TestWholeSuite(Interrupted):
    pass


@pytest.mark.long
class TestWholeJobs(OnCluster, JobSuite):
    pass


class TestSuite(Interrupted):
    """What is Ray's own about it: each job of Ray takes seconds."""


class TestJobs(OnCluster, JobSuite):
    """What a user sees, with a controller in between."""


_OFTEN = (
    *("making_a_driver", "check_says", "only_what_is_missing", "blobs_of_every_size"),
    *("uploading_nothing", "follower_gets", "read_waits", "read_by_name", "launching_twice"),
    *("launching_at_the_same", "second_attempt", "blobs_are_not_there", "not_known_is_left_out"),
    *("only_go_forward", "exit_code_and_a_signal", "canceling_twice", "does_not_want_to_end"),
    *("listed_and_deleted", "deleting_does_not_end", "does_not_manage"),
    *("job_completes", "every_event", "outputs_are_here", "second_controller"),
)
for _suite in (TestSuite, TestJobs):
    for _name in [name for name in dir(_suite) if name.startswith("test_")]:
        if not any(words in _name for words in _OFTEN):
            setattr(_suite, _name, None)


@pytest.fixture
def target(cluster: RayCluster, tmp_path: Path) -> Target:
    return Target(tmp_path, cluster.address)


# -- what is there -----------------------------------------------------------------------------


def test_a_check_says_how_large_the_cluster_is(target: Target, cluster: RayCluster) -> None:
    info = target.play(lambda driver: driver.check())
    assert (info.cpus, info.gpus, info.slots) == (cluster.cpus, (), None)
    assert info.memory_gb > 0 and info.facts["nodes"] == "1" and info.facts["ray"]
    assert info.host == cluster.link.address
    assert info.problems == ()


@pytest.mark.parametrize(
    "port, words", [(1, "nothing listens"), (6379, "port of Ray's own"), (8080, "nothing listens")]
)
def test_a_wrong_address_is_told(
    cluster: RayCluster, tmp_path: Path, port: int, words: str
) -> None:
    target = Target(tmp_path, f"http://{cluster.link.address}:{port}")
    with pytest.raises((TargetUnreachableError, msgspec.ValidationError), match=words):
        target.play(lambda driver: driver.check())


def test_a_token_is_shown_over_a_connection_that_is_checked(
    cluster: RayCluster, tmp_path: Path
) -> None:
    with Gate(cluster.address, token="right", folder=tmp_path) as gate:
        trusted = {"ca_file": str(gate.certificates)}
        target = Target(tmp_path, gate.address, token="env:TOKEN", **trusted)
        info = target.play(lambda driver: driver.check())
        assert info.problems == () and info.cpus == cluster.cpus
        for token in ({}, {"token": "env:OTHER"}):
            stranger = Target(tmp_path, gate.address, **trusted, **token)
            with pytest.raises(AuthenticationError, match="does not accept") as caught:
                stranger.play(lambda driver: driver.check())
            assert "wrong" not in str(caught.value) and "token" in caught.value.hint
        careful = Target(tmp_path, gate.address, token="env:TOKEN")
        with pytest.raises(DriverError, match="not trusted") as doubted:
            careful.play(lambda driver: driver.check())
        assert "ca_file" in doubted.value.hint
        careless = Target(tmp_path, gate.address, token="env:TOKEN", verify=False)
        problems = careless.play(lambda driver: driver.check()).problems
        assert ["not checked" in problem.message for problem in problems] == [True]
        plain = Target(tmp_path, gate.address.replace("https", "http"))
        with pytest.raises(TargetUnreachableError) as puzzled:
            plain.play(lambda driver: driver.check())
        assert "https" in puzzled.value.hint


def test_a_dashboard_that_takes_no_jobs_is_told(cluster: RayCluster, tmp_path: Path) -> None:
    with Gate(cluster.address, closed="/api/jobs") as gate:
        info = Target(tmp_path, gate.address).play(lambda driver: driver.check())
    assert not info.is_usable and "ray[default]" in info.problems[0].remedy


# -- what is sent ------------------------------------------------------------------------------


def test_what_is_there_is_not_sent_again_and_what_is_too_large_not_at_all(
    cluster: RayCluster, tmp_path: Path
) -> None:
    with Gate(cluster.address) as gate:
        target = Target(tmp_path, gate.address, upload_limit_mb=2)
        digests = [target.blobs.add(b"%d" % number * 3000) for number in range(100)]
        target.play(lambda driver: driver.upload(digests, target.blobs))
        assert gate.count("PUT", "/api/packages") == 1
        target.play(lambda driver: driver.upload(digests, target.blobs))
        assert gate.count("PUT", "/api/packages") == 1
        # Another target knows nothing of it, and sends it under the same name.
        large = target.blobs.add(bytes(3_000_000))
        with pytest.raises(DriverError, match=r"3 MB .* limit is 2 MB") as caught:
            target.play(lambda driver: driver.upload([*digests, large], target.blobs))
        assert "upload_limit_mb" in caught.value.hint
        assert gate.count("PUT", "/api/packages") == 1


def test_a_run_is_in_its_folder_with_its_files_as_they_were(target: Target) -> None:
    script = b"#!/bin/sh\nexec cat deep/data.txt\n"
    files = [("deep/data.txt", b"from the snapshot\n", 0o644), ("run.sh", script, 0o755)]
    rows = [[path, target.blobs.add(data), len(data), mode, None] for path, data, mode in files]
    manifest = target.blobs.add(json.dumps({"files": rows, "folders": ["deep"]}).encode())
    job = make_job(target.blobs)
    job = msgspec.structs.replace(
        job,
        argv=("./run.sh",),
        snapshot_id=manifest,
        digests=(manifest, *(str(row[1]) for row in rows)),
    )
    status, log = target.run(job)
    assert (status.state, log) == (RunState.COMPLETED, b"from the snapshot\n")


def test_a_secret_reaches_the_run_and_no_listing(target: Target, cluster: RayCluster) -> None:
    secret = "correct horse " + "battery"
    code = b"import os; print(len(os.environ['SECRET']), 'JUPYTER_COMPUTE_PAD' in os.environ)"
    job = msgspec.structs.replace(
        make_job(target.blobs, files={"show.py": code}),
        argv=("{python}", "show.py"),
        secret_env={"SECRET": Secret(secret)},
    )
    assert target.run(job)[1] == b"%d False\n" % len(secret)
    assert secret not in json.dumps(cluster.ask("/api/jobs/"))
    for folder in (target.folder, cluster.folder):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert secret.encode() not in path.read_bytes(), path


TASKS = b"""
import os, ray
import helper

ray.init()

@ray.remote(num_cpus=0.1)
def work(number):
    return helper.square(number)

print(sum(ray.get([work.remote(number) for number in range(5)])))
print(os.getcwd() == os.environ["JUPYTER_COMPUTE_OUTPUTS"].rpartition("/")[0])
"""


def test_a_run_uses_the_cluster_and_its_tasks_find_its_modules(target: Target) -> None:
    files = {"tasks.py": TASKS, "helper.py": b"def square(number):\n    return number * number\n"}
    job = msgspec.structs.replace(
        make_job(target.blobs, files=files), argv=("{python}", "tasks.py")
    )
    status, log = target.run(job)
    assert status.state is RunState.COMPLETED, log
    assert log.endswith(b"30\nTrue\n")


def test_packages_are_there_for_the_run_and_its_tasks(target: Target, cluster: RayCluster) -> None:
    wheel = make_wheel(cluster.folder / "wheels", "small")
    code = b"import ray, small; print(small.WORD)"
    job = msgspec.structs.replace(
        make_job(target.blobs, files={"show.py": code}),
        argv=("{python}", "show.py"),
        environment=PackagesEnvironment(requirements=("--no-index", f"small @ {wheel}")),
    )
    status, log = target.run(job)
    assert (status.state, log) == (RunState.COMPLETED, b"there\n"), status


def test_an_environment_that_cannot_be_set_up_is_told_in_rays_words(target: Target) -> None:
    environment = PackagesEnvironment(requirements=("--no-index", "no-such-package-at-all"))
    job = msgspec.structs.replace(make_job(target.blobs, say("never\n")), environment=environment)
    status, log = target.run(job)
    assert status.state is RunState.FAILED and "environment" in status.error
    assert b"no-such-package-at-all" in log


# -- what it asks for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "resources, words",
    [
        (Resources(cpus=64), "64 CPUs, and it has 2 CPUs"),
        (Resources(gpus=1), "1 GPU, and it has 0 GPUs"),
        (Resources(memory_gb=9000), "9e\\+03 GB of memory"),
        (Resources(nodes=2), "begins on one"),
    ],
)
def test_what_no_node_can_give_is_refused_at_once(
    target: Target, resources: Resources, words: str
) -> None:
    job = msgspec.structs.replace(make_job(target.blobs, say("x")), resources=resources)
    with pytest.raises((LaunchError, ConfigError), match=words) as caught:
        target.play(lambda driver: target.launch(driver, job))
    assert caught.value.hint
    assert target.play(lambda driver: driver.poll([job])) == {}


def test_a_run_that_waits_for_room_says_so_and_can_be_canceled(
    target: Target, cluster: RayCluster
) -> None:
    whole = Resources(cpus=cluster.cpus)

    async def act(driver: RayDriver) -> JobStatus:
        first, second = (
            msgspec.structs.replace(make_job(target.blobs, rest(600)), resources=whole)
            for _ in range(2)
        )
        first = await target.launch(driver, first)
        await until(driver, first, lambda status: status.state is RunState.RUNNING)
        second = await target.launch(driver, second)
        status = await until(driver, second, lambda status: bool(status.reason))
        assert (status.state, status.reason.partition(",")[0]) == (
            RunState.QUEUED,
            "PENDING: waiting for 2 CPUs",
        )
        await driver.cancel(second)
        ended = await over(driver, second)
        await driver.cancel(first)
        assert (await over(driver, first)).state is RunState.CANCELED
        return ended

    status = target.play(act)
    assert (status.state, status.error) == (RunState.CANCELED, "canceled before it started")


# -- how it is heard of ------------------------------------------------------------------------


def test_where_no_files_are_shown_the_log_of_the_job_is_the_channel(
    cluster: RayCluster, tmp_path: Path
) -> None:
    with Gate(cluster.address, closed="/api/v0/logs") as gate:
        target = Target(tmp_path, gate.address)
        problems = target.play(lambda driver: driver.check()).problems
        assert ["logs of their jobs" in problem.message for problem in problems] == [True]
        job = make_job(target.blobs, say("by its log\n"), write("outputs/x", "y" * 9000), leave(3))
        status, log = target.run(job)
        assert (status.exit_code, log) == (3, b"by its log\n")
        assert target.play(lambda driver: driver.read(job, "outputs/x", 0)) == b"y" * 9000


def test_the_dashboard_shows_the_log_of_a_run_as_it_is(target: Target, cluster: RayCluster) -> None:
    job = make_job(target.blobs, say("for everybody\n"))
    target.run(job)
    log = cluster.ask(f"/api/jobs/{job.run_id}-1/logs")["logs"]
    assert log.endswith("\nfor everybody\n")


def test_a_job_that_somebody_stops_or_deletes_in_ray_is_told_as_that(
    target: Target, cluster: RayCluster
) -> None:
    async def act(driver: RayDriver) -> tuple[JobStatus, JobStatus]:
        job = await target.launch(driver, make_job(target.blobs, say("on\n"), rest(600)))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        await driver.api.post(f"/api/jobs/{job.run_id}-1/stop")
        stopped = await over(driver, job)
        job = await target.launch(driver, make_job(target.blobs, leave(0)))
        name = f"/api/jobs/{job.run_id}-1"
        await asyncio.to_thread(
            cluster.until, lambda: cluster.ask(name)["status"] == "SUCCEEDED", "it does not end"
        )
        await driver.api.delete(f"/api/jobs/{job.run_id}-1")
        return stopped, await over(driver, job)

    stopped, deleted = target.play(act)
    assert stopped.state is RunState.CANCELED
    assert deleted.state is RunState.FAILED and "deleted" in deleted.error and not deleted.requeue


def test_why_ray_has_killed_a_run_is_told_in_its_words(target: Target, cluster: RayCluster) -> None:
    async def act(driver: RayDriver) -> JobStatus:
        job = await target.launch(driver, make_job(target.blobs, say("on\n"), rest(600)))
        await until(driver, job, lambda status: status.sizes.get("log", 0) > 0)
        for process in cluster.processes():
            if "JobSupervisor" in "".join(process.argv):
                process.kill()
        return await over(driver, job)

    status = target.play(act)
    assert status.state is RunState.FAILED and "supervisor" in status.error
    cluster.until(lambda: not cluster.processes_of("job.py"), "what ran there goes on")


def test_a_submission_whose_answer_is_lost_is_looked_up(
    cluster: RayCluster, tmp_path: Path
) -> None:
    with Gate(cluster.address) as gate:
        target = Target(tmp_path, gate.address)
        job = make_job(target.blobs, say("once\n"))
        gate.loses = lambda method, path: (method, path) == ("POST", "/api/jobs/")
        with pytest.raises(TargetUnreachableError):
            target.play(lambda driver: target.launch(driver, job))
        gate.loses = lambda method, path: False
        assert target.run(job)[1] == b"once\n"
        assert gate.count("POST", "/api/jobs/") == 1
