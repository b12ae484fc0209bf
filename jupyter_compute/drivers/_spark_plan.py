"""What a run on Spark asks ``spark-submit`` for, from the target's options and the run's own."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from ..errors import LaunchError
from ..model import Distribution, Job, Resources
from ._spark_options import SparkOptions

PLAN = "JUPYTER_COMPUTE_SPARK"
_PYTHON = "{python}"
_KILL_S = 45.0


def spark_job(job: Job, options: SparkOptions) -> Job:
    """Make the job that hands the program of another one to Spark.

    Raises:
        LaunchError: It asks for what Spark does not do.
    """
    if job.resources.distribution is not Distribution.NONE:
        raise LaunchError(
            f"a run on Spark cannot be distributed by {job.resources.distribution.value}",
            hint="Spark itself spreads the work: leave --distribution out",
        )
    plain = Resources(time_limit_min=job.resources.time_limit_min, gpus=job.resources.gpus)
    env = {**options.env, **job.env}
    changes: dict[str, Any] = {"env": env, "resources": plain}
    if job.argv[0] != _PYTHON and not job.argv[0].endswith(".jar"):
        # It may call spark-submit itself.
        return msgspec.structs.replace(job, **changes)
    plan = plan_of(job, options)
    plan["variables"] = sorted({*job.env, *job.secret_env})
    changes["env"] = {**env, PLAN: json.dumps(plan)}
    words = job.argv[1:] if job.argv[0] == _PYTHON else job.argv
    changes["argv"] = (_PYTHON, "-m", "jupyter_compute_run.spark", *words)
    if options.deploy_mode == "cluster":
        # YARN's own program takes seconds to begin.
        changes["grace_s"] = max(job.grace_s, _KILL_S)
    return msgspec.structs.replace(job, **changes)


def plan_of(job: Job, options: SparkOptions) -> dict[str, Any]:
    """Say what the far end needs to know besides the program."""
    return {
        "master": options.spark_master,
        "deploy_mode": options.deploy_mode,
        "home": options.spark_home,
        "web": options.web_ui,
        "executor_python": options.executor_python,
        "jars": options.jars,
        "py_files": options.py_files,
        "words": _words(job, options),
        "conf": settings_of(job.resources, options),
    }


def settings_of(resources: Resources, options: SparkOptions) -> dict[str, str]:
    """Return Spark's settings: what a run asks for comes before what the target says."""
    count = resources.nodes * resources.processes_per_node
    memory = resources.memory_gb
    sizes = {
        "spark.driver.memory": f"{math.ceil(memory * 1024)}m" if memory else options.driver_memory,
        "spark.driver.cores": math.ceil(resources.cpus) if resources.cpus else options.driver_cores,
        "spark.executor.instances": count if count > 1 else options.executors,
        "spark.executor.memory": options.executor_memory,
        "spark.executor.cores": options.executor_cores,
        "spark.cores.max": _total(count, options),
        "spark.yarn.queue": options.queue,
    }
    given = {name: str(value) for name, value in sizes.items() if value}
    return {**options.conf, **given}


def _total(count: int, options: SparkOptions) -> int | None:
    """Return the cores of all executors: a standalone cluster counts by these."""
    executors = count if count > 1 else options.executors
    if options.total_cores is None and executors and options.master.startswith("spark://"):
        return executors * (options.executor_cores or 1)
    return options.total_cores


def _words(job: Job, options: SparkOptions) -> list[str]:
    lists = {
        "--jars": options.jars,
        "--py-files": options.py_files,
        "--packages": options.packages,
        "--repositories": options.repositories,
    }
    listed = [word for name, values in lists.items() if values for word in (name, ",".join(values))]
    name = job.name or job.run_id
    return [
        *["--master", options.spark_master, "--deploy-mode", options.deploy_mode],
        *["--name", name if not name.startswith("-") else f"run {name}"],
        *(["--proxy-user", options.proxy_user] if options.proxy_user else []),
        *listed,
        *options.submit_args,
    ]
