"""What is particular to Livy: how one gets in, what it forgets, and how runs outlive it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from clusters.gateway import Gateway, make_certificate, password
from clusters.livy import LivyServer
from clusters.livy_target import PASSWORD, Desk, Play, player, until

from jupyter_compute.errors import (
    AuthenticationError,
    LaunchError,
    TargetUnreachableError,
)
from jupyter_compute.model import RunState, Secret
from jupyter_compute.testing import make_job, rest, say


@pytest.fixture
def play(livy: LivyServer, tmp_path: Path) -> Play:
    """Return what plays a test's coroutine with a target of its own."""
    return player(livy, tmp_path)


@pytest.fixture
def guarded(livy: LivyServer) -> Iterator[Gateway]:
    with Gateway(livy.url, password("ada", PASSWORD)).running() as gateway:
        yield gateway


@pytest.fixture
def gateway(livy: LivyServer) -> Iterator[Gateway]:
    with Gateway(livy.url).running() as gateway:
        yield gateway


# -- getting in --------------------------------------------------------------------------------


def test_a_check_says_what_the_server_is_and_what_counts_for_nothing(play: Play) -> None:
    async def act(desk: Desk) -> None:
        info = await desk.driver.check()
        assert info.is_usable and info.facts["livy"].startswith("0.7.1")
        assert info.slots is None and info.host == "127.0.0.1"
        assert [problem.message for problem in info.problems if "master=yarn" in problem.message]

    play(act, master="yarn")


def test_a_password_is_asked_for_again_if_it_is_wrong_and_is_kept_in_no_file(
    play: Play, guarded: Gateway, tmp_path: Path
) -> None:
    async def act(desk: Desk) -> None:
        assert (await desk.driver.check()).is_usable
        assert [question.again for question in desk.asked] == [False, True]
        assert {question.type for question in desk.asked} == {"secret"}
        await desk.driver.check()
        assert len(desk.asked) == 2

    play(act, answers=["wrong", PASSWORD], livy=guarded.url, livy_user="ada")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({}, "livy_user or livy_token"),
        ({"livy_token": "env:TOKEN"}, "livy_token"),
        ({"livy_user": "eve", "livy_password": "env:PASSWORD"}, "HDInsight"),
    ],
)
def test_who_is_not_let_in_is_told_what_to_say(
    play: Play, guarded: Gateway, options: dict[str, Any], hint: str
) -> None:
    async def act(desk: Desk) -> None:
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="401") as caught:
                await desk.driver.check()
            assert hint in caught.value.hint
            assert PASSWORD not in str(caught.value)

    play(act, livy=guarded.url, **options)


def test_a_question_that_is_declined_is_not_put_by_every_poll(play: Play, guarded: Gateway) -> None:
    async def act(desk: Desk) -> None:
        with pytest.raises(AuthenticationError, match="no password"):
            await desk.driver.check()
        job = make_job(desk.blobs, say("never\n"))
        await desk.driver.upload([], desk.blobs)
        await desk.driver.poll([job])
        assert len(desk.asked) == 1

    play(act, answers=[None], livy=guarded.url, livy_user="ada")


def test_headers_and_a_token_go_along_with_every_request(play: Play, gateway: Gateway) -> None:
    async def act(desk: Desk) -> None:
        await desk.driver.check()
        assert gateway.headers["authorization"] == "Bearer t0ken"
        assert gateway.headers["x-requested-by"]
        assert gateway.headers["x-team"] == "blue" and gateway.headers["x-key"] == PASSWORD

    headers = {"X-Team": "blue", "X-Key": "env:PASSWORD"}
    play(act, livy=gateway.url, livy_token="env:TOKEN", livy_headers=headers)


def test_a_certificate_must_be_trusted(play: Play, livy: LivyServer, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)

    async def distrust(desk: Desk) -> None:
        (problem,) = (await desk.driver.check()).problems
        assert problem.fatal and "certificate" in problem.message
        assert "livy_ca_file" in problem.remedy

    async def trust(desk: Desk) -> None:
        assert (await desk.driver.check()).is_usable

    with Gateway(livy.url, certificate=certificate).running() as gateway:
        play(distrust, livy=gateway.url)
        play(trust, livy=gateway.url, livy_ca_file=str(tmp_path / "cert.pem"))
        play(trust, livy=gateway.url, livy_verify=False)


def test_a_wrong_address_and_a_server_that_is_away_are_told_apart(
    play: Play, gateway: Gateway, tmp_path: Path
) -> None:
    async def wrong(desk: Desk) -> None:
        info = await desk.driver.check()
        assert not info.is_usable and "knows no /sessions" in info.problems[0].message

    async def away(desk: Desk) -> None:
        with pytest.raises(TargetUnreachableError) as caught:
            await desk.driver.check()
        assert caught.value.hint

    play(wrong, livy=gateway.url.replace("/livy", "/elsewhere"))
    gateway.is_away = True
    play(away, livy=gateway.url)
    play(away, livy="http://127.0.0.1:9")


