"""What every test may lean on: a workspace of its own, and engines that must be there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

# Where a change is judged, the same cases are tried each time: a rare case that a change did not
# bring about is for those who can look at it, and they try new cases with every run.
hypothesis.settings.register_profile("judge", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.load_profile("judge" if os.environ.get("CI") else "explore")

ENGINES = Path(__file__).parents[1] / ".engines"
_ENGINES = {
    "chromium": ("chromium", "chromium-browser"),
    "git": ("git",),
    "hdfs": (str(ENGINES / "hdfs" / "start"),),
    "livy": (str(ENGINES / "livy" / "start"),),
    "netns": ("nsenter",),
    "node": ("node",),
    "ray": (str(ENGINES / "ray" / "bin" / "ray"),),
    "slurm": ("slurmctld", "/usr/sbin/slurmctld"),
    "spark": (str(ENGINES / "spark" / "bin" / "spark-submit"),),
    "sshd": ("sshd", "/usr/sbin/sshd"),
    "uv": ("uv",),
    "yarn": (str(ENGINES / "yarn" / "start"),),
}
_REQUIRED = "chromium,docker,git,hdfs,livy,mpirun,netns,node,podman,ray,slurm,spark,sshd,uv,yarn"
_FOR_ROOT = ("docker", "netns", "podman", "slurm")

# With them come interfaces of this machine's, and go: Chromium then gives up what it was loading.
_MACHINES = {"new_machine", "new_lasting_machine", "ray_cluster"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin, and keep browsers and machines apart, as workers go along."""
    unquiet = {item.path for item in items if _MACHINES & set(getattr(item, "fixturenames", ()))}

    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith("tests/ui/"):
            return 0
        if item.path in unquiet:
            return 2
        return 1 if item.nodeid.startswith("tests/integration/") else 3

    items.sort(key=place)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test away from the user's own workspace, targets and git settings."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(folder / "compute"))
    monkeypatch.setenv("JUPYTER_COMPUTE_SITE", str(folder / "no-site.toml"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("JPY_SESSION_NAME", "JPY_PARENT_PID", "JUPYTER_COMPUTE_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def engine() -> Callable[[str], str]:
    """Find a program that a test runs for real.

    One that is named in ``JUPYTER_COMPUTE_REQUIRE`` must be there: a missing one is a failure.
    """

    def find(name: str) -> str:
        for program in _ENGINES.get(name, (name,)):
            path = shutil.which(program)
            if path and not (name in _FOR_ROOT and os.geteuid() != 0):
                return path
        missing = "only for root" if name in _FOR_ROOT else "not on PATH"
        required = os.environ.get("JUPYTER_COMPUTE_REQUIRE", _REQUIRED).split(",")
        if name in required:
            pytest.fail(f"{name} is required by JUPYTER_COMPUTE_REQUIRE and is {missing}")
        pytest.skip(f"{name} is {missing}")

    return find
