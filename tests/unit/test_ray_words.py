"""What is said to Ray and what it says, without a cluster."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from jupyter_compute.drivers import _ray_check, _ray_jobs, _ray_packages, _ray_watch
from jupyter_compute.drivers._frames import check_readable
from jupyter_compute.drivers._parcel import Order, Parcel
from jupyter_compute.drivers._ray_api import last_words
from jupyter_compute.drivers._ray_options import RayOptions
from jupyter_compute.errors import ConfigError
from jupyter_compute.model import (
    CondaEnvironment,
    ImageEnvironment,
    Job,
    PackagesEnvironment,
    PythonEnvironment,
    Resources,
    RunState,
)

ADDRESS = "http://head:8265"


def options(**fields: Any) -> RayOptions:
    return msgspec.convert({"address": ADDRESS, **fields}, RayOptions)


def job(**fields: Any) -> Job:
    return Job(run_id="r1", argv=("x",), snapshot_id="", digests=(), **fields)


def body(of: Job, *, pad: str = "", version: str = "2.60.0", **fields: Any) -> dict[str, Any]:
    order = Order(parcel=Parcel(name="f" * 64, data=b""), pad=pad)
    return _ray_jobs.submission(of, options(**fields), order, ["a" * 64], version)


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"address": "ray://head:10001"}, "dashboard"),
        ({"address": "head:10001"}, "ray:// clients"),
        ({"address": "head:6379"}, "own processes"),
        ({"address": "ftp://head"}, "no address"),
        ({"address": ""}, "no address"),
        ({"address": "http://head:port"}, "no address"),
        ({"address": "http://me:secret@head:8265"}, "headers"),
        ({"token": "abcdef0123"}, "env:NAME"),
        ({"headers": {"Authorization": "Bearer abc"}}, "is a secret"),
        ({"headers": {"a b": "c"}}, "no header"),
        ({"resources": {"TPU": 0}}, "above 0"),
        ({"cpus": -1}, "cpus"),
        ({"slots": 0}, "slots"),
    ],
)
def test_an_option_that_is_wrong_is_refused_and_a_secret_not_shown(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=words) as caught:
        options(**fields)
    assert not any(secret in str(caught.value) for secret in ("abcdef", "Bearer abc", "me:secret"))


@pytest.mark.parametrize(
    "address",
    ["http://head:8265", "head:8265", "http://HEAD:8265/"],
)
def test_one_dashboard_has_one_resource_id(address: str) -> None:
    assert options(address=address).resource_id == "ray+http://head:8265"


def test_a_run_reserves_what_it_asks_for_and_else_what_the_target_says() -> None:
    assert body(job())["entrypoint_num_cpus"] == 1
    assert "entrypoint_num_cpus" not in body(job(), cpus=0)
    asked = Resources(cpus=2, processes_per_node=3, gpus=1, memory_gb=1.5)
    found = body(job(resources=asked), resources={"TPU": 4})
    assert found["entrypoint_num_cpus"] == 6 and found["entrypoint_num_gpus"] == 1
    assert found["entrypoint_memory"] == 1_500_000_000
    assert found["entrypoint_resources"] == {"TPU": 4}
    assert found["submission_id"] == "r1-1"


def test_the_snapshot_travels_by_packages_and_the_pad_by_another_way() -> None:
    found = body(job(), pad="cGFk", env={"HTTPS_PROXY": "http://proxy"})["runtime_env"]
    assert found["working_dir"] == f"gcs://_ray_pkg_{'f' * 64}.zip"
    assert found["py_modules"] == [f"gcs://_ray_pkg_{'a' * 64}.zip"]
    assert found["env_vars"]["HTTPS_PROXY"] == "http://proxy"
    assert found["env_vars"]["JUPYTER_COMPUTE_PAD"] == "cGFk"
    assert "env_vars" not in body(job())["runtime_env"]


PACKAGES = PackagesEnvironment(requirements=("numpy>=1.26", "tqdm"))
LOCKED = PackagesEnvironment(files={"pyproject.toml": "", "uv.lock": ""})


@pytest.mark.parametrize(
    "environment, version, fields, expected",
    [
        (PythonEnvironment(), "2.60.0", {}, {}),
        (PACKAGES, "2.60.0", {}, {"uv": {"packages": ["numpy>=1.26", "tqdm"]}}),
        (
            PACKAGES,
            "2.9.3",
            {},
            {"pip": {"packages": ["numpy>=1.26", "tqdm"], "pip_check": False}},
        ),
        (
            PACKAGES,
            "2.60.0",
            {"package_tool": "pip"},
            {"pip": {"packages": ["numpy>=1.26", "tqdm"], "pip_check": False}},
        ),
        (LOCKED, "2.60.0", {}, {}),
        (ImageEnvironment(image="python:3.12"), "2.60.0", {}, {}),
        (
            CondaEnvironment(text="dependencies:\n  - numpy\n  - pip:\n    - tqdm\n"),
            "2.60.0",
            {},
            {"conda": {"dependencies": ["numpy", {"pip": ["tqdm"]}]}},
        ),
    ],
)
def test_an_environment_is_rays_where_ray_knows_such_a_one(
    environment: Any, version: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    of = job(environment=environment)
    assert _ray_jobs.environment_of(of, options(**fields), version) == expected
    changes = _ray_jobs.changes_of(of, options(python="/opt/python", **fields), "")
    # What Ray has built is not built once more by the keeper; its interpreter is found there.
    assert ("environment" in changes) == bool(expected)
    assert changes["python"] == ("" if expected else "/opt/python")


def test_more_than_one_node_is_refused_with_a_way_to_have_them() -> None:
    with pytest.raises(ConfigError, match="2 nodes") as caught:
        body(job(resources=Resources(nodes=2)))
    assert "ray.init()" in caught.value.hint


@pytest.mark.parametrize(
    "message, words",
    [
        (
            "Job has not started yet. It may be waiting for resources (CPUs, GPUs, memory, custom "
            "resources) to become available. It may be waiting for the runtime environment to be "
            "set up.",
            "PENDING: waiting for 2 CPUs, or for its environment to be set up",
        ),
        (
            "Job has not started yet. It may be waiting for the runtime environment to be set up.",
            "PENDING: waiting for its environment to be set up",
        ),
        ("", "PENDING"),
    ],
)
def test_why_a_job_waits_is_told(message: str, words: str) -> None:
    assert _ray_jobs.pending_words({"message": message}, "2 CPUs") == words


@pytest.mark.parametrize(
    "info, is_lost, state, requeue, words",
    [
        ({"status": "STOPPED"}, False, RunState.CANCELED, False, "canceled"),
        ({"status": "SUCCEEDED", "driver_exit_code": 0}, False, RunState.COMPLETED, False, ""),
        (
            {
                "status": "FAILED",
                "driver_exit_code": 125,
                "message": "Job entrypoint command failed with exit code 125, last available logs "
                "(truncated to 20,000 chars):\nsomething",
            },
            False,
            RunState.FAILED,
            False,
            "Job entrypoint command failed with exit code 125",
        ),
        (
            {
                "status": "FAILED",
                "error_type": "JOB_SUPERVISOR_ACTOR_DIED",
                "message": "Job supervisor actor died: The node was terminated",
            },
            True,
            RunState.FAILED,
            True,
            "the node of the run was lost: Job supervisor actor died: The node was terminated",
        ),
        (
            {
                "status": "FAILED",
                "error_type": "JOB_SUPERVISOR_ACTOR_START_TIMEOUT",
                "message": "Job supervisor actor failed to start within 900.0 seconds.",
            },
            False,
            RunState.FAILED,
            True,
            "Ray gave up waiting for room: Job supervisor actor failed to start within 900.0 "
            "seconds.",
        ),
        (
            {
                "status": "FAILED",
                "error_type": "RUNTIME_ENV_SETUP_FAILURE",
                "message": "runtime_env setup failed: no such package",
            },
            False,
            RunState.FAILED,
            False,
            "the environment could not be set up: runtime_env setup failed: no such package",
        ),
    ],
)
def test_an_end_by_rays_word_is_told_as_that(
    info: dict[str, Any], is_lost: bool, state: RunState, requeue: bool, words: str
) -> None:
    found = _ray_jobs.verdict_of(info, is_node_lost=is_lost)
    assert (found.state, found.requeue, found.error) == (state, requeue, words)


def test_of_a_traceback_the_last_line_is_told() -> None:
    text = 'Traceback (most recent call last):\n  File "x"\nValueError: no such thing.\n.\n'
    assert last_words(text) == "no such thing."
    assert last_words("<html><b>Not   found</b></html>") == "Not found"


def test_a_run_that_fits_no_node_is_known_before_it_is_sent() -> None:
    nodes = [{"resources_total": {"CPU": 2, "memory": 8e9}}, {"resources_total": {"CPU": 4}}]
    assert _ray_check.largest_gap(_ray_jobs.Needs(cpus=4), nodes) == ""
    assert "GPU" in _ray_check.largest_gap(_ray_jobs.Needs(gpus=1), nodes)
    assert _ray_check.largest_gap(_ray_jobs.Needs(cpus=64), []) == ""


def test_blobs_are_looked_for_in_few_parcels() -> None:
    noted = {"a": ("1", "2", "3"), "b": ("3", "4"), "c": ("4",), "d": ("9",)}
    assert _ray_packages._cover({"1", "2", "3", "4"}, noted) == ["a", "b"]
    assert _ray_packages._cover({"5"}, noted) == []


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 300_000])
def test_what_an_older_ray_adds_to_a_file_is_taken_away(size: int) -> None:
    data = bytes(number % 251 for number in range(size))
    added = b"".join(b"1" + data[at : at + 65536] for at in range(0, size, 65536))
    assert _ray_watch.bare(data, size) == data
    assert _ray_watch.bare(added, size) == data
    assert _ray_watch.bare(b"[get_logs] Fetch log error: gone", 500) == b""


@pytest.mark.parametrize(
    "name",
    ["job.json", "../log", "/etc/passwd", "work/job.py", "", "outputs", "outputs/../log", "logs/"],
)
def test_no_other_file_can_be_named(name: str) -> None:
    with pytest.raises(ConfigError):
        check_readable(name)
