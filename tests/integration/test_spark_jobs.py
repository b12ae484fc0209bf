"""Runs on Spark go the whole way: store, controller, driver, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clusters.spark import PYTHON, variables

from jupyter_compute.drivers.spark import SparkDriver
from jupyter_compute.testing import JobSuite

pytestmark = pytest.mark.timeout(600)


class TestJobs(JobSuite):
    driver = SparkDriver

    @pytest.fixture(autouse=True)
    def _spark(self, engine: Any) -> None:
        engine("spark")

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        env = variables(folder / "spark")
        return {"master": "local[1]", "python": PYTHON, "env": env}


# What is between the store and a host's agent is the same for every kind.
_SPARKS_OWN = ("second_controller", "exit_code", "canceled", "under_logs")

for _name in [name for name in dir(JobSuite) if name.startswith("test_")]:
    if not any(word in _name for word in _SPARKS_OWN):
        setattr(TestJobs, _name, None)
