"""What is particular to Spark: its session, its stages, its deaths, and its words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from clusters.spark import PYTHON, SparkCluster, processes, variables
from machines import Sshd
from spark_desk import Desk, Play

from jupyter_compute.model import JobStatus, Resources, RunState, Secret, TargetInfo
from jupyter_compute.testing import make_job, rest, say

pytestmark = pytest.mark.timeout(600)

PATIENCE_S = 300.0


@pytest.fixture
def here(tmp_path: Path, engine: Callable[[str], str]) -> dict[str, Any]:
    """The options of Spark on this machine alone."""
    engine("spark")
    env = variables(tmp_path / "spark")
    return {"master": "local[1]", "python": PYTHON, "env": env}


# -- what a user gets --------------------------------------------------------------------------


def test_a_cell_finds_spark_shows_its_stages_and_leaves_nothing_when_canceled(
    play_spark: Play, spark: SparkCluster, tmp_path: Path
) -> None:
    code = """\
        import time
        print(spark.range(1000).selectExpr("sum(id) as total").collect()[0].total, sc.master)
        def work(number):
            time.sleep(0.2 if number < 3 else 600)
            return number
        print(sc.parallelize(range(8), 8).map(work).sum())
        """

    async def act(desk: Desk) -> None:
        job = await desk.launch(desk.cell("\n".join(line[8:] for line in code.splitlines())))

        async def progressed() -> bool:
            found = await desk.events(job, "progress")
            return any("3 of 8 tasks" in event["label"] for event in found)

        await desk.until(progressed)
        assert await desk.text(job, "log") == f"499500 {spark.url}\n"
        tags = {event["name"]: event["value"] for event in await desk.events(job, "tag")}
        (running,) = (spark.state() or {})["activeapps"]
        assert tags["spark_application"] == running["id"]
        assert tags["spark_ui"].startswith("http://127.0.0.1:")
        assert running["name"] == "a cell"
        labels = [event["label"] for event in await desk.events(job, "progress")]
        assert any("stage" in label and "sum at" in label for label in labels)
        assert spark.executors() and processes(f"runs/{job.run_id}")
        await desk.driver.cancel(job)
        assert (await desk.over(job)).state is RunState.CANCELED
        # The run's own are gone when it is over, Java and Python alike; the cluster's soon are.
        assert not processes(f"runs/{job.run_id}")
        await asyncio.to_thread(spark.until, lambda state: state and not state["activeapps"])
        await desk.until(lambda: _nobody(spark))

    play_spark(act, **spark.options)


async def _nobody(spark: SparkCluster) -> bool:
    return not spark.executors()


def test_a_notebook_finds_spark_too(play_spark: Play, here: dict[str, Any]) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("spark.range(7).count() * sc.defaultParallelism")]
    )

    async def act(desk: Desk) -> None:
        argv = ("{python}", "-m", "jupyter_compute_run.notebook", "report.ipynb")
        files = {"report.ipynb": nbformat.writes(notebook).encode()}
        job = make_job(desk.blobs, files=files, argv=argv)
        status = await desk.run(job)
        assert status.state is RunState.COMPLETED, await desk.text(job, "log")
        done = nbformat.reads(await desk.text(job, "outputs/report.ipynb"), 4)
        assert done.cells[0].outputs[0]["data"]["text/plain"] == "7"

    play_spark(act, **here)


def test_settings_and_secrets_reach_spark_and_no_command_line(
    play_spark: Play, here: dict[str, Any]
) -> None:
    code = """\
import os, glob
conf = sc.getConf()
print(conf.get("spark.nonsense"), conf.get("spark.key"), conf.get("spark.driver.memory"))
print(conf.get("spark.sql.shuffle.partitions"))
print(*sorted(os.listdir(os.environ["JUPYTER_COMPUTE_FILES"])))
for path in glob.glob("/proc/[0-9]*/cmdline"):
    try:
        words = open(path, "rb").read()
    except OSError:
        continue
    if b"hush" + b"-hush" in words:
        print("shown in", words)
