"""A job in Ray's words: what is submitted, and what Ray says about it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct

from ..errors import ConfigError, DriverError, DriverNotInstalledError
from ..model import (
    CondaEnvironment,
    Job,
    JobStatus,
    PackagesEnvironment,
    RunState,
)
from ..runner.solo import PAD
from ._parcel import RUNNER, Order
from ._ray_api import last_words
from ._ray_options import RayOptions
from ._ray_packages import uri_of

METADATA = "jupyter_compute"
TERMINAL = ("SUCCEEDED", "FAILED", "STOPPED")
_GIGABYTE = 10**9
_UV_SINCE = (2, 43)

START = f"""\
import os
import sys

for path in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    archive = os.path.join(path, {RUNNER!r})
    if os.path.exists(archive):
        sys.path.insert(0, archive)
        break
else:
    sys.exit("the runner is not among the packages of this job")

from runner import on_ray

on_ray.main()
"""
"""The program that a job begins with; it stands in its working folder."""

START_NAME = "start_run.py"

# The interpreter of Ray's own worker is there on every node, whatever is on the PATH.
ENTRYPOINT = (
    'python=$(readlink "/proc/$PPID/exe"); '
    'case "$python" in *python*) ;; *) python=$(command -v python3 || command -v python) ;; esac; '
    f'exec "$python" -I -S {START_NAME}'
)


def submission_id(job: Job) -> str:
    """Return what Ray calls an attempt of a run."""
    return f"{job.run_id}-{job.attempt}"


def version_of(text: str) -> tuple[int, ...]:
    """Read a version such as ``2.60.0`` or ``3.0.0.dev0``."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


class Needs(Struct, frozen=True, kw_only=True):
    """What a run reserves on one node."""

    cpus: float = 0.0
    gpus: float = 0.0
    memory: int = 0
    resources: dict[str, float] = {}

    def lacking(self, totals: Mapping[str, float]) -> str:
        """Say what a node with these resources has too little of; empty if it has enough."""
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory, **self.resources}
        for name, count in wanted.items():
            if count > totals.get(name, 0.0):
                return f"{_count(name, count)}, and it has {_count(name, totals.get(name, 0.0))}"
        return ""

    def __str__(self) -> str:
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory, **self.resources}
        return ", ".join(_count(name, count) for name, count in wanted.items() if count)


def needs_of(job: Job, options: RayOptions) -> Needs:
    """Return what a job reserves."""
    asked = job.resources
    if asked.nodes > 1:
        raise ConfigError(
            f"the run asks for {asked.nodes} nodes, and a job of Ray begins on one",
            hint="leave --nodes out, and let the run use the others by ray.init() and its tasks",
        )
    cpus = options.cpus if asked.cpus is None else asked.cpus * asked.processes_per_node
    return Needs(
        cpus=cpus,
        gpus=asked.gpus,
        memory=math.ceil((asked.memory_gb or 0.0) * _GIGABYTE),
        resources=options.resources,
    )


def submission(
    job: Job, options: RayOptions, order: Order, packages: Collection[str], version: str
) -> dict[str, Any]:
    """Make the body of a submission.

    Args:
        job: What is to run.
        options: The target's.
        order: The job's parcel, which is the working folder.
        packages: The names of the others: the runner, and blobs.
        version: Ray's own.
    """
    needs = needs_of(job, options)
    variables = dict(options.env)
    if order.pad:
        variables[PAD] = order.pad
    environment = {
        "working_dir": uri_of(order.parcel.name),
        "py_modules": [uri_of(name) for name in packages],
        **environment_of(job, options, version),
    }
    if variables:
        environment["env_vars"] = variables
    body: dict[str, Any] = {
        "entrypoint": ENTRYPOINT,
        "submission_id": submission_id(job),
        "runtime_env": environment,
        "metadata": {METADATA: f"{job.run_id} {job.attempt}", "name": _plain(job.name)},
    }
    if needs.cpus:
        body["entrypoint_num_cpus"] = needs.cpus
    if needs.gpus:
        body["entrypoint_num_gpus"] = needs.gpus
    if needs.memory:
        body["entrypoint_memory"] = needs.memory
    if needs.resources:
        body["entrypoint_resources"] = needs.resources
    return body


