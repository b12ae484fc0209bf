"""A server of Apache Livy on loopback, with a Spark behind it that runs on this machine."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import reaper, spark

ENGINE = spark.ENGINE.parent / "livy"
_PATIENCE_S = 120.0
_JAVA = ("-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
# Its libraries are older than the rules of this Java.
_OPENED = ("java.base/java.lang", "java.base/java.util", "java.base/java.nio")
_LOG = """\
log4j.rootCategory=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %c{1}: %m%n
"""


class LivyServer:
    """One server, which can be killed and started again at the same address.

    Args:
        folder: A folder of its own.
        master: Of Spark.
        mode: Where drivers run: in YARN there are two ways.
        env: What Spark needs to know of its cluster.

    Attributes:
        staging: A folder that it lets in.
    """

    def __init__(
        self,
        folder: Path,
        master: str = "local[1]",
        mode: str = "client",
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.staging = folder / "staging"
        self.staging.mkdir(parents=True)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = int(one.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.mark = f"JUPYTER_COMPUTE_TEST_LIVY={secrets.token_hex(8)}"
        conf = folder / "livy"
        (conf / "logs").mkdir(parents=True)
        settings = {
            "livy.server.host": "127.0.0.1",
            "livy.server.port": self.port,
            "livy.spark.master": master,
            "livy.spark.deploy-mode": mode,
            "livy.file.local-dir-whitelist": f"{self.staging}/",
            "livy.server.csrf-protection.enabled": "true",
            "livy.ui.enabled": "false",
        }
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        (conf / "livy.conf").write_text("".join(lines))
        (conf / "log4j.properties").write_text(_LOG)
        name, _, value = self.mark.partition("=")
        self._env = {
            **os.environ,
            **(env or spark.variables(folder)),
            "SPARK_HOME": str(spark.home()),
            "SPARK_LAUNCHER_OPTS": " ".join(_JAVA[1:]),
            "PYSPARK_PYTHON": spark.PYTHON,
            "LIVY_HOME": str(conf),
            "LIVY_CONF_DIR": str(conf),
            "TMPDIR": str(self._temporary()),
            name: value,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._reaper: subprocess.Popen[bytes] | None = None

    def _temporary(self) -> Path:
        path = self.folder / "tmp"
        path.mkdir()
        return path

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._reaper is None:
            # What it starts outlives it, and must not outlive the tests, however these end.
            argv = [sys.executable, reaper.__file__, self.mark]
            self._reaper = subprocess.Popen(argv, stdin=subprocess.PIPE)
        opened = [f"--add-opens={name}=ALL-UNNAMED" for name in _OPENED]
        options = " ".join([*_JAVA, *opened])
        env = {**self._env, "CONF": str(self.folder / "livy"), "JAVA_OPTIONS": options}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(ENGINE / "start")],
                env=env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _PATIENCE_S
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError(f"Livy does not answer:\n{self.log.read_text()[-5000:]}")
            time.sleep(0.1)

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "livy.log"

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the server and nothing that it started; repeatable."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it and all that it started."""
        self.kill()
        reaper.reap(self.mark)
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait()

    def processes(self) -> list[int]:
        """The pids of all that it started, and is not over."""
        own = self._process.pid if self._process is not None else -1
        return [pid for pid in reaper.marked(self.mark) if pid != own]

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/version", timeout=5):
                return True
        except OSError:
            return False


@contextmanager
def livy_server(folder: Path, **options: Any) -> Iterator[LivyServer]:
    """Let a server run as long as the block lasts."""
    server = LivyServer(folder, **options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