"""

    async def act(desk: Desk) -> None:
        job = desk.cell(
            code, secret_env={"KEY": Secret("hush-hush")}, resources=Resources(memory_gb=0.6)
        )
        status = await desk.run(job)
        log = await desk.text(job, "log")
        assert status.state is RunState.COMPLETED, log
        assert log == 'an "odd" \\ value hush-hush 615m\n2\ncell.json cell.py\n'

    conf = {"spark.nonsense": 'an "odd" \\ value', "spark.key": "{env:KEY}"}
    play_spark(act, conf=conf, **here)


def test_it_is_submitted_through_ssh(
    play_spark: Play, here: dict[str, Any], tmp_path: Path
) -> None:
    async def act(desk: Desk) -> TargetInfo:
        job = await desk.launch(make_job(desk.blobs, say("far away\n")))
        assert (await desk.over(job)).state is RunState.COMPLETED
        assert await desk.text(job, "log") == "far away\n"
        info: TargetInfo = await desk.driver.check()
        return info

    with Sshd(tmp_path / "sshd", "head") as sshd:
        root = f"{tmp_path}/ünï cödé's #1"
        options = {"host": "head", "config_file": str(sshd.ssh_config), "root": root}
        info = play_spark(act, **options, **here)
    assert info.facts["spark"].startswith("4.") and info.facts["java"]
    assert info.resource_id == f"spark:local[1] from ssh://{sshd.user}@127.0.0.1:{sshd.port}"


# -- what a check says -------------------------------------------------------------------------


def test_a_check_tells_of_the_cluster(play_spark: Play, spark: SparkCluster) -> None:
    info = play_spark(lambda desk: desk.driver.check(), **spark.options)
    assert info.is_usable and info.cpus == 2 and info.memory_gb == 2.0
    assert info.facts["workers"] == "1" and info.facts["cores"] == "2, 0 in use"
    assert info.facts["spark web page"] == spark.web and info.slots == 4


def test_a_check_says_what_is_missing_and_what_to_do(
    play_spark: Play, here: dict[str, Any]
) -> None:
    options = {**here, "master": "spark://127.0.0.1:1", "spark_home": "/no/such/spark"}
    info = play_spark(lambda desk: desk.driver.check(), **options)
    said = {problem.message: problem.remedy for problem in info.problems}
    assert not info.is_usable
    assert any("/no/such/spark" in message for message in said)
    assert any("127.0.0.1:1" in message and "refused" in message for message in said)
    assert all(said.values())
    no_java = {**here, "env": {**here["env"], "PATH": "/nowhere"}}
    info = play_spark(lambda desk: desk.driver.check(), **no_java)
    assert any("Java" in problem.message for problem in info.problems)


# -- what goes wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        ({"jars": ("/no/such.jar",)}, "/no/such.jar", "relative to the folder"),
        ({"spark_home": "/no/such"}, "no spark-submit in /no/such", "spark_home"),
        ({"conf": {"spark.driver.memory": "lots"}}, "lots", "conf"),
        ({"submit_args": ("--nonsense",)}, "nonsense", "submit_args"),
    ],
)
def test_what_spark_refuses_is_said_in_its_words_with_a_hint(
    play_spark: Play, here: dict[str, Any], options: dict[str, Any], words: str, hint: str
) -> None:
    async def act(desk: Desk) -> JobStatus:
        return await desk.run(make_job(desk.blobs, say("never\n")))

    status = play_spark(act, **{**here, **options})
    assert status.state is RunState.FAILED
    assert words in status.error and hint in status.error


def test_more_than_any_worker_has_is_refused_at_once(play_spark: Play, spark: SparkCluster) -> None:
    async def act(desk: Desk) -> JobStatus:
        return await desk.run(make_job(desk.blobs, say("never\n")))

    status = play_spark(act, executor_memory="64g", **spark.options)
    assert status.state is RunState.FAILED
    assert "65536 MB" in status.error and "2048 MB" in status.error
    assert "executor_memory" in status.error


def test_a_failure_is_explained_by_javas_exception(play_spark: Play, here: dict[str, Any]) -> None:
    code = "from pyspark import SparkContext\n"
    code += "SparkContext()._jvm.java.lang.Integer.parseInt('seven')\n"

    async def act(desk: Desk) -> JobStatus:
        return await desk.run(make_job(desk.blobs, files={"job.py": code.encode()}))

    status = play_spark(act, **here)
    assert status.exit_code == 1
    assert 'NumberFormatException: For input string: "seven"' in status.error


def test_the_death_of_java_is_told_as_that(play_spark: Play, here: dict[str, Any]) -> None:
    async def act(desk: Desk) -> JobStatus:
        job = await desk.launch(make_job(desk.blobs, say("working\n"), rest(600)))
        await desk.until(lambda: desk.text(job, "log"))
        (java,) = processes(f"runs/{job.run_id}", "org.apache.spark.deploy.SparkSubmit")
        os.kill(java, signal.SIGKILL)
        status = await desk.over(job)
        assert not processes(f"runs/{job.run_id}")
        return status

    status = play_spark(act, **here)
    assert status.state is RunState.FAILED
    assert "SIGKILL" in status.error and "Java" in status.error


def test_a_keeper_that_is_killed_leaves_neither_java_nor_python(
    play_spark: Play, here: dict[str, Any], tmp_path: Path
) -> None:
    async def act(desk: Desk) -> JobStatus:
        job = await desk.launch(make_job(desk.blobs, say("working\n"), rest(600)))
        await desk.until(lambda: desk.text(job, "log"))
        state = tmp_path / "target" / "runs" / job.run_id / "1" / "state.json"
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
        status = await desk.over(job)
        assert not processes(f"runs/{job.run_id}")
        return status

    status = play_spark(act, **here)
    assert status.state is RunState.FAILED
    assert "keeper" in status.error


# -- what must survive -------------------------------------------------------------------------


def test_a_run_survives_its_master_and_its_worker(
    play_spark: Play, spark: SparkCluster, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    code = f"""\
import os, time
def work(number):
    while not os.path.exists({str(go)!r}):
        time.sleep(0.05)
    return number
print(sc.parallelize(range(4), 4).map(work).sum())
"""

    async def act(desk: Desk) -> None:
        job = await desk.launch(desk.cell(code))
        await desk.until(lambda: desk.events(job, "progress"))
        spark.worker.kill()
        spark.worker.start()
        await asyncio.to_thread(spark.until, lambda state: state and state["aliveworkers"])
        await desk.until(lambda: _somebody(spark))
        spark.master.kill()
        spark.master.start()
        await asyncio.to_thread(spark.until, lambda state: state and state["aliveworkers"])
        known = await desk.driver.poll([job])
        assert known[job.run_id].state is RunState.RUNNING
        go.touch()
        assert (await desk.over(job)).state is RunState.COMPLETED
        assert await desk.text(job, "log") == "6\n"

    play_spark(act, **spark.options)


async def _somebody(spark: SparkCluster) -> bool:
    return bool(spark.executors())
