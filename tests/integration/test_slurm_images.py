"""Images on the nodes of a real Slurm, where Apptainer runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import container_engines
import pytest
from clusters.slurm import Slurm
from container_engines import MOUNT

from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.model import Distribution, ImageEnvironment, Resources, RunState, Secret
from jupyter_compute.testing.stage import Stage, Subject

RANK = """
import os, signal, socket, time
here = [os.environ.get(name, "-") for name in ("RANK", "WORLD_SIZE", "KEY")]
open(f"outputs/{here[0]}", "w").write("made")

def tidy(*_):
    # It may hear it twice: of Slurm, and of who stands between.
    os.write(1, b"tidied\\n")
    os._exit(0)

signal.signal(signal.SIGTERM, tidy)
# The machine has this folder, the image has it not.
print(*here, socket.gethostname(), os.path.exists("/opt"), flush=True)
time.sleep(1000 if os.path.exists("wait") else 0)
"""


class TestImages(Subject):
    driver = SlurmDriver

    @pytest.fixture(autouse=True)
    def _arrive(
        self, slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        for name, value in slurm.env.items():
            monkeypatch.setenv(name, value)
        self.engine = container_engines.apptainer(tmp_path / "apptainer")
        yield
        slurm.cancel_all()

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        found = os.path.dirname(self.engine.path)
        return {
            "root": f"{folder}/a root",
            "prologue": f"export PATH={found}:$PATH",
            "container_mounts": [MOUNT],
        }

    def asked(self, **resources: Any) -> dict[str, Any]:
        return {
            "argv": ("{python}", "rank.py"),
            "environment": ImageEnvironment(image=self.engine.image),
            "resources": Resources(**resources),
            "secret_env": {"KEY": Secret("hush")},
        }

    def test_every_rank_on_every_node_runs_in_the_image(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            changes = self.asked(nodes=2, processes_per_node=2, distribution=Distribution.PYTORCH)
            job = await stage.launch(files={"rank.py": RANK.encode()}, changes=changes)
            status = await stage.over(job)
            log = (await stage.whole(job, "log")).decode()
            assert status.state is RunState.COMPLETED, (status, log)
            said = sorted(line for line in log.splitlines() if line.startswith("["))
            assert said == [f"[{rank}] {rank} 4 hush n{1 + rank // 2} False" for rank in range(4)]
            for rank in range(4):
                assert await stage.whole(job, f"outputs/{rank}") == b"made"

        play(act)

    def test_a_cancel_is_heard_on_all_nodes(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            files = {"rank.py": RANK.encode(), "wait": b""}
            changes = self.asked(nodes=2, distribution=Distribution.PYTORCH)
            job = await stage.launch(files=files, changes=changes)
            for node in (b"n1", b"n2"):
                await stage.text(job, node)
            await stage.driver.cancel(job)
            status = await stage.over(job)
            assert status.state is RunState.CANCELED
            said = (await stage.whole(job, "log")).splitlines()
            assert {b"[0] tidied", b"[1] tidied"} <= set(said), said

        play(act)

    def test_a_cancel_is_heard_by_the_program_in_the_image(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            files = {"rank.py": RANK.encode(), "wait": b""}
            job = await stage.launch(files=files, changes=self.asked())
            await stage.text(job, b"- - hush n")
            await stage.driver.cancel(job)
            status = await stage.over(job)
            assert status.state is RunState.CANCELED
            assert (await stage.whole(job, "log")).endswith(b"tidied\n")

        play(act)
