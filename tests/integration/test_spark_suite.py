"""Spark's own standalone cluster passes the suite that every kind passes.

What a host's agent does by itself, without Spark, is left to the kinds ``local`` and ``ssh``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clusters.spark import SparkCluster

from jupyter_compute.driver import Driver
from jupyter_compute.drivers._host import ProcessPipe
from jupyter_compute.drivers._spark_submit import SubmitDriver
from jupyter_compute.drivers.spark import SparkDriver
from jupyter_compute.testing import DriverSuite

pytestmark = pytest.mark.timeout(600)


class TestStandalone(DriverSuite):
    driver = SparkDriver
    patience_s = 180.0
    spark: SparkCluster

    @pytest.fixture(autouse=True)
    def _submit(self, spark: SparkCluster) -> None:
        self.spark = spark

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {**self.spark.options, "root": str(folder / "root")}

    async def interrupt(self, driver: Driver) -> None:
        """Kill the agent."""
        assert isinstance(driver, SparkDriver) and isinstance(driver.way, SubmitDriver)
        if driver.way.agent is not None:
            pipe = driver.way.agent.pipe
            assert isinstance(pipe, ProcessPipe)
            with contextlib.suppress(ProcessLookupError):
                pipe.process.kill()


# Neither starts a program, or what the program does is nothing to Spark.
_ELSEWHERE = ("uploaded", "every_size", "nothing_is", "any_offset", "read_waits", "other_file")
_ELSEWHERE += ("left_out", "only_go", "nothing_new", "lets_others", "many_jobs", "listed", "same_")
_ELSEWHERE += ("does_not_manage", "does_not_end", "over_or_unknown", "not_there_is")

for _name in [name for name in dir(DriverSuite) if name.startswith("test_")]:
    if any(word in _name for word in _ELSEWHERE):
        setattr(TestStandalone, _name, None)
