"""A product whose runs are jobs of a Slurm, and what can befall such a cluster."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters.slurm import Slurm, SlurmJob
from machines import Process
from survivors import Stage, children_of, until

from jupyter_compute.model import Run


class SlurmStage(Stage):
    """A workspace and a cluster that see the same files.

    Args:
        home: The workspace.
        slurm: The cluster; its variables are those of this process already.
        settings: Lines of the workspace's settings.
        options: More options of the target.
    """

    def __init__(self, home: Path, slurm: Slurm, *, settings: str = "", **options: Any) -> None:
        self.slurm = slurm
        self.root = home.parent / "shared"
        where = {"source": home.parent / "source", "target": "lab", "settings": settings}
        super().__init__(home, home.parent / "place", **where)
        self.client.attach(self.target, "slurm", {"root": str(self.root), **options})

    def attempt(self, run: Run) -> Path:
        return self.root / "runs" / run.id / str(run.attempt)

    def jobs(self, run: Run) -> list[SlurmJob]:
        """List the jobs of a run that the cluster remembers, oldest first."""
        return [job for job in self.slurm.jobs() if run.id in job.name + job.comment]

    def until_job(self, run: Run, *states: str) -> SlurmJob:
        """Wait until the newest job of a run is in one of some states."""

        def look() -> SlurmJob | None:
            self.care()
            found = self.jobs(run)
            return found[-1] if found and found[-1].state in states else None

        return until(look, f"{run.name} {states}")

    def until_reason(self, run: Run, words: str) -> Run:
        """Wait until the product says something about a run that is not over."""

        def look() -> Run | None:
            self.care()
            found = self.client.run(run.id)
            assert not found.is_final, found
            return found if words in found.reason else None

        return until(look, f"that {run.name} is {words}")

    def node_of(self, run: Run) -> str:
        return self.until_job(run, "RUNNING").nodes

    def agent(self) -> int | None:
        """Find the agent: the controller's child that runs an archive which the nodes see, too."""
        controller = self.controller()
        for child in children_of(controller) if controller else ():
            with contextlib.suppress(OSError):
                if b"/agent/runner-" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return child
        return None

    def keeper(self, run: Run) -> int | None:
        """Find the keeper of a run that is not over, by what it says about itself."""
        process = self._keeper(run)
        return process.host_pid if process else None

    def _keeper(self, run: Run) -> Process | None:
        folder = self.attempt(run)
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(json.loads((folder / "state.json").read_bytes())["pid"])
            if not (folder / "exit.json").exists():
                there = self.slurm.processes(self.jobs(run)[-1].nodes)
                return next((process for process in there if process.pid == pid), None)
        return None

    def check_facts(self, run: Run, *, attempt: int, starts: int, lines: int) -> None:
        """Check a run that ended well after something ended it before."""
        facts = (run.state.value, run.exit_code, run.error, run.attempt)
        assert facts == ("completed", 0, "", attempt), (run, self.controller_log())
        assert self.note("starts", run.name) == starts * b"start\n", run
        assert self.note("ends", run.name) == b"end\n", run
        text = b"".join(b"%s says %06d\n" % (run.name.encode(), n) for n in range(lines))
        assert self.client.log(run.id) == text, run

    def ssh(self) -> int | None:
        """Find the near end of the connection: the controller's child that is ssh."""
        controller = self.controller()
        for child in children_of(controller) if controller else ():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text() == "ssh\n":
                    return child
        return None


@contextlib.contextmanager
def stages_of(
    slurm: Slurm, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., SlurmStage]]:
    """Set up workspaces on a cluster; the arguments are those of ``SlurmStage``."""
    stages: list[SlurmStage] = []

    def set_up(**options: Any) -> SlurmStage:
        home = folder / f"user{len(stages)}" / "home"
        home.parent.mkdir()
        stages.append(SlurmStage(home, slurm, **options))
        return stages[-1]

    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    slurm.commands.forget()
    try:
        yield set_up
    finally:
        slurm.commands.heal()
        for stage in stages:
            stage.close()
        slurm.cancel_all()


def fill(slurm: Slurm, *options: str) -> int:
    """Keep all nodes busy; returns the job that does."""
    words = ["--parsable", "--job-name=filler", "--nodes=2", "--exclusive", "--output=/dev/null"]
    told = slurm.run("sbatch", *words, *options, "--wrap", "sleep 1000")
    number = int(told.split(";")[0])
    until(lambda: slurm.state(number) == "RUNNING", "that all nodes are busy")
    return number
