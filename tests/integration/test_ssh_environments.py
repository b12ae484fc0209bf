"""Environments on a machine behind SSH that has neither uv nor an index of packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from machines import Machine, User

from jupyter_compute.drivers._tools import ProgramFile, find_own_uv, offer
from jupyter_compute.drivers.ssh import SshDriver
from jupyter_compute.model import PackagesEnvironment, RunState
from jupyter_compute.testing.jobs import say
from jupyter_compute.testing.stage import Stage, Subject

ADA = User("ada")
PACKAGES = {"environment": PackagesEnvironment()}


class TestEnvironments(Subject):
    driver = SshDriver
    machine: Machine

    @pytest.fixture(autouse=True)
    def _arrive(self, new_machine: Callable[..., Machine], engine: Callable[[str], str]) -> None:
        engine("uv")
        self.machine = new_machine(users=(ADA,))

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        config = str(self.machine.ssh_config)
        return {"host": self.machine.alias(ADA), "config_file": config, "env": {"UV_OFFLINE": "1"}}

    def test_uv_is_brought_along_once(self, play: Any) -> None:
        path = find_own_uv()
        assert path is not None
        program = ProgramFile(path)

        async def act(stage: Stage) -> None:
            job = await stage.launch(say("hello\n"), changes=PACKAGES)
            status = await stage.over(job)
            log = (await stage.whole(job, "log")).decode()
            assert status.state is RunState.COMPLETED, (status, log)
            assert log.startswith("$ uv venv ") and log.endswith("hello\n")

            answer = await stage.driver._call(offer(program))  # type: ignore[attr-defined]
            assert answer.head == {"wanted": False}

        play(act)

    def test_without_it_venv_builds(self, play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self, "target_options", self._without_uv)

        async def act(stage: Stage) -> None:
            job = await stage.launch(say("hello\n"), changes=PACKAGES)
            status = await stage.over(job)
            log = (await stage.whole(job, "log")).decode()
            assert status.state is RunState.COMPLETED, (status, log)
            assert log.startswith("$ python -m venv\n")

        play(act)

    def _without_uv(self, folder: Path) -> Mapping[str, Any]:
        return {**TestEnvironments.target_options(self, folder), "bring_uv": False}
