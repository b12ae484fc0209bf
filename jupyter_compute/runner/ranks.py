"""The processes of a run on one node, and how they find each other."""

from __future__ import annotations

import json
import os
import shutil
import socket
from typing import Any, NamedTuple

_HERE = "127.0.0.1"


class Rank(NamedTuple):
    """One process of a run.

    Attributes:
        number: Its place, from 0.
        argv: Its program and arguments.
        env: What it finds in its environment besides.
        log: The file for its output, below the attempt's folder.
    """

    number: int
    argv: list[str]
    env: dict[str, str]
    log: str


def ranks_of(job: dict[str, Any], argv: list[str], path: str | None) -> list[Rank]:
    """List the processes that a job asks for on this node.

    Args:
        job: What was asked for.
        argv: The program.
        path: Where programs are looked up; ``None`` where that cannot be told, as in an image.

    Raises:
        OSError: MPI is asked for and not there.
    """
    resources = job.get("resources") or {}
    count = int(resources.get("processes_per_node") or 1)
    how = resources.get("distribution") or "none"
    if how == "mpi":
        launcher = "mpirun" if path is None else _find_launcher(path)
        return [Rank(0, [launcher, "-n", str(count), *argv], _mpi(), "log")]
    if count == 1 and how == "none":
        return [Rank(0, argv, {}, "log")]
    ports = _free_ports(count)
    return [
        Rank(
            number,
            argv,
            _tensorflow(number, ports) if how == "tensorflow" else _torch(number, count, ports[0]),
            f"work/logs/rank-{number}.log" if number else "log",
        )
        for number in range(count)
    ]


def _find_launcher(path: str) -> str:
    launcher = shutil.which("mpirun", path=path) or shutil.which("mpiexec", path=path)
    if not launcher:
        raise OSError(2, "MPI is asked for, and mpirun is not on this target", "the program")
    return launcher


def _mpi() -> dict[str, str]:
    """Return what Open MPI needs to hear; others do not listen.

    As many processes as were asked for are started however few the cores are, and by root too
    where that is who asked.
    """
    env = {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    if os.geteuid() == 0:
        env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return env


def _torch(number: int, count: int, port: int) -> dict[str, str]:
    return {
        "RANK": str(number),
        "LOCAL_RANK": str(number),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "NODE_RANK": "0",
        "MASTER_ADDR": _HERE,
        "MASTER_PORT": str(port),
    }


def _tensorflow(number: int, ports: list[int]) -> dict[str, str]:
    cluster = {"worker": [f"{_HERE}:{port}" for port in ports]}
    config = {"cluster": cluster, "task": {"type": "worker", "index": number}}
    return {"TF_CONFIG": json.dumps(config)}


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on; held together, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((_HERE, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def log_path(folder: str, rank: Rank) -> str:
    """Return the file for the output of a process."""
    return os.path.join(folder, rank.log)
