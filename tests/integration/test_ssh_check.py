"""A check of a machine behind SSH tells what is wrong with the machine and with the way there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from machines import Machine, User

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.ssh import SshDriver
from jupyter_compute.model import TargetInfo

QUIET = User("quiet")
LOUD = User("loud", files={".bashrc": "head -c 5000 /dev/zero | tr '\\0' x; echo; sleep 2\n"})
BEHIND_S = 3600


@pytest.fixture(scope="module")
def machine(new_lasting_machine: Callable[..., Machine]) -> Machine:
    return new_lasting_machine(users=(QUIET, LOUD), clock_offset_s=-BEHIND_S, home_mb=64)


def check(machine: Machine, user: User, folder: Path) -> TargetInfo:
    context = DriverContext(target="box", folder=str(folder), default_python=sys.executable)
    options: dict[str, Any] = {"host": machine.alias(user), "config_file": str(machine.ssh_config)}
    driver = SshDriver(context, msgspec.convert(options, SshDriver.Options))

    async def act() -> TargetInfo:
        try:
            await driver.measure()
            return await driver.check()
        finally:
            await driver.close()

    return asyncio.run(act())


def test_login_files_that_print_and_take_their_time_are_told(
    machine: Machine, tmp_path: Path
) -> None:
    info = check(machine, LOUD, tmp_path)
    told = [one.message for one in info.problems]
    assert any("prints 5001 bytes" in one for one in told)
    assert any("or the start of Python, takes" in one for one in told)
    assert "bytes of output" in info.facts["login"]


def test_a_quiet_login_is_no_problem_and_a_small_home_and_a_wrong_clock_are(
    machine: Machine, tmp_path: Path
) -> None:
    info = check(machine, QUIET, tmp_path)
    told = " | ".join(one.message for one in info.problems)
    assert "prints" not in told
    assert "of disk are free" in told
    assert "its clock is 60 min behind" in told
    assert info.facts["folder"].endswith("/.jupyter_compute") and info.facts["round trip"]
    assert all(one.remedy for one in info.problems)
