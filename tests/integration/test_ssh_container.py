"""A machine without Python: the agent and its runs live in a container there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import container_engines
import pytest
from container_engines import IMAGE, MOUNT, ContainerEngine
from machines import Sshd

from jupyter_compute.driver import Driver
from jupyter_compute.drivers._host import ProcessPipe
from jupyter_compute.drivers.ssh import SshDriver
from jupyter_compute.model import RunState
from jupyter_compute.testing.jobs import rest, say, write
from jupyter_compute.testing.stage import Stage, Subject


@pytest.fixture(scope="module", params=["docker", "podman"])
def containers(
    request: pytest.FixtureRequest,
    engine: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ContainerEngine]:
    start = getattr(container_engines, request.param)
    with start(tmp_path_factory.mktemp("c") / "c", engine(request.param)) as running:
        yield running


class TestAMachineWithoutPython(Subject):
    driver = SshDriver
    sshd: Sshd
    engine: ContainerEngine

    @pytest.fixture(autouse=True)
    def _arrive(
        self, containers: ContainerEngine, engine: Callable[[str], str], tmp_path: Path
    ) -> Iterator[None]:
        engine("sshd")
        self.engine = containers
        variables = " ".join(f'"{name}={value}"' for name, value in containers.env.items())
        home = tmp_path / "sshd" / "home"
        with Sshd(tmp_path / "sshd", options={"SetEnv": f'{variables} "HOME={home}"'}) as self.sshd:
            yield

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        return {
            "host": self.sshd.name,
            "config_file": str(self.sshd.ssh_config),
            "container": IMAGE,
            "container_engine": self.engine.name,
            "container_mounts": [MOUNT],
        }

    async def interrupt(self, driver: Driver) -> None:
        assert isinstance(driver, SshDriver) and driver.agent is not None
        assert isinstance(driver.agent.pipe, ProcessPipe)
        with contextlib.suppress(ProcessLookupError):
            driver.agent.pipe.process.kill()

    def test_runs_outlive_the_connection_to_their_container(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            info = await stage.driver.check()
            assert info.is_usable and info.python
            job = await stage.launch(
                say("one\n"), rest(1.0), say("two\n"), write("outputs/x.txt", "made there")
            )
            await stage.text(job, b"one\n")
            await self.interrupt(stage.driver)
            status = await stage.over(job)
            assert (status.state, status.error) == (RunState.COMPLETED, "")
            assert await stage.whole(job, "log") == b"one\ntwo\n"
            assert await stage.whole(job, "outputs/x.txt") == b"made there"
            assert len(self.engine.containers()) == 1

        play(act)
