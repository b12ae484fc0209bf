"""A Slurm passes the suites that every kind passes, from its login node and through SSH."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from clusters.slurm import Slurm
from machines import Sshd

from jupyter_compute.driver import Driver
from jupyter_compute.drivers._host import ProcessPipe
from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.testing import DriverSuite, JobSuite


@pytest.fixture(scope="module")
def login_node(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("login"), "login1", env=slurm.env) as sshd:
        yield sshd


class OnSlurm:
    """A target in a folder of its own, whose name is odd."""

    driver = SlurmDriver

    @pytest.fixture(autouse=True)
    def _find(self, slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        for name, value in slurm.env.items():
            monkeypatch.setenv(name, value)
        yield
        slurm.cancel_all()

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {"root": f"{folder}/a %j 'root' \\ “ü”"}

    async def interrupt(self, driver: Driver) -> None:
        """Kill the near end of the pipe."""
        assert isinstance(driver, SlurmDriver)
        if driver.agent is not None:
            pipe = driver.agent.pipe
            assert isinstance(pipe, ProcessPipe)
            with contextlib.suppress(ProcessLookupError):
                pipe.process.kill()


class ThroughSsh(OnSlurm):
    """Here nobody knows of the cluster; whoever logs in does."""

    login_node: Sshd

    @pytest.fixture(autouse=True)
    def _find(self, slurm: Slurm, login_node: Sshd) -> Iterator[None]:
        self.login_node = login_node
        yield
        slurm.cancel_all()

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        root = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        host = {"host": self.login_node.name, "config_file": str(self.login_node.ssh_config)}
        return {**host, "root": f"{self.login_node.home}/suite {root}"}


class TestHere(OnSlurm, DriverSuite):
    pass


@pytest.mark.long
class TestThroughSsh(ThroughSsh, DriverSuite):
    """The login and the queue are tested apart from each other everyday."""


class TestJobsHere(OnSlurm, JobSuite):
    pass


class TestJobsThroughSsh(ThroughSsh, JobSuite):
    pass
