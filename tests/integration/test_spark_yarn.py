"""Spark on a real YARN: the driver beside the keeper, and the driver in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from clusters.spark import processes
from clusters.yarn import YarnCluster, yarn_cluster
from spark_desk import Desk, Play

from jupyter_compute.model import RunState

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def yarn(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[YarnCluster]:
    engine("spark")
    engine("yarn")
    with yarn_cluster(tmp_path_factory.mktemp("yarn")) as running:
        yield running


def test_a_check_tells_of_the_nodes_and_of_what_is_missing(
    play_spark: Play, yarn: YarnCluster
) -> None:
    info = play_spark(lambda desk: desk.driver.check(), **yarn.options)
    assert info.is_usable and info.facts["workers"] == "1"
    bare = {**yarn.options, "env": {**yarn.env, "HADOOP_CONF_DIR": ""}}
    info = play_spark(lambda desk: desk.driver.check(), **bare)
    assert not info.is_usable
    assert any("HADOOP_CONF_DIR" in problem.remedy for problem in info.problems)


def test_a_driver_in_the_cluster_works_in_the_runs_folder_if_it_sees_it(
    play_spark: Play, yarn: YarnCluster
) -> None:
    code = """\
import os
mode = sc.getConf().get("spark.submit.deployMode")
print(spark.range(1000).count(), sc.master, mode, os.environ["GREETING"])
with open("outputs/squares", "w") as file:
    print(sc.parallelize(range(4), 4).map(lambda n: n * n).sum(), file=file)
raise SystemExit(7)
"""

    async def act(desk: Desk) -> None:
        job = await desk.launch(desk.cell(code, env={"GREETING": "hello"}))
        status = await desk.over(job)
        log = await desk.text(job, "log")
        assert log == "1000 yarn cluster hello\n", await desk.text(job, "logs/spark.log")
        assert await desk.text(job, "outputs/squares") == "14\n"
        assert (status.state, status.exit_code) == (RunState.FAILED, 7)
        tags = {event["name"]: event["value"] for event in await desk.events(job, "tag")}
        assert tags["spark_application"].startswith("application_")
        assert tags["spark_application"] in tags["spark_ui"]

    play_spark(act, deploy_mode="cluster", **yarn.options)


def test_canceling_a_driver_in_the_cluster_ends_its_application(
    play_spark: Play, yarn: YarnCluster
) -> None:
    code = "import time\nprint('working', flush=True)\ntime.sleep(600)\n"

    async def act(desk: Desk) -> None:
        job = await desk.launch(desk.cell(code))
        await desk.until(lambda: desk.text(job, "log"))
        await desk.driver.cancel(job)
        assert (await desk.over(job)).state is RunState.CANCELED
        tags = {event["name"]: event["value"] for event in await desk.events(job, "tag")}
        application = tags["spark_application"]
        assert yarn.application(application)["finalStatus"] == "KILLED"
        await desk.until(lambda: _are_gone(application))

    play_spark(act, deploy_mode="cluster", **yarn.options)


async def _are_gone(application: str) -> bool:
    return not processes(application)


def test_what_yarn_refuses_is_said_in_its_words_with_a_hint(
    play_spark: Play, yarn: YarnCluster
) -> None:
    async def act(desk: Desk) -> None:
        status = await desk.run(desk.cell("print(spark)"))
        assert status.state is RunState.FAILED
        assert "executor memory" in status.error and "executor_memory" in status.error

    play_spark(act, deploy_mode="cluster", executor_memory="64g", **yarn.options)


def test_what_a_driver_elsewhere_printed_is_fetched_at_the_end(
    play_spark: Play, yarn: YarnCluster
) -> None:
    async def act(desk: Desk) -> None:
        job = desk.cell("print('one')\nprint('two')\n", env={"ODD": 'a "b" $c'})
        status = await desk.run(job)
        assert status.state is RunState.COMPLETED, await desk.text(job, "logs/spark.log")
        assert await desk.text(job, "log") == "one\ntwo\n"

    play_spark(act, deploy_mode="cluster", root=str(yarn.unseen), **yarn.options)
