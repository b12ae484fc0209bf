"""Engines that several modules share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from clusters.livy import LivyServer, livy_server
from clusters.ray import RayCluster
from clusters.slurm import Slurm
from clusters.spark import SparkCluster, spark_cluster
from compute_server import Served, serve
from machines import Machine
from spark_desk import Play, play_in

MachineMaker = Callable[..., Machine]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Jupyter server with the extension, for all tests that do not mind each other's runs."""
    folder = tmp_path_factory.mktemp("served")
    with serve(folder / "home", folder / "compute") as running:
        yield running


@pytest.fixture(scope="session")
def slurm(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slurm]:
    """A Slurm without accounting, for all tests that leave it as it was."""
    engine("slurm")
    with Slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture(scope="session")
def slurm_with_accounting(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slurm]:
    """A Slurm with accounting, for all tests that leave it as it was."""
    engine("slurm")
    with Slurm(tmp_path_factory.mktemp("slurm"), accounting=True) as running:
        yield running


@pytest.fixture
def new_machine(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MachineMaker]:
    """Switch on machines that a test may break; the arguments are those of ``Machine``."""
    with _machines(engine, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def new_lasting_machine(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MachineMaker]:
    """Switch on machines for all tests of a module."""
    with _machines(engine, tmp_path_factory) as make:
        yield make


@pytest.fixture(scope="module")
def ray_cluster(engine: Callable[[str], str]) -> Iterator[RayCluster]:
    """A cluster of Ray for all tests of a module."""
    engine("netns")
    engine("ray")
    with RayCluster() as running:
        yield running


@contextmanager
def _machines(
    engine: Callable[[str], str], folders: pytest.TempPathFactory
) -> Iterator[MachineMaker]:
    engine("netns")
    engine("sshd")
    with ExitStack() as running:

        def make(name: str = "gpu1", **options: Any) -> Machine:
            return running.enter_context(Machine(folders.mktemp(name), name, **options))

        yield make


@pytest.fixture(scope="session")
def spark(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SparkCluster]:
    """A standalone cluster of Spark, for all tests that leave it as it is."""
    engine("spark")
    engine("java")
    with spark_cluster(tmp_path_factory.mktemp("spark")) as running:
        yield running


@pytest.fixture
def play_spark(tmp_path: Path) -> Play:
    """What plays a coroutine with a target of the kind spark."""
    return play_in(tmp_path)


@pytest.fixture(scope="session")
def livy(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LivyServer]:
    """A server of Livy, for all tests that leave it as it is."""
    for name in ("java", "livy", "spark"):
        engine(name)
    with livy_server(tmp_path_factory.mktemp("livy")) as running:
        yield running
