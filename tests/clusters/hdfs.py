"""A small HDFS on loopback, with its REST interface."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import spark

ENGINE = spark.ENGINE.parent / "hdfs"
_PATIENCE_S = 120.0
_JAVA = "-Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"


class Hdfs:
    """A name node and a data node in one process.

    Args:
        folder: A folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with contextlib.ExitStack() as stack:
            taken = [stack.enter_context(socket.socket()) for _ in range(2)]
            for one in taken:
                one.bind(("127.0.0.1", 0))
            self.port, self.web_port = (int(one.getsockname()[1]) for one in taken)
        self.url = f"hdfs://127.0.0.1:{self.port}"
        self.web = f"webhdfs://root@127.0.0.1:{self.web_port}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, and wait until it has begun."""
        told = self.folder / "details.json"
        words = ["-format", "-datanodes", "1", "-writeDetails", str(told)]
        words += ["-nnport", str(self.port), "-httpport", str(self.web_port)]
        options = f"{_JAVA} -Dtest.build.data={self.folder / 'data'}"
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                # It ends with the tests, however these end.
                ["setpriv", "--pdeathsig", "KILL", str(ENGINE / "start"), *words],
                env={**os.environ, "CONF": str(self.folder), "JAVA_OPTIONS": options},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _PATIENCE_S
        while not (told.exists() and told.stat().st_size):
            if time.monotonic() > end or process.poll() is not None:
                process.kill()
                raise AssertionError((self.folder / "log").read_text()[-5000:])
            time.sleep(0.1)
        return process


@contextmanager
def hdfs(folder: Path) -> Iterator[Hdfs]:
    """Let it run as long as the block lasts."""
    running = Hdfs(folder)
    process = running.start()
    try:
        yield running
    finally:
        process.kill()
        process.wait()
