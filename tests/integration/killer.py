"""What befalls the product: processes killed in a seed's order, and disks without room."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from survivors import PATIENCE_S, Stage

from jupyter_compute.errors import ConflictError
from jupyter_compute.model import Run

LINES = 60
SEED = int(os.environ.get("SURVIVAL_SEED", "20"))


def kill(pid: int) -> None:
    """Kill a process of a test for real; one that has just ended is dead enough."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Killer:
    """Kills processes of a stage in an order that its seed decides.

    Args:
        stage: Whose processes.
        seed: Of the order and of the pauses.
        keepers: How many keepers may be killed.
        cancels: How many runs may be canceled meanwhile.
    """

    def __init__(self, stage: Stage, seed: int, *, keepers: int, cancels: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.keepers = keepers
        self.cancels = cancels
        self.killed: list[str] = []
        self.bereaved: set[str] = set()
        self.canceled: set[str] = set()

    def strike(self) -> None:
        """Kill one of those that are there, after a pause."""
        time.sleep(self.random.uniform(0.0, 0.2))
        self.stage.care()
        kind = self.random.choice(["controller", "agent", "agent", "keeper", "cancel"])
        agent = self.stage.agent()
        if kind == "keeper":
            self._strike_keeper()
        elif kind == "cancel":
            self._cancel()
        elif kind == "agent" and agent is not None:
            self._kill(kind, agent)
        elif kind == "controller" and (agent is not None or self.random.random() < 0.2):
            controller = self.stage.controller()
            if controller is not None:
                self._kill(kind, controller)

    def _kill(self, kind: str, pid: int) -> None:
        kill(pid)
        self.killed.append(kind)

    def _strike_keeper(self) -> None:
        keepers = {run.name: pid for run in self._active() if (pid := self.stage.keeper(run))}
        if keepers and len(self.bereaved) < self.keepers:
            name = self.random.choice(sorted(keepers))
            self._kill("keeper", keepers[name])
            self.bereaved.add(name)

    def _cancel(self) -> None:
        runs = self._active()
        if runs and len(self.canceled) < self.cancels:
            run = self.random.choice(runs)
            with contextlib.suppress(ConflictError):
                self.stage.client.cancel(run.id, "somebody")
                self.canceled.add(run.name)

    def _active(self) -> list[Run]:
        spared = self.bereaved | self.canceled
        runs = self.stage.runs().values()
        active = [run for run in runs if not run.is_final and run.name not in spared]
        return sorted(active, key=lambda run: run.name)


def survive(stage: Stage, killer: Killer, *, count: int, kills: int) -> None:
    """Have two front ends submit at once, and kill until enough are killed or all is over."""
    fronts = {prefix: stage.start_front_end(prefix, count, LINES) for prefix in ("a", "b")}
    wanted = {f"{prefix}-{number:02}" for prefix in fronts for number in range(count)}
    while len(killer.killed) < kills and not is_over(stage, wanted):
        killer.strike()
        for prefix, front in fronts.items():
            is_spared = killer.killed.count("front end") >= 5 or killer.random.random() > 0.2
            if front.poll() is None and not is_spared:
                kill(front.pid)
                front.wait()
                killer.killed.append("front end")
            if front.poll() not in (None, 0):
                fronts[prefix] = stage.start_front_end(prefix, count, LINES)
    for front in fronts.values():
        assert front.wait(PATIENCE_S) == 0
    print(len(killer.killed), "killed:", *killer.killed, "; canceled:", *sorted(killer.canceled))
    runs = stage.runs()
    assert set(runs) == wanted
    ids = [run.id for run in runs.values()]
    for run in stage.over(*ids):
        if run.name in killer.bereaved:
            stage.check_bereaved(run, LINES)
        elif run.name in killer.canceled:
            stage.check_canceled(run, LINES)
        else:
            stage.check_whole(run, LINES)
    assert stage.processes_of(*ids) == []


def is_over(stage: Stage, wanted: set[str]) -> bool:
    runs = stage.runs()
    return set(runs) == wanted and all(run.is_final for run in runs.values())


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount a small file system of its own."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not everywhere")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


class Filler:
    """Fills the disk of a folder to its last page."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "filler"

    def fill(self, but: int = 0) -> None:
        with open(self.path, "ab", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            file.truncate(max(0, file.seek(0, os.SEEK_END) - but))

    def empty(self) -> None:
        self.path.unlink(missing_ok=True)
