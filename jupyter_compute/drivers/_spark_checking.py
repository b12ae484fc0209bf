"""What a host says about its Spark, in words: what there is, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from ..errors import DriverError
from ..model import Problem, TargetInfo
from ._spark_options import SparkOptions


class Cluster(Struct, frozen=True):
    """What a cluster's master says; ``None`` is what it did not say."""

    error: str | None = None
    web: str = ""
    workers: int | None = None
    cores: int | None = None
    cores_used: int = 0
    memory_mb: int = 0
    largest_cores: int = 0
    largest_memory_mb: int = 0
    applications: int = 0
    yarn: str = ""


class Found(Struct, frozen=True):
    """The answer of ``jupyter_compute_run.spark.finding``."""

    home: str = ""
    submit: str = ""
    version: str = ""
    java: str = ""
    java_version: str = ""
    java_error: str = ""
    hadoop_conf: str = ""
    cluster: Cluster = Cluster()


def read_found(output: bytes) -> Found:
    """Understand the last line of an answer.

    Raises:
        DriverError: It makes no sense.
    """
    lines = output.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1] if lines else b"", type=Found)
    except msgspec.DecodeError as exc:
        raise DriverError(
            f"what was found of Spark there makes no sense: {exc}",
            hint="does its Python print something when it starts?",
        ) from exc


def with_spark(info: TargetInfo, found: Found, options: SparkOptions) -> TargetInfo:
    """Add Spark and its cluster to what is known of a host."""
    cluster = found.cluster
    problems = (*_problems(found, options), *info.problems)
    changes = {
        "facts": {**_facts(found, options), **info.facts},
        "problems": tuple(sorted(problems, key=lambda problem: not problem.fatal)),
    }
    if cluster.cores is not None:
        info = msgspec.structs.replace(
            info, cpus=float(cluster.cores), memory_gb=round(cluster.memory_mb / 1e3, 1)
        )
    return msgspec.structs.replace(info, **changes)


def _facts(found: Found, options: SparkOptions) -> Mapping[str, str]:
    cluster = found.cluster
    facts = {
        "spark": " in ".join(part for part in (found.version, found.home or found.submit) if part),
        "java": " in ".join(part for part in (found.java_version, found.java) if part),
        "master": options.spark_master,
        "deploy mode": options.deploy_mode,
        "workers": "" if cluster.workers is None else str(cluster.workers),
        "cores": "" if cluster.cores is None else f"{cluster.cores}, {cluster.cores_used} in use",
        "applications": str(cluster.applications) if cluster.applications else "",
        "spark web page": cluster.web,
    }
    return {name: text for name, text in facts.items() if text}


def _problems(found: Found, options: SparkOptions) -> Iterator[Problem]:
    if not found.submit:
        where = f" in {options.spark_home}" if options.spark_home else ""
        yield Problem(
            message=f"there is no spark-submit{where} on this host",
            remedy="name Spark's folder there with the option spark_home, or have pyspark in the "
            "environment of each run",
            fatal=bool(options.spark_home),
        )
    if not found.java:
        yield Problem(
            message="there is no Java on this host, which Spark needs",
            remedy="install one, or name it with JAVA_HOME in the option env",
            fatal=True,
        )
    elif found.java_error:
        yield Problem(
            message=f"its Java does not work: {found.java_error}",
            remedy=f"try there: {found.java} -version",
            fatal=True,
        )
    if options.master == "yarn":
        yield from _of_yarn(found)
    elif options.master.startswith("spark://"):
        yield from _of_master(found.cluster, options)


def _of_yarn(found: Found) -> Iterator[Problem]:
    cluster = found.cluster
    if not found.hadoop_conf:
        yield Problem(
            message="YARN's settings are not found: HADOOP_CONF_DIR is not set",
            remedy="name their folder with HADOOP_CONF_DIR=… in the option env",
            fatal=True,
        )
    if cluster.error:
        yield Problem(
            message=f"YARN does not answer: {cluster.error}",
            remedy="try there: yarn node -list",
            fatal=True,
        )
    elif not cluster.yarn:
        yield Problem(
            message="there is no yarn program on this host: its nodes cannot be shown, and in "
            "cluster mode a run can neither be ended nor its output be fetched",
            remedy="install Hadoop's client there, or put it on the PATH with the option env",
        )
    elif cluster.workers == 0:
        yield _nobody("YARN has no nodes that run")


def _of_master(cluster: Cluster, options: SparkOptions) -> Iterator[Problem]:
    if cluster.error is not None:
        yield Problem(
            message=f"the master {options.master} does not answer: {cluster.error}",
            remedy="is it up, and the address right as seen from the host that submits?",
            fatal=True,
        )
    elif cluster.workers is None:
        yield Problem(
            message="the web page of the master does not answer, so its workers are not known",
            remedy="name it with the option web_ui, such as http://host:8080",
        )
    elif cluster.workers == 0:
        yield _nobody(f"the master {options.master} has no workers")


def _nobody(message: str) -> Problem:
    return Problem(message=message, remedy="runs wait until there are some: start-worker.sh")