def test_a_staging_folder_that_is_not_there_is_a_problem(play: Play, tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        info = await desk.driver.check()
        assert not info.is_usable
        assert "staging" in info.problems[0].message and info.problems[0].remedy

    play(act, staging=f"file:{tmp_path}/nowhere/at-all")
    play(act, staging="")
    play(act, staging="s3://bucket/folder")


# -- submitting --------------------------------------------------------------------------------


def test_a_submit_whose_answer_was_lost_is_looked_up_before_it_is_tried_again(
    play: Play, gateway: Gateway
) -> None:
    async def act(desk: Desk) -> None:
        job = make_job(desk.blobs, say("once\n"))
        await desk.driver.upload(job.digests, desk.blobs)
        gateway.loses = lambda method, path: method == "POST"
        with pytest.raises(TargetUnreachableError):
            await desk.driver.launch(job)
        assert await desk.driver.poll([job]) == {}
        gateway.seen.clear()
        await desk.driver.launch(job)
        assert ("POST", "/batches") not in gateway.seen
        assert (await desk.over(job)).state is RunState.COMPLETED
        assert await desk.text(job) == "once\n"

    play(act, livy=gateway.url)


def test_what_livy_refuses_is_told_in_its_words_and_leaves_nothing(
    play: Play, tmp_path: Path
) -> None:
    async def act(desk: Desk) -> None:
        job = make_job(desk.blobs, say("never\n"))
        for _ in range(2):
            with pytest.raises(LaunchError, match="cannot be added to user sessions"):
                await desk.launch(job)
        assert await desk.driver.poll([job]) == {}
        assert await desk.driver.list_jobs() == []

    outside = tmp_path / "outside"
    outside.mkdir()
    play(act, staging=f"file:{outside}")


def test_what_cannot_be_had_through_livy_is_said_at_submit(play: Play) -> None:
    async def act(desk: Desk) -> None:
        with pytest.raises(LaunchError, match="--files") as caught:
            await desk.launch(make_job(desk.blobs, say("never\n")))
        assert "conf" in caught.value.hint
        assert not (await desk.driver.check()).is_usable

    async def jar(desk: Desk) -> None:
        with pytest.raises(LaunchError, match="only Python"):
            await desk.launch(make_job(desk.blobs, argv=("app.jar", "x")))

    play(act, submit_args=("--files=/etc/app.conf",))
    play(jar)


def test_what_kept_a_run_from_its_beginning_is_read_from_sparks_log(play: Play) -> None:
    async def act(desk: Desk) -> None:
        status = await desk.over(job := await desk.launch(make_job(desk.blobs, say("never\n"))))
        assert status.state is RunState.FAILED and not status.requeue
        assert "Connection refused" in status.error
        log = await desk.text(job)
        assert "ConnectException" in log and len(log.encode()) == status.sizes["log"]
        assert await desk.over(job) == status

    play(act, jars=("https://127.0.0.1:9/no-such.jar",))


# -- a run -------------------------------------------------------------------------------------


def test_a_cell_finds_spark_and_leaves_nothing_when_it_is_canceled(
    play: Play, livy: LivyServer, tmp_path: Path
) -> None:
    code = "\n".join(
        [
            "import os, time",
            "print(spark.range(1000).selectExpr('sum(id) as total').collect()[0].total, sc.master)",
            "print(sc.getConf().get('spark.color'), len(os.environ['KEY']), flush=True)",
            "sc.parallelize(range(4), 4).foreach(lambda n: time.sleep(0.2 if n < 2 else 600))",
        ]
    )

    async def act(desk: Desk) -> None:
        secret = {"KEY": Secret(PASSWORD)}
        job = await desk.launch(desk.cell(code, secret_env=secret))
        await desk.says(job, " of 4 tasks", "events")
        assert (await desk.text(job)).splitlines()[:2] == ["499500 local[1]", "blue 11"]
        tags = [json.loads(line) for line in (await desk.text(job, "events")).splitlines()]
        names = {tag["name"] for tag in tags if tag["type"] == "tag"}
        assert names == {"spark_application", "spark_ui"}
        assert not _files_with(PASSWORD, livy.staging, tmp_path)
        await desk.driver.cancel(job)
        assert (await desk.over(job)).state is RunState.CANCELED
        await until(lambda: not livy.processes())

    play(act, conf={"spark.color": "blue"})


def test_the_death_of_sparks_java_ends_the_program_too(play: Play, livy: LivyServer) -> None:
    async def act(desk: Desk) -> None:
        job = await desk.launch(make_job(desk.blobs, say("working\n"), rest(600)))
        await desk.says(job, "working\n")
        for pid in _javas(livy):
            os.kill(pid, signal.SIGKILL)
        status = await desk.over(job)
        assert status.state is RunState.FAILED and status.error
        assert await desk.text(job) == "working\n"
        await until(lambda: not livy.processes())

    play(act)


def test_a_batch_that_was_deleted_by_somebody_else_ends(play: Play, livy: LivyServer) -> None:
    async def act(desk: Desk) -> None:
        job = make_job(desk.blobs, say("working\n"), rest(600))
        await desk.driver.upload(job.digests, desk.blobs)
        number = await desk.driver.launch(job)
        await desk.says(job, "working\n")
        async with httpx.AsyncClient(headers={"X-Requested-By": "somebody"}) as http:
            await http.delete(f"{livy.url}/batches/{number}")
        assert (await desk.over(job)).state is RunState.FAILED
        await until(lambda: not livy.processes())

    play(act)


def _javas(livy: LivyServer) -> list[int]:
    return [
        pid
        for pid in livy.processes()
        if b"SparkSubmit" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def _files_with(text: str, *folders: Path) -> list[Path]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]
