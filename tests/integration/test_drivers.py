"""Every driver that needs no engine passes the suite that third parties get."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_compute.driver import Driver
from jupyter_compute.drivers.local import LocalDriver
from jupyter_compute.testing import FakeDriver
from jupyter_compute.testing.suite import DriverSuite


class TestFake(DriverSuite):
    driver = FakeDriver

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {"engine": str(folder), "folder": str(folder / "engine")}


class TestLocal(DriverSuite):
    driver = LocalDriver

    async def interrupt(self, driver: Driver) -> None:
        kill_agent(driver)


class TestLocalWithoutInotify(DriverSuite):
    driver = LocalDriver

    def make_driver(self, folder: Path) -> Driver:
        driver = super().make_driver(folder)
        assert isinstance(driver, LocalDriver)
        driver.hello = {"inotify": False}
        return driver


def kill_agent(driver: Driver) -> None:
    """Kill the agent of a driver, if one runs."""
    assert isinstance(driver, LocalDriver)
    if driver.agent is not None:
        os.kill(driver.agent.hello["pid"], signal.SIGKILL)
