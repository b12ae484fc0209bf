"""The kind keeps what every kind promises, and what is particular to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_compute_spool import SpoolDriver, spool

from jupyter_compute.testing import DriverSuite, JobSuite


def make_queue(folder: Path, slots: int = 4) -> Mapping[str, Any]:
    queue = folder / "a queue"
    assert spool.main(["init", str(queue), "--slots", str(slots)]) == 0
    return {"queue": str(queue)}


class TestDriver(DriverSuite):
    """What every driver does, whatever breaks."""

    driver = SpoolDriver

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return make_queue(folder)


class TestJobs(JobSuite):
    """What every user sees."""

    driver = SpoolDriver

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return make_queue(folder)
