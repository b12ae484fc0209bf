"""What can be said about a target of the kind spark, and what spark-submit is asked for then."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_compute.drivers._spark_options import SparkOptions
from jupyter_compute.drivers._spark_plan import PLAN, plan_of, settings_of, spark_job
from jupyter_compute.drivers.spark import SparkDriver
from jupyter_compute.errors import ConfigError, LaunchError
from jupyter_compute.model import Distribution, Resources
from jupyter_compute.options import read_options
from jupyter_compute.testing import MemoryBlobs, make_job


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"master": "yran"}, "local"),
        ({"master": "spark://host"}, "spark://host:7077"),
        ({"master": "https://x"}, "'livy'"),
        ({"livy": "cluster"}, "Livy"),
        ({"livy": "http://x", "host": "y"}, "not by both"),
        ({"deploy_mode": "cluster"}, "YARN only"),
        ({"deploy_mode": "cluster", "master": "spark://h:1"}, "YARN only"),
        ({"deploy_mode": "clustr"}, "deploy_mode"),
        ({"conf": "driver.memory=1g"}, "'spark.'"),
        ({"executor_memory": "lots"}, "8g"),
        ({"executor_cores": "0"}, "executor_cores"),
        ({"submit_args": "--master,x"}, "submit_args"),
        ({"livy_token": "hush"}, "env:NAME"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_options(SparkOptions, options)
    assert said in caught.value.message
    assert "hush" not in caught.value.message


def test_options_come_from_flags() -> None:
    flags = {"conf": "spark.a=1,spark.b=x,y", "jars": "a.jar,b.jar", "executors": "3"}
    options = read_options(SparkOptions, flags)
    assert options.conf == {"spark.a": "1", "spark.b": "x,y"}
    assert (options.jars, options.executors) == (("a.jar", "b.jar"), 3)


def test_a_place_is_the_master_and_who_submits_to_it() -> None:
    here = SparkDriver.resource_id(SparkOptions())
    assert here == SparkDriver.resource_id(SparkOptions(master="local[*]", slots=3))
    yarn = [{}, {"host": "h"}, {"queue": "q"}]
    names = {SparkDriver.resource_id(SparkOptions(master="yarn", **more)) for more in yarn}
    assert len({here, *names}) == 4


def words(**options: Any) -> list[str]:
    job = make_job(MemoryBlobs(), name="report")
    return list(plan_of(job, SparkOptions(**options))["words"])


def test_spark_submit_is_asked_for_what_the_target_says() -> None:
    assert words() == ["--master", "local[*]", "--deploy-mode", "client", "--name", "report"]
    said = words(
        master="yarn",
        deploy_mode="cluster",
        jars=("a.jar", "b.jar"),
        py_files=("c.zip",),
        packages=("g:a:1",),
        repositories=("https://r",),
        submit_args=("--files=x",),
        proxy_user="ann",
    )
    assert " ".join(said) == (
        "--master yarn --deploy-mode cluster --name report --proxy-user ann --jars a.jar,b.jar "
        "--py-files c.zip --packages g:a:1 --repositories https://r --files=x"
    )


def test_what_a_run_asks_for_comes_before_what_the_target_says() -> None:
    options = SparkOptions(
        master="spark://h:1",
        conf={"spark.driver.memory": "9g", "spark.x": "y"},
        driver_memory="1g",
        executors=5,
        executor_cores=2,
        executor_memory="4g",
    )
    assert settings_of(Resources(), options) == {
        "spark.x": "y",
        "spark.driver.memory": "1g",
        "spark.executor.instances": "5",
        "spark.executor.memory": "4g",
        "spark.executor.cores": "2",
        "spark.cores.max": "10",
    }
    asked = Resources(nodes=2, processes_per_node=3, cpus=3.5, memory_gb=1.5)
    assert settings_of(asked, options) == {
        "spark.x": "y",
        "spark.driver.memory": "1536m",
        "spark.driver.cores": "4",
        "spark.executor.instances": "6",
        "spark.executor.memory": "4g",
        "spark.executor.cores": "2",
        "spark.cores.max": "12",
    }


def test_a_job_becomes_one_that_hands_it_to_spark() -> None:
    job = make_job(MemoryBlobs(), env={"A": "1"}, resources=Resources(nodes=3, time_limit_min=5))
    made = spark_job(job, SparkOptions(env={"A": "0", "B": "2"}))
    assert made.argv == ("{python}", "-m", "jupyter_compute_run.spark", "job.py")
    assert (made.env["A"], made.env["B"]) == ("1", "2")
    assert json.loads(made.env[PLAN])["conf"] == {"spark.executor.instances": "3"}
    assert made.resources == Resources(time_limit_min=5)
    assert spark_job(job, SparkOptions(env={"A": "0", "B": "2"})) == made


def test_a_jar_is_handed_over_and_other_programs_are_left_alone() -> None:
    jar = make_job(MemoryBlobs(), argv=("app.jar", "7"))
    made = spark_job(jar, SparkOptions(submit_args=("--class=A",)))
    assert made.argv == ("{python}", "-m", "jupyter_compute_run.spark", "app.jar", "7")
    other = make_job(MemoryBlobs(), argv=("sh", "run.sh"))
    made = spark_job(other, SparkOptions())
    assert made.argv == ("sh", "run.sh") and PLAN not in made.env


def test_another_way_to_spread_the_work_is_refused() -> None:
    job = make_job(MemoryBlobs(), resources=Resources(distribution=Distribution.MPI))
    with pytest.raises(LaunchError, match="mpi") as caught:
        spark_job(job, SparkOptions())
    assert "--distribution" in caught.value.hint
