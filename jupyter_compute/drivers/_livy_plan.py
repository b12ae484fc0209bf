"""What Livy is asked for: the body of a batch, from a job and the target's options."""

from __future__ import annotations

import math
from typing import Any

from msgspec import structs

from jupyter_compute_run.spark import watching, within

from ..errors import LaunchError
from ..model import Distribution, ImageEnvironment, Job, Resources
from ._spark_options import SparkOptions
from ._spark_plan import settings_of

_PYTHON = "{python}"

# Livy knows these by fields of their own, and some servers refuse them as settings.
_FIELDS = {
    "spark.driver.memory": "driverMemory",
    "spark.driver.cores": "driverCores",
    "spark.executor.memory": "executorMemory",
    "spark.executor.cores": "executorCores",
    "spark.executor.instances": "numExecutors",
    "spark.yarn.queue": "queue",
}
_NUMBERS = frozenset({"driverCores", "executorCores", "numExecutors"})
_DEFAULTS = {
    # A driver that YARN started anew could only find that the run has been taken.
    "spark.yarn.maxAppAttempts": "1",
    # Building an environment takes its time, and some programs never begin a session.
    "spark.yarn.am.waitTime": "7d",
    "spark.ui.showConsoleProgress": "false",
}


def prepared(job: Job, options: SparkOptions) -> Job:
    """Make the job that the far end keeps.

    Raises:
        LaunchError: It asks for what cannot be had through Livy.
    """
    if job.resources.distribution is not Distribution.NONE:
        raise _refusal(
            f"a run on Spark cannot be distributed by {job.resources.distribution.value}",
            "Spark itself spreads the work: leave --distribution out",
        )
    if isinstance(job.environment, ImageEnvironment):
        raise _refusal(
            f"the image {job.environment.image!r} cannot be used through Livy",
            "an environment of packages, or a setting such as spark.kubernetes.container.image",
        )
    if job.argv[0].endswith(".jar"):
        raise _refusal(
            f"{job.argv[0]!r} is not Python, and only Python is submitted through Livy",
            "name the jar with the option jars and call it from a Python program, or reach "
            "Spark by the option host",
        )
    if options.submit_args:
        raise _refusal(
            f"Livy takes no words for spark-submit: {' '.join(options.submit_args)}",
            "say the same with the option conf",
        )
    resources = Resources(time_limit_min=job.resources.time_limit_min)
    changes: dict[str, Any] = {"resources": resources, "env": {**options.env, **job.env}}
    if job.argv[0] == _PYTHON:
        changes["env"][within.MARK] = _mark(job)
        changes["argv"] = (_PYTHON, "-m", within.__name__, *job.argv[1:])
    return structs.replace(job, **changes)


def body_of(job: Job, options: SparkOptions, **given: Any) -> dict[str, Any]:
    """Write the batch.

    Args:
        job: As it was asked for.
        options: Of the target.
        given: Fields that say where our own files are.
    """
    settings = {**_DEFAULTS, **settings_of(job.resources, options), watching.MARK: _mark(job)}
    if options.executor_python:
        settings.setdefault("spark.pyspark.python", options.executor_python)
    if options.packages:
        settings.setdefault("spark.jars.packages", ",".join(options.packages))
    if options.repositories:
        settings.setdefault("spark.jars.repositories", ",".join(options.repositories))
    fields: dict[str, Any] = {}
    for setting, field in _FIELDS.items():
        value = settings.pop(setting, "")
        if value:
            fields[field] = _number(value) if field in _NUMBERS else value
    if options.proxy_user:
        fields["proxyUser"] = options.proxy_user
    if options.jars:
        fields["jars"] = list(options.jars)
    if options.py_files:
        fields["pyFiles"] = list(options.py_files)
    return {**fields, **given, "conf": settings}


def _mark(job: Job) -> str:
    return f"{job.run_id}-{job.attempt}"


def _number(value: str) -> int | str:
    try:
        return math.ceil(float(value))
    except ValueError:
        return value


def _refusal(message: str, hint: str) -> LaunchError:
    return LaunchError(message, hint=hint, kind="spark")
