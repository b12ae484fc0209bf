"""Spark behind a real Livy server passes the suite that every kind passes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from clusters.gateway import Gateway, password
from clusters.livy import LivyServer

from jupyter_compute.driver import Driver, DriverContext
from jupyter_compute.drivers.spark import SparkDriver
from jupyter_compute.errors import ComputeError
from jupyter_compute.options import read_options
from jupyter_compute.testing import DriverSuite
from jupyter_compute.testing.jobs import say
from jupyter_compute.testing.stage import Stage

PASSWORD = "op3n sesame"


@pytest.fixture(scope="module")
def gateway(livy: LivyServer) -> Iterator[Gateway]:
    with Gateway(livy.url, password("ada", PASSWORD)).running() as gateway:
        yield gateway


class TestLivy(DriverSuite):
    """By a gateway that wants a password, as a cluster in a cloud has one."""

    driver = SparkDriver
    livy: LivyServer
    gateway: Gateway

    @pytest.fixture(autouse=True)
    def _arrive(self, livy: LivyServer, gateway: Gateway) -> None:
        self.livy, self.gateway = livy, gateway

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        (self.livy.staging / name).mkdir(exist_ok=True)
        return {
            "livy": self.gateway.url,
            "livy_user": "ada",
            "livy_password": "env:LIVY_PASSWORD",
            "staging": f"file:{self.livy.staging}/{name}",
            "conf": {"spark.ui.enabled": "false"},
        }

    def make_driver(self, folder: Path) -> Driver:
        async def reveal(reference: str) -> str:
            assert reference == "env:LIVY_PASSWORD"
            return PASSWORD

        context = DriverContext(
            target="suite",
            folder=str(folder / "target"),
            default_python=sys.executable,
            reveal=reveal,
        )
        return SparkDriver(context, read_options(SparkDriver.Options, self.target_options(folder)))

    @pytest.mark.parametrize("name", ["job.json"])
    def test_no_other_file_can_be_named(self, play: Any, name: str) -> None:
        """One job is enough for all names: each takes a Java of its own."""

        async def act(stage: Stage) -> None:
            job = await stage.launch(say("done\n"))
            for wrong in (name, "../log", "/etc/passwd", "work/job.py", ""):
                with pytest.raises(ComputeError):
                    await stage.driver.read(job, wrong, 0)

        play(act)

    async def interrupt(self, driver: Driver) -> None:
        """Cut every connection."""
        self.gateway.cut()
