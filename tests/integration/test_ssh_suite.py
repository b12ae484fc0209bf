"""A machine behind SSH passes the suites that every kind passes, however one logs in to it."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from machines import Machine, User, oldest_python

from jupyter_compute.driver import Driver, DriverContext
from jupyter_compute.drivers._host import ProcessPipe
from jupyter_compute.drivers.ssh import SshDriver
from jupyter_compute.model import Question
from jupyter_compute.testing import DriverSuite, JobSuite

ADA = User("ada")
# All at once: spaces and letters of the world in the path, another shell, and one that talks.
ZOE = User(
    "zoë",
    home="/home/ünï cödé/zoë's",
    shell="/usr/bin/fish",
    passphrase="open sesame",
    files={".config/fish/config.fish": "echo Welcome to the cluster; echo careful >&2\n"},
)
TIM = User(
    "tim",
    shell="/usr/bin/tcsh",
    login=("password",),
    password="pass wörd",
    files={".cshrc": "echo Welcome, tim\n"},
)
DAN = User("dan", login=("password", "code"))
EVERYBODY = (ADA, ZOE, TIM, DAN)


@pytest.fixture(scope="module")
def town(new_lasting_machine: Callable[..., Machine]) -> Machine:
    return new_lasting_machine(users=EVERYBODY)


@pytest.fixture(scope="module")
def village(new_lasting_machine: Callable[..., Machine], town: Machine) -> Machine:
    """What can only be reached through the town: old, narrow, and with a wrong clock."""
    limits = {"MaxSessions": "1"}
    options = {"behind": town, "sshd_options": limits, "clock_offset_s": 7200}
    return new_lasting_machine("village", python=oldest_python(), **options)


class OnTown:
    """A target on a machine that the tests of this module share, in a folder of its own."""

    driver = SshDriver
    user = ADA
    town: Machine

    @pytest.fixture(autouse=True)
    def _arrive(self, town: Machine) -> None:
        self.town = town

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        root = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        return {
            "host": self.town.alias(self.user),
            "config_file": str(self.town.ssh_config),
            "root": f"~/suite {root}",
        }


class ByQuestions(OnTown):
    """The login asks, and somebody answers."""

    def make_driver(self, folder: Path) -> Driver:
        async def answer(question: Question) -> str | None:
            if question.type == "confirm":
                return "yes"
            if "One-time" in question.message:
                return self.town.code(self.user)
            if "passphrase" in question.message:
                return self.user.passphrase
            return self.user.password

        context = DriverContext(
            target="suite",
            folder=str(folder / "target"),
            default_python=sys.executable,
            ask=answer,
        )
        return SshDriver(context, msgspec.convert(self.target_options(folder), SshDriver.Options))


class TestJobs(OnTown, JobSuite):
    pass


class TestKey(OnTown, DriverSuite):
    async def interrupt(self, driver: Driver) -> None:
        """Kill the near end of the pipe."""
        assert isinstance(driver, SshDriver)
        if driver.agent is not None:
            pipe = driver.agent.pipe
            assert isinstance(pipe, ProcessPipe)
            with contextlib.suppress(ProcessLookupError):
                pipe.process.kill()


class TestPassphrase(ByQuestions, DriverSuite):
    """With a key file, as another user in odd places."""

    user = ZOE

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {**super().target_options(folder), "key_file": str(self.town.key(ZOE))}

    async def interrupt(self, driver: Driver) -> None:
        """Kill the agent."""
        assert isinstance(driver, SshDriver)
        if driver.agent is not None:
            for process in self.town.processes():
                if process.pid == driver.agent.hello["pid"]:
                    process.kill()


class TestPassword(ByQuestions, DriverSuite):
    """By address, port and user, to a machine that is not known yet."""

    user = TIM

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        config = folder / "config"
        config.write_text(f'UserKnownHostsFile "{folder}/known_hosts"\nIdentityAgent none\n')
        return {
            **super().target_options(folder),
            "config_file": str(config),
            "host": self.town.address,
            "port": 22,
            "user": TIM.name,
        }

    async def interrupt(self, driver: Driver) -> None:
        """Kill what serves the login there."""
        uid = 1001 + EVERYBODY.index(TIM)
        for process in self.town.processes():
            if process.name == "sshd" and process.uid == uid:
                process.kill()


class TestJump(OnTown, DriverSuite):
    """Through another machine."""

    @pytest.fixture(autouse=True)
    def _go_on(self, village: Machine) -> None:
        self.village = village

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        there = {"host": self.village.alias(), "config_file": str(self.village.ssh_config)}
        return {**super().target_options(folder), **there}

    async def interrupt(self, driver: Driver) -> None:
        """Kill what serves the login on the way."""
        for process in self.town.processes():
            if process.name == "sshd" and process.uid == 1001:
                process.kill()


class TestCode(ByQuestions, DriverSuite):
    """A password and a one-time code, which every new connection asks for."""

    user = DAN


for _name in [name for name in dir(DriverSuite) if name.startswith("test_")]:
    if not any(word in _name for word in ("check", "whole_once", "uploaded")):
        setattr(TestCode, _name, None)
