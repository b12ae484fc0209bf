"""A standalone cluster of Spark on loopback: a master, its workers, and their executors."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ENGINE = Path(__file__).parents[2] / ".engines" / "spark"
PYTHON = str(ENGINE / "bin" / "python")

# A Java that starts in half the time, for programs that live for seconds.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
# A master that comes back knows its applications again.
_RECOVERY = "-Dspark.deploy.recoveryMode=FILESYSTEM -Dspark.deploy.recoveryDirectory="
_PATIENCE_S = 120.0


def home() -> Path:
    """Where Spark is: in the package that ``make engines`` has installed."""
    (found,) = ENGINE.glob("lib/python3*/site-packages/pyspark")
    return found


def variables(folder: Path) -> dict[str, str]:
    """What makes Spark stay on this machine, in a folder of its own, and start fast."""
    conf = folder / "conf"
    if not conf.exists():
        (folder / "local").mkdir(parents=True, exist_ok=True)
        conf.mkdir()
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "512m",
            "spark.executor.memory": "512m",
            "spark.executor.extraJavaOptions": QUICK,
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.sql.shuffle.partitions": "2",
        }
        lines = [f"{name} {value}\n" for name, value in settings.items()]
        (conf / "spark-defaults.conf").write_text("".join(lines))
    return {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_PUBLIC_DNS": "127.0.0.1",
        "SPARK_CONF_DIR": str(conf),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_SUBMIT_OPTS": QUICK,
    }


class Daemon:
    """The master or a worker, which can be killed and started again at the same place."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        self.log = folder / f"{name}.log"
        self._env = {
            **os.environ,
            **variables(folder),
            "SPARK_HOME": str(home()),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"{QUICK} {_RECOVERY}{folder / 'recovery'}",
        }
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it may take a while until it answers."""
        if self._process is None:
            command = [str(home() / "bin" / "spark-class"), *self._words]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    # It ends with the tests, however these end.
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    env=self._env,
                    cwd=self.log.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End it; repeatable."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None


class SparkCluster:
    """A master and a worker.

    Args:
        folder: A folder of its own.
        cores: Of the worker.
    """

    def __init__(self, folder: Path, cores: int = 2) -> None:
        self.folder = folder
        self.port, self.web_port = _free_ports(2)
        self.url = f"spark://127.0.0.1:{self.port}"
        self.web = f"http://127.0.0.1:{self.web_port}"
        self.env = variables(folder)
        place = ["--host", "127.0.0.1"]
        ports = ["--port", str(self.port), "--webui-port", str(self.web_port)]
        package = "org.apache.spark.deploy"
        self.master = Daemon(folder, "master", f"{package}.master.Master", *place, *ports)
        size = ["--cores", str(cores), "--memory", "2g", "--work-dir", str(folder / "work")]
        words = [*place, "--webui-port", "0", *size, self.url]
        self.worker = Daemon(folder, "worker", f"{package}.worker.Worker", *words)

    @property
    def options(self) -> dict[str, Any]:
        """The options of a target that submits to it from this machine."""
        return {
            "master": self.url,
            "web_ui": self.web,
            "python": PYTHON,
            "total_cores": 1,
            "env": self.env,
            "slots": 4,
        }

    def start(self) -> None:
        """Start it, and wait until the worker is the master's."""
        self.master.start()
        self.until(lambda state: state is not None)
        self.worker.start()
        self.until(lambda state: bool(state and state["aliveworkers"]))

    def stop(self) -> None:
        """Stop it; executors end with the worker."""
        self.worker.kill()
        self.master.kill()

    def state(self) -> dict[str, Any] | None:
        """What the master says of itself; ``None`` without an answer."""
        try:
            with urllib.request.urlopen(f"{self.web}/json/", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except (OSError, ValueError):
            return None

    def until(self, condition: Callable[[dict[str, Any] | None], bool]) -> None:
        """Wait until what the master says fulfils a condition."""
        end = time.monotonic() + _PATIENCE_S
        while not condition(state := self.state()):
            if time.monotonic() > end:
                logs = [f"{path}\n{path.read_text()[-3000:]}" for path in self.folder.glob("*.log")]
                raise AssertionError("\n".join([f"it never came to that: {state}", *logs]))
            time.sleep(0.05)

    def executors(self) -> list[int]:
        """The pids of the executors that run."""
        return processes(str(self.folder / "work"), "CoarseGrainedExecutorBackend")


@contextmanager
def spark_cluster(folder: Path) -> Iterator[SparkCluster]:
    """Let a cluster run as long as the block lasts."""
    cluster = SparkCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def processes(*words: str) -> list[int]:
    """The pids of those whose command, folder or environment has all of some words."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            with contextlib.suppress(OSError):
                told = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
                told += os.readlink(path / "cwd").encode()
                if all(word.encode() in told for word in words):
                    found.append(int(path.name))
    return found


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in taken]
