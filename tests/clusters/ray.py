"""A cluster of Ray in namespaces of its own, behind a wire that can be cut."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from machines.network import Link
from machines.processes import Process, processes_beside

PROGRAM = Path(
    os.environ.get("OLDRAY") or Path(__file__).parent.parent.parent / ".engines/ray/bin/ray"
)
PORT = 8265
_PATIENCE_S = 120.0
# It ends when whoever made it is gone, however they went, and all others end with it.
_INIT = """
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
sys.stdin.read()
"""
_ENV = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_DOCKER_CPU_WARNING": "1",
    "RAY_COLOR_PREFIX": "0",
    # The user's own token has no place here.
    "RAY_AUTH_MODE": "disabled",
    # What cannot be installed is not tried again.
    "RUNTIME_ENV_RETRY_TIMES": "1",
    # A node that is gone is noticed soon.
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_health_check_initial_delay_ms": "500",
}


class RayCluster:
    """A head and more nodes, all of them processes of this machine that have their own network.

    Args:
        cpus: How many cores the head says it has.
        token: The token that it wants.
        env: More environment variables for Ray's processes.
    """

    def __init__(
        self, *, cpus: int = 2, token: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.cpus = cpus
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        auth = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {}
        self.env = {**_ENV, **auth, **(env or {})}
        # The paths of Ray's sockets have little room.
        self.folder = Path(tempfile.mkdtemp(prefix="jcr", dir="/tmp"))
        self._outer: subprocess.Popen[str] | None = None
        self._init = 0
        self._link: Link | None = None
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def link(self) -> Link:
        if self._link is None:
            self._link = Link()
        return self._link

    @property
    def address(self) -> str:
        return f"http://{self.link.address}:{PORT}"

    def __enter__(self) -> RayCluster:
        try:
            self._open()
            self.start_head()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all its processes; nothing is there afterwards."""
        if self._outer is not None:
            assert self._outer.stdin and self._outer.stdout
            self._outer.stdin.close()
            self._outer.wait(_PATIENCE_S)
            self._outer.stdout.close()
            self._outer = None
        for process in self._started:
            process.wait(_PATIENCE_S)
        if self._link is not None:
            self._link.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> None:
        kinds = ("--net", "--pid", "--mount", "--mount-proc", "--uts", "--ipc")
        self._outer = subprocess.Popen(
            ["unshare", *kinds, "--fork", "--kill-child", sys.executable, "-ISc", _INIT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._outer.stdout and self._outer.stdout.readline() == "ready\n"
        outer = self._outer.pid
        self._init = int(Path(f"/proc/{outer}/task/{outer}/children").read_text())
        self.link.lay(self._init)

    def start_head(self) -> None:
        """Start the head; its dashboard takes jobs when this returns."""
        words = (
            "--head",
            *("--port", "6379", "--num-cpus", str(self.cpus)),
            *("--dashboard-host", "0.0.0.0", "--dashboard-port", str(PORT)),
            *("--temp-dir", str(self.folder / "t")),
        )
        # Whatever takes and keeps jobs is started with the first one.
        self._start_until(lambda: self.answers() and self._takes_jobs(), *words)

    def _takes_jobs(self) -> bool:
        body = json.dumps({"entrypoint": "true"}).encode()
        headers = {**self.headers, "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + "/api/jobs/", body, headers)
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=60) as answer:
            return bool(json.load(answer)["submission_id"])
        return False

    def start_node(self, cpus: int = 1, resources: str = "{}") -> subprocess.Popen[bytes]:
        """Start one more node; returns the process that holds it."""
        before = self.nodes()
        return self._start_until(
            lambda: self.nodes() > before,
            "--block",
            # Each node of a cluster has this port to itself, and these share a machine.
            *("--dashboard-agent-listen-port", str(52366 + len(self._started))),
            *("--address", f"{self.link.address}:6379", "--num-cpus", str(cpus)),
            *("--resources", resources),
        )

    def kill_node(self, started: subprocess.Popen[bytes]) -> None:
        """Kill a node with all that runs on it, as a loss of power does."""
        found = {process.host_pid: process for process in self.processes()}
        # What has left the family is known by the raylet that it belongs to.
        family = {started.pid}
        while True:
            more = {pid for pid, one in found.items() if one.host_parent in family} - family
            if not more:
                break
            family |= more
        for pid in family:
            if pid in found:
                found[pid].kill()

    def kill_head(self) -> None:
        """Kill every process of the cluster."""
        for process in self.processes():
            process.kill()
        self.until(lambda: not self.processes(), "processes go on")

    def kill_dashboard(self) -> list[str]:
        """Kill the dashboard alone; returns the command that starts it again."""
        found = [one for one in self.processes() if _is_dashboard(one)]
        # The processes of its modules are its children, and end with it.
        argv = next(list(one.argv) for one in found if "--host" in " ".join(one.argv))
        for process in found:
            process.kill()
        return argv

    def start_dashboard(self, argv: list[str]) -> None:
        """Start a dashboard that was killed; it takes jobs when this returns."""
        with (self.folder / "said").open("ab") as said:
            started = subprocess.Popen(
                self.command(*argv),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                env={**os.environ, **self.env},
            )
        self._started.append(started)
        self.until(self.answers, "the dashboard does not answer")

    def processes(self) -> list[Process]:
        """List what runs there."""
        return processes_beside(self._init) if self._init else []

    def processes_of(self, word: str) -> list[Process]:
        """List those with a word in their command."""
        return [process for process in self.processes() if word in process.argv]

    def command(self, *argv: str) -> list[str]:
        """Return the command that runs something there."""
        return ["nsenter", "--all", "--target", str(self._init), *argv]

    def ask(self, path: str) -> Any:
        """Ask the dashboard, from here."""
        request = urllib.request.Request(self.address + path, headers=self.headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        """Whether the dashboard takes jobs."""
        try:
            return isinstance(self.ask("/api/jobs/"), list)
        except (OSError, ValueError):
            return False

    def nodes(self) -> int:
        """How many nodes are alive."""
        try:
            found = self.ask("/api/v0/nodes")["data"]["result"]["result"]
        except (OSError, ValueError, LookupError, TypeError):
            return 0
        return sum(node["state"] == "ALIVE" for node in found)

    def until(self, reached: Callable[[], Any], complaint: str) -> Any:
        """Wait for something."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := reached()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{complaint}: {self.said()}")
            time.sleep(0.1)
        return found

    def said(self) -> str:
        """What its processes have printed."""
        with contextlib.suppress(OSError):
            return (self.folder / "said").read_text(errors="replace")[-4000:]
        return ""

    def _start_until(self, reached: Callable[[], Any], *words: str) -> subprocess.Popen[bytes]:
        """Start a node until it is there: Ray gives up by itself where the machine is busy."""
        started = self._start(*words)

        def look() -> bool:
            nonlocal started
            # A head leaves its processes behind once it is there.
            if started.poll() not in (None, 0):
                if "--head" in words:
                    # What it had started so far would be in the way of the next one.
                    self.kill_head()
                started = self._start(*words)
            return bool(reached())

        self.until(look, "the node does not come")
        return started

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                self.command(
                    *(str(PROGRAM), "start", "--disable-usage-stats"),
                    *("--node-ip-address", self.link.address),
                    *("--object-store-memory", "80000000", *words),
                ),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                env={**os.environ, **self.env},
            )
        self._started.append(process)
        return process


def _is_dashboard(process: Process) -> bool:
    return any("dashboard/dashboard.py" in word for word in process.argv)
