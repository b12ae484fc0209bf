"""A product whose runs are on a machine behind SSH, and what can befall such a machine."""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

from killer import Killer
from machines import Machine, Process
from survivors import Stage, submit

from jupyter_compute.client import Client
from jupyter_compute.model import Run, RunFilter

LIVELY = "ServerAliveInterval 1\nServerAliveCountMax 2\nConnectTimeout 3\n"
"""What somebody with a bad line has in ``~/.ssh/config``."""


class RemoteStage(Stage):
    """A workspace here, a machine there, and a place for notes on its disk.

    Args:
        home: The workspace.
        machine: Where the runs go; it is on.
        options: More options of the target.
    """

    def __init__(self, home: Path, machine: Machine, **options: Any) -> None:
        self.machine = machine
        there = "/var/notes"
        place = machine.root / there[1:]
        super().__init__(home, place, there=there, source=home.parent / "source", target="gpu-box")
        place.chmod(0o777)
        self.root = f"{machine.users[0].folder}/.jupyter_compute"
        config = home / "ssh_config"
        config.write_text(LIVELY + machine.ssh_config.read_text())
        host = {"host": machine.alias(), "config_file": str(config)}
        self.client.attach(self.target, "ssh", {**host, **options})

    def attempt(self, run: Run) -> Path:
        return self.machine.path(self.root) / "runs" / run.id / str(run.attempt)

    def agent(self) -> int | None:
        """Find the agent: what sshd has started that runs our archive."""
        there = self.machine.processes()
        names = {process.host_pid: process.name for process in there}
        for process in there:
            is_ours = any("/agent/runner-" in word for word in process.argv)
            if is_ours and names.get(process.host_parent) == "sshd":
                return process.host_pid
        return None

    def keeper(self, run: Run) -> int | None:
        """Find the keeper of a run that is not over, by what it says about itself."""
        folder = self.attempt(run)
        with contextlib.suppress(OSError, ValueError):
            pid = int(json.loads((folder / "state.json").read_bytes())["pid"])
            if not (folder / "exit.json").exists():
                return next(p.host_pid for p in self.machine.processes() if p.pid == pid)
        return None

    def ssh(self) -> int | None:
        """Find the near end: the controller's child that is ssh."""
        controller = self.controller()
        for entry in Path("/proc").iterdir() if controller else ():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and (entry / "comm").read_text() == "ssh\n":
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[1]) == controller:
                        return int(entry.name)
        return None

    def sessions(self) -> list[Process]:
        """List the processes that serve a login."""
        listener = self.machine.listener()
        return [p for p in self.machine.processes() if p.name == "sshd" and p.pid != listener]


class RemoteKiller(Killer):
    """Kills on both sides of the wire, and cuts it."""

    stage: RemoteStage

    def strike(self) -> None:
        time.sleep(self.random.uniform(0.0, 0.2))
        self.stage.care()
        kind = self.random.choice(
            ["controller", "agent", "keeper", "keeper", "cancel", "ssh", "session", "sshd", "cut"]
        )
        strike = {
            "cancel": self._cancel,
            "cut": self._cut,
            "keeper": self._wait_for_a_keeper,
            "sshd": self._strike_sshd,
        }.get(kind)
        if strike:
            strike()
        elif pid := self._victim(kind):
            self._kill(kind, pid)

    def _victim(self, kind: str) -> int | None:
        """Wait for the connection, and choose whom to kill."""
        end = time.monotonic() + 3
        while self.stage.agent() is None:
            if time.monotonic() > end:
                return None
            time.sleep(0.01)
        if kind == "session":
            sessions = self.stage.sessions()
            return self.random.choice(sessions).host_pid if sessions else None
        find = {"agent": self.stage.agent, "controller": self.stage.controller}
        return find.get(kind, self.stage.ssh)()

    def _wait_for_a_keeper(self) -> None:
        count, end = len(self.bereaved), time.monotonic() + 3
        while count == len(self.bereaved) < self.keepers and time.monotonic() < end:
            self._strike_keeper()

    def _strike_sshd(self) -> None:
        self.stage.machine.kill_sshd()
        time.sleep(self.random.uniform(0.0, 0.3))
        self.stage.machine.start_sshd()
        self.killed.append("sshd")

    def _cut(self) -> None:
        self.stage.machine.cut()
        time.sleep(self.random.uniform(0.0, 0.5))
        self.stage.machine.heal()
        self.killed.append("cut")


class Cutter:
    """Cuts the wire in the midst of what runs do, and heals it.

    Args:
        stage: Whose wire.
        seed: Of when and for how long.
    """

    PHASES = ("queued", "preparing", "running", "finalizing")

    def __init__(self, stage: RemoteStage, seed: int) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.cuts: Counter[str] = Counter()
        self.away_s = 0.0

    def cut(self, phase: str) -> None:
        """Wait until a run is in the phase, and cut then."""
        end = time.monotonic() + 60
        while phase not in self._phases():
            assert time.monotonic() < end, f"no run is {phase}"
            time.sleep(0.002)
        time.sleep(self.random.choice((0.0, self.random.uniform(0, 0.05))))
        away_s = self.random.choice([0.0, 0.05, 0.1, 0.2, 0.3])
        if self.random.random() < 0.05:
            away_s = self.random.uniform(1.0, 4.0)
        self.stage.machine.cut()
        time.sleep(away_s)
        self.stage.machine.heal()
        self.cuts[phase] += 1
        self.away_s += away_s

    def _phases(self) -> set[str]:
        return {run.state.value for run in self.stage.runs().values() if not run.is_final}


class Submitter:
    """Somebody who submits new files all the time, while fewer than a number of runs are active."""

    def __init__(self, stage: RemoteStage, *, active: int, lines: int, many: int) -> None:
        self.stage = stage
        self.active = active
        self.lines = lines
        self.many = many
        self.names: list[str] = []
        self.is_over = False

    def work(self) -> None:
        data = random.Random(1)
        with Client(self.stage.home) as client:
            while not self.is_over:
                runs = client.runs(RunFilter(limit=1000)).runs
                if sum(not run.is_final for run in runs) >= self.active:
                    time.sleep(0.01)
                    continue
                (self.stage.source / "data.bin").write_bytes(data.randbytes(4_000_000))
                name = f"run-{len(self.names):03}"
                submit(
                    client,
                    self.stage.source,
                    self.stage.there,
                    name,
                    self.lines,
                    target=self.stage.target,
                    env={"MANY": str(self.many)},
                )
                self.names.append(name)
