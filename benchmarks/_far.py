"""A machine behind ssh to measure with: an sshd of ours, at any distance."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._agent import Answer
from jupyter_compute.drivers.ssh import SshDriver, SshOptions

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from machines.sshd import Sshd


class Counted(SshDriver):
    """Counts what it asks of its agent."""

    asked: list[str]

    def __init__(self, context: DriverContext, options: SshOptions) -> None:
        super().__init__(context, options)
        self.asked = []

    async def _ask(self, head: Any, **more: Any) -> Answer:
        self.asked.append(head["op"])
        return await super()._ask(head, **more)


class Far:
    """The machine.

    Args:
        folder: For all that is written on both sides.
        round_trip_ms: How far away it is.
    """

    def __init__(self, folder: Path, round_trip_ms: float) -> None:
        self.folder = folder
        self.round_trip_ms = round_trip_ms
        self._sshd = Sshd(folder / "sshd")
        self._relay: subprocess.Popen[str] | None = None
        self._drivers = 0

    def __enter__(self) -> Self:
        self._sshd.start()
        self._relay = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks._relay"),
                *(str(self._sshd.port), str(self.round_trip_ms / 2)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = self._answer()
        config = self._sshd.ssh_config.read_text().replace(str(self._sshd.port), port)
        self.config.write_text(config)
        known = self._sshd.known_hosts.read_text().replace(str(self._sshd.port), port)
        self._sshd.known_hosts.write_text(known)
        return self

    def __exit__(self, *_: object) -> None:
        self.ssh_master("exit", check=False)
        if self._relay is not None:
            self._relay.communicate()
        self._sshd.stop()

    def _answer(self) -> str:
        assert self._relay is not None and self._relay.stdout is not None
        return self._relay.stdout.readline().strip()

    @property
    def config(self) -> Path:
        return self.folder / "config"

    @property
    def home(self) -> Path:
        return self._sshd.home

    @property
    def name(self) -> str:
        return self._sshd.name

    @property
    def options(self) -> dict[str, str]:
        """The target's options."""
        return {"host": self.name, "config_file": str(self.config)}

    def bytes(self) -> int:
        """How many bytes have passed so far, both ways."""
        there, back, _ = self._counted()
        return there + back

    def connections(self) -> int:
        """How many connections there have been so far."""
        return self._counted()[2]

    def _counted(self) -> list[int]:
        assert self._relay is not None and self._relay.stdin is not None
        self._relay.stdin.write("\n")
        self._relay.stdin.flush()
        return [int(word) for word in self._answer().split()]

    def driver(self) -> Counted:
        """A driver that has connected to nothing yet."""
        self._drivers += 1
        folder = str(self.folder / f"near{self._drivers}")
        context = DriverContext(target="far", folder=folder, default_python=sys.executable)
        return Counted(context, SshOptions(**self.options))

    def forget(self) -> None:
        """Make it a machine that has never been heard of us."""
        shutil.rmtree(self.home)
        self.home.mkdir()

    # -- plain OpenSSH -------------------------------------------------------------------------

    @property
    def ssh(self) -> str:
        """The words of a new connection, for a shell."""
        return f"ssh -F {self.config}"

    @property
    def through_master(self) -> str:
        """The words of a command over the open ControlMaster."""
        return f"{self.ssh} -o ControlPath={self.folder / 'master'}"

    def open_master(self) -> None:
        """Open a connection for plain commands, as rsync's users do."""
        run(f"{self.through_master} -o ControlMaster=yes -fN {self.name}")

    def ssh_master(self, word: str, *, check: bool = True) -> None:
        command = f"{self.through_master} -O {word} {self.name}"
        subprocess.run(command, shell=True, check=check, capture_output=True)


@contextmanager
def far(folder: Path, round_trip_ms: float) -> Iterator[Far]:
    """A machine with an open ControlMaster."""
    folder.mkdir(parents=True)
    with Far(folder, round_trip_ms) as machine:
        machine.open_master()
        yield machine


def run(command: str) -> None:
    """Run a line of shell whose output does not matter."""
    subprocess.run(
        command,
        shell=True,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


async def run_aside(command: str) -> None:
    """Do so while this loop goes on."""
    await asyncio.to_thread(run, command)


def timed(act: Callable[[], object]) -> float:
    """Return how many milliseconds it took."""
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1e3


def row(
    what: str, ours: float, other: float | None = None, bound: float | None = None, unit: str = "ms"
) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 2),
        "other": None if other is None else round(other, 2),
        "ratio": None if other is None else round(ours / other, 3),
        "bound": bound,
        "unit": unit,
    }