def environment_of(job: Job, options: RayOptions, version: str) -> dict[str, Any]:
    """Return the part of Ray's runtime environment that our environment stands for."""
    found = job.environment
    if isinstance(found, CondaEnvironment):
        return {"conda": _conda(found)}
    if not is_built_by_ray(job):
        return {}
    assert isinstance(found, PackagesEnvironment)
    tool = options.package_tool or ("uv" if version_of(version) >= _UV_SINCE else "pip")
    packages: dict[str, Any] = {"packages": list(found.requirements)}
    if tool == "pip":
        packages["pip_check"] = False
    return {tool: packages}


def is_built_by_ray(job: Job) -> bool:
    """Tell whether Ray installs the packages, so that the run's tasks have them as well.

    It does not know lock files; what they say is built by the run's keeper.
    """
    found = job.environment
    if isinstance(found, PackagesEnvironment):
        return bool(found.requirements) and not found.files
    return isinstance(found, CondaEnvironment)


def changes_of(job: Job, options: RayOptions, channel: str) -> dict[str, Any]:
    """Return what an order says otherwise than its job."""
    limit = f"{options.outputs_limit_mb:g}"
    changes: dict[str, Any] = {
        "env": {**options.env, "JUPYTER_COMPUTE_OUTPUTS_LIMIT_MB": limit, **job.env},
        "ray": {"root": options.root, "channel": channel},
        "python": options.python,
    }
    if is_built_by_ray(job):
        changes["environment"] = {"type": "python", "interpreter": ""}
        changes["python"] = ""
    return changes


def words_of(info: Mapping[str, Any]) -> str:
    """Return what Ray says about a job, in one line."""
    message = str(info.get("message") or "")
    # The end of the job's own log follows, which is here anyway.
    return last_words(message.partition("last available logs")[0].rstrip(" ,"))


def pending_words(info: Mapping[str, Any], needs: str) -> str:
    """Say why a job has not started."""
    words = words_of(info)
    if "resources" in words and needs:
        return f"PENDING: waiting for {needs}, or for its environment to be set up"
    if "environment" in words:
        return "PENDING: waiting for its environment to be set up"
    return f"PENDING: {words}" if words else "PENDING"


def verdict_of(info: Mapping[str, Any], *, is_node_lost: bool) -> JobStatus:
    """Say how a job ended by Ray's word alone, where the far end did not tell."""
    status, words = str(info.get("status")), words_of(info)
    kind = str(info.get("error_type") or "")
    code = info.get("driver_exit_code")
    state, requeue = RunState.FAILED, False
    if status == "STOPPED":
        state, error = RunState.CANCELED, "canceled"
    elif status == "SUCCEEDED":
        state, error = RunState.COMPLETED, ""
    elif is_node_lost:
        error, requeue = f"the node of the run was lost: {words}", True
    elif kind == "JOB_SUPERVISOR_ACTOR_START_TIMEOUT":
        error, requeue = f"Ray gave up waiting for room: {words}", True
    elif kind == "RUNTIME_ENV_SETUP_FAILURE":
        error = f"the environment could not be set up: {words}"
    else:
        error = words or f"Ray says {status}"
    return JobStatus(
        state=state,
        reason=f"{status}: {kind}" if kind else status,
        error=error,
        exit_code=code if isinstance(code, int) and status != "STOPPED" else None,
        ended=_seconds(info.get("end_time")),
        requeue=requeue,
    )


def _conda(environment: CondaEnvironment) -> Any:
    try:
        import yaml  # noqa: PLC0415 - only whoever has an environment.yml needs it
    except ImportError as exc:
        raise DriverNotInstalledError(
            "environment.yml can only be read with PyYAML",
            hint="pip install pyyaml",
            kind="ray",
        ) from exc
    try:
        found = yaml.safe_load(environment.text)
        return json.loads(json.dumps(found))
    except (yaml.YAMLError, TypeError, ValueError) as exc:
        raise DriverError(f"environment.yml is no YAML: {exc}", kind="ray") from exc


def _count(name: str, count: float) -> str:
    if name == "memory":
        return f"{count / _GIGABYTE:.3g} GB of memory"
    number = f"{count:g}"
    return f"{number} {name}{'s' if name in ('CPU', 'GPU') and number != '1' else ''}"


def _plain(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text)[:200]


def _seconds(value: Any) -> float | None:
    return value / 1000 if isinstance(value, (int, float)) and value > 0 else None
