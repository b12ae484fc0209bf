"""A real Slurm on one machine: its nodes have names, processes and boots of their own."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from machines import Process
from machines.processes import processes_beside

from . import slurm_files as files
from .commands import Commands

_PATIENCE_S = 60.0
_LONGEST_PATH = 70  # sockets lie below
_PR_SET_PDEATHSIG = 1
_UNSHARE = ("unshare", "--pid", "--mount", "--uts", "--fork", "--kill-child", "--mount-proc")
_COMMANDS = ("sbatch", "squeue", "sacct", "scancel", "scontrol", "sinfo", "sacctmgr", "srun")


class SlurmJob(NamedTuple):
    """A job as the controller of the cluster knows it."""

    id: int
    name: str
    state: str
    reason: str
    nodes: str
    comment: str
    restarts: int
    partition: str


class Slurm:
    """A cluster of its own, used as root. Needs root; nothing of it outlives who started it.

    The nodes share all files with this machine, but no process: what runs there has a pid that
    means nothing here, and ends with its node.

    Args:
        folder: A folder of its own with a short path.
        nodes: How many; they are ``n1``, ``n2`` …
        accounting: Whether there is a slurmdbd, with the account ``lab`` beside ``root``.
        settings: Settings of slurm.conf that hold rather than ours; None takes one out.
        partitions: What is said of each partition, beside or in place of ours.

    Attributes:
        commands: The clients, counted; ``env`` leads to them.
        env: The variables with which clients find this cluster.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int = 2,
        *,
        accounting: bool = False,
        settings: Mapping[str, object] | None = None,
        partitions: Mapping[str, str] | None = None,
    ) -> None:
        assert len(str(folder)) <= _LONGEST_PATH, f"{folder} is too long for sockets"
        self.folder = folder
        self.nodes = tuple(f"n{number + 1}" for number in range(nodes))
        self.accounting = accounting
        self.conf = folder / "slurm.conf"
        self._settings = dict(settings or {})
        self._partitions = {**files.PARTITIONS, **(partitions or {})}
        self._ports = _free_ports(2 + nodes)
        self._marks: list[str] = []
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "commands", *(f"spool.{node}" for node in self.nodes)):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.commands = Commands(folder / "commands", _COMMANDS)
        self.env = {"SLURM_CONF": str(self.conf), "PATH": self.commands.path}
        self._quiet = {**os.environ, "SLURM_CONF": str(self.conf)}

    # On and off

    def start(self) -> None:
        """Start all daemons; jobs run when this returns."""
        for number in range(files.GPUS):
            gpu = self.folder / f"gpu{number}"
            if not gpu.exists():
                os.mknod(gpu, 0o666 | 0o020000, os.makedev(1, 3))
        self._write()
        self._start_munge()
        if self.accounting:
            self._start_database()
            self.start_dbd()
            self._add_cluster()
        self.start_controller()
        for node in self.nodes:
            self._start_node(node)
        self._wait(self._is_up, "nodes that are idle")

    def stop(self) -> None:
        """End all of it, jobs and what they started included."""
        for name in reversed(list(self._daemons)):
            self._kill(name)

    def __enter__(self) -> Slurm:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def configure(self, **settings: object) -> None:
        """Have other settings hold from now on."""
        self._settings.update(settings)
        self._write()
        self.run("scontrol", "reconfigure")

    # What befalls it

    def kill_controller(self, *, saved: bool = True) -> None:
        """Kill slurmctld for real.

        Args:
            saved: Whether it has written down what it knows before. It does so every few seconds;
                a job that it took later it will not have heard of when it is back.
        """
        if saved:
            mark = f"mark-{uuid.uuid4()}"
            self.run("sbatch", "--hold", f"--job-name={mark}", "--wrap", "true")
            self._marks.append(mark)
            state = self.folder / "state" / "job_state"
            self._wait(lambda: state.exists() and mark.encode() in state.read_bytes(), "a save")
        self._kill("slurmctld")

    def start_controller(self) -> None:
        """Start slurmctld; it answers when this returns, and knows the jobs that it knew."""
        self._spawn("slurmctld", ["slurmctld", "-D"])
        self._wait(lambda: self._does("scontrol", "ping"), "slurmctld")
        while self._marks:
            self.run("scancel", f"--name={self._marks.pop()}")

    def kill_node(self, name: str, *, told: bool = True) -> None:
        """Have a node lose its power.

        Args:
            name: Of the node.
            told: Whether the controller is told at once rather than finding out by itself.
        """
        self._kill(name)
        if told:
            self.run("scontrol", "update", f"nodename={name}", "state=down", "reason=no power")

    def start_node(self, name: str) -> None:
        """Have a node boot; it is idle when this returns."""
        self._start_node(name)
        self._wait(self._is_up, f"{name} to be idle")

    def kill_dbd(self) -> None:
        self._kill("slurmdbd")

    def start_dbd(self) -> None:
        """Start slurmdbd; it answers when this returns."""
        env = {"MYSQL_UNIX_PORT": str(self.folder / "mysql" / "socket")}
        self._spawn("slurmdbd", ["slurmdbd", "-D"], env)
        self._wait(lambda: self._does("sacctmgr", "-n", "show", "cluster"), "slurmdbd")

    @contextlib.contextmanager
    def limit(self, account: str, **limits: int) -> Iterator[None]:
        """Have an account's association limits, such as ``maxsubmitjobs=2``, hold for a while."""
        change = ("sacctmgr", "-i", "modify", "account", account, "set")
        self.run(*change, *(f"{name}={value}" for name, value in limits.items()))
        yield
        self.run(*change, *(f"{name}=-1" for name in limits))

    def end_in(self, job: int, seconds: int) -> None:
        """Have the time limit of a running job come this soon; limits are whole minutes."""
        end = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(time.time() + seconds))
        self.run("scontrol", "update", f"jobid={job}", f"endtime={end}")

    # What is there

    def run(self, *words: str) -> str:
        """Run a client, uncounted, and return what it says."""
        done = subprocess.run(words, env=self._quiet, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def jobs(self, name: str | None = None) -> list[SlurmJob]:
        """List all jobs that the controller remembers, by id: all, or those of a name."""
        told = json.loads(self.run("squeue", "--all", "--states=all", "--json"))
        found = [
            SlurmJob(
                id=job["job_id"],
                name=job["name"],
                state=job["job_state"],
                reason=job["state_reason"],
                nodes=job["nodes"],
                comment=job["comment"],
                restarts=job["restart_cnt"],
                partition=job["partition"],
            )
            for job in told["jobs"]
        ]
        return sorted(job for job in found if name in (None, job.name))

    def state(self, number: int) -> str:
        """Return the state of a job; empty if the controller does not know it."""
        return next((job.state for job in self.jobs() if job.id == number), "")

    def processes(self, node: str) -> list[Process]:
        """List what runs on a node."""
        daemon = self._daemons.get(node)
        if daemon is None:
            return []
        children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
        return [found for child in children for found in processes_beside(int(child))]

    def cancel_all(self) -> None:
        """End all jobs, as between two tests; none is left when this returns."""
        self.run("scancel", "--quiet", "--user=root")
        if self.run("squeue", "--all", "--noheader", "--states=completing"):
            # What ended while the controller was away is reported again only after a while.
            nodes = f"nodename={','.join(self.nodes)}"
            self.run("scontrol", "update", nodes, "state=down", "reason=cleaning")
            # They may be back by themselves already.
            self._does("scontrol", "update", nodes, "state=resume")
        self._wait(lambda: not self.run("squeue", "--all", "--noheader"), "jobs to end")

    # How

    def _write(self) -> None:
        settings = dict(self._settings)
        if self.accounting:
            settings = {**files.accounting_settings(self.folder, self._ports[1]), **settings}
            accounting = self.folder / "slurmdbd.conf"
            accounting.touch(0o600)
            accounting.write_text(files.accounting_file(self.folder, self._ports[1]))
        host = socket.gethostname().split(".")[0]
        texts = files.controller_files(
            self.folder, host, self._ports, self.nodes, self._partitions, settings
        )
        for name, text in texts.items():
            (self.folder / name).write_text(text)

    def _start_munge(self) -> None:
        key = self.folder / "munge.key"
        if not key.exists():
            key.touch(0o600)
            key.write_bytes(os.urandom(128))
        options = {"socket": "munge", "key-file": "munge.key", "pid-file": "munge.pid"}
        options |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        words = [f"--{name}={self.folder}/{file}" for name, file in options.items()]
        self._spawn("munged", ["munged", "--foreground", "--force", *words])
        socket_path = str(self.folder / "munge")
        self._wait(lambda: self._does("munge", "-n", "-S", socket_path), "munged")

    def _start_database(self) -> None:
        folder = self.folder / "mysql"
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        # In a folder that others use, too, they would remove each other's tables.
        own = [f"--tmpdir={folder}/tmp"]
        base = ["--no-defaults", "--user=root", f"--datadir={folder}/data", *own]
        if not (folder / "data" / "mysql").exists():
            self.run(
                "mariadb-install-db", *base, "--auth-root-authentication-method=socket",
                "--skip-test-db", "--skip-name-resolve",
            )  # fmt: skip
        sizes = ["--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900"]
        quick = ["--innodb-flush-log-at-trx-commit=2", "--skip-networking"]
        files_of_it = [f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
        self._spawn("mariadbd", ["mariadbd", *base, *sizes, *quick, *files_of_it])
        client = ("mariadb", "--no-defaults", "-S", f"{folder}/socket", "-e")
        self._wait(lambda: self._does(*client, "select 1"), "mariadbd")

    def _add_cluster(self) -> None:
        if not self._does("sacctmgr", "-i", "add", "cluster", files.CLUSTER):
            return
        self.run("sacctmgr", "-i", "add", "account", "lab", f"cluster={files.CLUSTER}")
        self.run("sacctmgr", "-i", "add", "user", "root", "account=lab")

    def _start_node(self, name: str) -> None:
        (self.folder / f"boot_id.{name}").write_text(f"{uuid.uuid4()}\n")
        init = [sys.executable, "-I", "-S", str(Path(__file__).with_name("node.py"))]
        daemon = [_program("slurmd"), "-D", "-N", name]
        self._spawn(name, [*_UNSHARE, *init, name, str(self.folder), *daemon])

    def _is_up(self) -> bool:
        shown = self.run("sinfo", "--noheader", "--Node", "--format=%N %t").splitlines()
        states = {tuple(line.split()) for line in shown}
        return {node for node, state in states if state in ("idle", "mix", "alloc")} == {
            node for node in self.nodes if node in self._daemons
        }

    def _spawn(self, name: str, words: Sequence[str], env: dict[str, str] | None = None) -> None:
        assert name not in self._daemons, f"{name} runs already"
        with open(self.folder / f"{name}.out", "ab") as out:
            self._daemons[name] = subprocess.Popen(
                [_program(words[0]), *words[1:]],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env={**self._quiet, **(env or {})},
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def _kill(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is not None:
            daemon.kill()
            daemon.communicate()

    def _does(self, *words: str) -> bool:
        return subprocess.run(words, env=self._quiet, capture_output=True).returncode == 0

    def _wait(self, is_true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not is_true():
            for name, daemon in self._daemons.items():
                assert daemon.poll() is None, f"{name} ended: {self._said(name)}"
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.02)

    def _said(self, name: str) -> str:
        paths = [self.folder / f"{name}.out", self.folder / f"{name}.log"]
        return "\n".join(path.read_text()[-2000:] for path in paths if path.exists())


def _program(name: str) -> str:
    places = os.environ["PATH"] + ":/usr/local/sbin:/usr/sbin:/sbin"
    return shutil.which(name, path=places) or name


def _free_ports(count: int) -> list[int]:
    """Choose ports that nobody is given by chance, so that a daemon finds its own again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first_given = int(file.read().split()[0])
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(10000, max(first_given, 20000))
        with socket.socket() as one:
            if port not in found and one.connect_ex(("127.0.0.1", port)):
                found.append(port)
    return found


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
