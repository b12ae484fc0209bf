"""YARN on loopback: a resource manager and a node manager, as Hadoop publishes them."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from clusters.spark import ENGINE, PYTHON, QUICK, home, variables

JARS = ENGINE.parent / "yarn" / "jars"
_HERE = "127.0.0.1"
_PATIENCE_S = 60.0
_PACKAGE = "org.apache.hadoop.yarn"
_COMMANDS = {"application": "ApplicationCLI", "node": "NodeCLI", "logs": "LogsCLI"}


class YarnCluster:
    """A resource manager, a node, and the program ``yarn``.

    Args:
        folder: A folder of its own.

    Attributes:
        path: What PATH must be for the program to be found.
        unseen: A folder that the node does not see.
        env: What Spark needs to know of the cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.conf = folder / "hadoop"
        self.conf.mkdir(parents=True)
        self.unseen = folder / "unseen"
        self.unseen.mkdir()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._java = ["java", *QUICK.split(), "-Xmx300m", "-cp", self._class_path()]
        self._write_conf()
        self._write_program()
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.env = {
            **variables(folder),
            "HADOOP_CONF_DIR": str(self.conf),
            "PATH": self.path,
        }
        with (folder / "conf" / "spark-defaults.conf").open("a") as file:
            file.write(f"spark.yarn.stagingDir file://{folder}/staging\n")
            file.write(f"spark.yarn.jars local:{home()}/jars/*\n")
            for name in ("yarn.appMasterEnv", "executorEnv"):
                file.write(f"spark.{name}.SPARK_LOCAL_IP {_HERE}\n")
            for name in ("yarn.am", "driver", "executor"):
                file.write(f"spark.{name}.memoryOverhead 128m\n")
            file.write("spark.yarn.am.memory 384m\nspark.driver.extraJavaOptions " + QUICK + "\n")

    @property
    def options(self) -> dict[str, Any]:
        """The options of a target that submits to it from this machine."""
        return {"master": "yarn", "python": PYTHON, "env": self.env, "executors": 1, "slots": 4}

    def start(self) -> None:
        """Start it, and wait until the node is the resource manager's."""
        hide = f'mount -t tmpfs none {self.unseen} && exec "$@"'
        # What the node has started ends with it, whoever ends it.
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        apart += ["sh", "-c", hide, "sh"]
        daemons = (
            ("resourcemanager", "ResourceManager", []),
            ("nodemanager", "NodeManager", apart),
        )
        for name, place, before in daemons:
            command = [*before, *self._java, f"{_PACKAGE}.server.{name}.{place}"]
            with (self.folder / f"{name}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        ["setpriv", "--pdeathsig", "KILL", *command],
                        cwd=self.folder,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
        end = time.monotonic() + _PATIENCE_S
        while not self.nodes():
            if time.monotonic() > end or any(one.poll() is not None for one in self._processes):
                logs = [path.read_text()[-3000:] for path in self.folder.glob("*.log")]
                raise AssertionError("\n".join(["YARN has no node", *logs]))
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it; what runs in containers ends with the node."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def nodes(self) -> int:
        """How many nodes the resource manager has."""
        try:
            return int(self._ask("metrics")["clusterMetrics"]["activeNodes"])
        except (OSError, ValueError):
            return 0

    def application(self, name: str) -> dict[str, Any]:
        """What the resource manager says of an application."""
        found: dict[str, Any] = self._ask(f"apps/{name}")["app"]
        return found

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.web}/ws/v1/cluster/{what}", timeout=5) as answer:
            return json.load(answer)

    def yarn(self, *words: str) -> str:
        """Run the program ``yarn``."""
        done = subprocess.run(
            [str(self.folder / "bin" / "yarn"), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return done.stdout + done.stderr

    def _class_path(self) -> str:
        return f"{self.conf}:{JARS}/*:{home()}/jars/*"

    def _write_program(self) -> None:
        program = self.folder / "bin" / "yarn"
        program.parent.mkdir()
        java = shlex.join(self._java)
        lines = [
            f"{name}) exec {java} {_PACKAGE}.client.cli.{place} {name if name != 'logs' else ''} "
            '"$@";;'
            for name, place in _COMMANDS.items()
        ]
        program.write_text(
            "\n".join(["#!/bin/sh", "word=$1; shift", "case $word in", *lines, "esac\n"])
        )
        program.chmod(0o755)

    def _write_conf(self) -> None:
        manager = "yarn.resourcemanager."
        addresses = ["address", "scheduler.address", "resource-tracker.address", "admin.address"]
        names = [*addresses, "webapp.address"]
        ports = _free_ports(len(names))
        self.web = f"http://{_HERE}:{ports[-1]}"
        site = {
            f"{manager}{name}": f"{_HERE}:{port}" for name, port in zip(names, ports, strict=True)
        }
        node = "yarn.nodemanager."
        site.update(
            {
                f"{manager}hostname": _HERE,
                f"{node}hostname": _HERE,
                f"{node}address": f"{_HERE}:0",
                f"{node}localizer.address": f"{_HERE}:{_free_ports(1)[0]}",
                f"{node}webapp.address": f"{_HERE}:0",
                f"{node}resource.memory-mb": "3072",
                f"{node}resource.cpu-vcores": "4",
                f"{node}vmem-check-enabled": "false",
                f"{node}pmem-check-enabled": "false",
                f"{node}local-dirs": str(self.folder / "nm" / "local"),
                f"{node}log-dirs": str(self.folder / "nm" / "logs"),
                f"{node}remote-app-log-dir": f"file://{self.folder}/nm/remote",
                f"{node}disk-health-checker.max-disk-utilization-per-disk-percentage": "99.9",
                "yarn.log-aggregation-enable": "true",
                "yarn.scheduler.minimum-allocation-mb": "128",
                "yarn.scheduler.maximum-allocation-mb": "2048",
                f"{manager}am.max-attempts": "2",
                f"{manager}scheduler.class": f"{_PACKAGE}.server.{manager[5:-1]}.scheduler."
                "capacity.CapacityScheduler",
            }
        )
        self._write("yarn-site", site)
        self._write(
            "core-site", {"fs.defaultFS": "file:///", "hadoop.tmp.dir": f"{self.folder}/tmp"}
        )
        root = "yarn.scheduler.capacity."
        queues = {"root.queues": "default", "root.default.capacity": "100"}
        queues["maximum-am-resource-percent"] = "0.9"
        self._write("capacity-scheduler", {root + name: value for name, value in queues.items()})

    def _write(self, name: str, values: dict[str, str]) -> None:
        lines = [
            f"<property><name>{key}</name><value>{escape(value)}</value></property>\n"
            for key, value in values.items()
        ]
        text = "".join(["<configuration>\n", *lines, "</configuration>\n"])
        (self.conf / f"{name}.xml").write_text(text)


@contextmanager
def yarn_cluster(folder: Path) -> Iterator[YarnCluster]:
    """Let a cluster run as long as the block lasts."""
    cluster = YarnCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in taken:
            one.bind((_HERE, 0))
        return [int(one.getsockname()[1]) for one in taken]
