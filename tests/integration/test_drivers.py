"""Every driver that needs no engine passes the suite that third parties get."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_compute.driver import Driver
from jupyter_compute.drivers._host import ProcessPipe
from jupyter_compute.drivers.local import LocalDriver
from jupyter_compute.testing import DriverSuite, FakeDriver


class TestFake(DriverSuite):
    driver = FakeDriver

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {"engine": str(folder), "folder": str(folder / "engine")}


class TestLocal(DriverSuite):
    driver = LocalDriver

    async def interrupt(self, driver: Driver) -> None:
        kill_agent(driver)


class TestLocalWithoutInotify(DriverSuite):
    """What is told through inotify elsewhere; the rest of the suite takes no notice of it."""

    driver = LocalDriver

    def make_driver(self, folder: Path) -> Driver:
        driver = super().make_driver(folder)
        assert isinstance(driver, LocalDriver)
        driver.hello = {"inotify": False}
        return driver


_HELD = ("held", "follower", "waits", "twice_cancels", "states", "nothing_new")

for _name in [name for name in dir(DriverSuite) if name.startswith("test_")]:
    if not any(word in _name for word in _HELD):
        setattr(TestLocalWithoutInotify, _name, None)


def kill_agent(driver: Driver) -> None:
    """Kill the agent of a driver, if one runs."""
    assert isinstance(driver, LocalDriver)
    if driver.agent is not None:
        pipe = driver.agent.pipe
        assert isinstance(pipe, ProcessPipe)
        with contextlib.suppress(ProcessLookupError):
            pipe.process.kill()
