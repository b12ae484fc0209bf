"""The processes of a run, and how they find each other."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from . import allocation, distribution
from .distribution import Member

_HERE = "127.0.0.1"


class Rank(NamedTuple):
    """One process of a run, or what starts several of them elsewhere.

    Attributes:
        number: Its place, from 0.
        argv: Its program and arguments.
        env: What it finds in its environment besides.
        log: The file for its output, below the attempt's folder.
        is_step: Whether Slurm starts them, as a step of its job.
        listens: Whether it wants to hear that its time is nearly up; ``None`` if it shows that
            itself, by handling the signal.
    """

    number: int
    argv: list[str]
    env: dict[str, str]
    log: str
    listens: bool | None = None
    is_step: bool = False


def ranks_of(
    job: dict[str, Any],
    argv: list[str],
    path: str | None,
    folder: str,
    prefix: Sequence[str] = (),
) -> list[Rank]:
    """List the processes that a job asks for.

    Args:
        job: What was asked for.
        argv: The program.
        path: Where programs are looked up; ``None`` where that cannot be told, as in an image.
        folder: The attempt's folder.
        prefix: What the program of each is started by, as in an image.

    Raises:
        OSError: MPI is asked for and not there, or the program cannot be started on more nodes.
    """
    resources = job.get("resources") or {}
    count = int(resources.get("processes_per_node") or 1)
    how = resources.get("distribution") or "none"
    nodes = int(resources.get("nodes") or 1)
    total = count * nodes
    if nodes > 1 and path is None:
        # Its engine would have to be asked on each of the nodes.
        raise OSError(95, "only Apptainer runs an image on several nodes", f"{nodes} nodes")
    is_spread = allocation.is_given(job) and path is not None
    if how == "mpi" and job.get("mpi") and is_spread:
        words = allocation.launcher(resources, str(job["mpi"]), [*prefix, *argv])
        return [Rank(0, words, {}, "log", listens=False, is_step=True)]
    if how == "mpi":
        # Under Slurm it starts its processes on all nodes of the allocation. It would hand on a
        # warning to processes that end on it.
        words = _with_mpi(argv, total, path, prefix, is_alone=not allocation.is_given(job))
        return [Rank(0, words, distribution.mpi(), "log", False)]
    argv = [*prefix, *argv]
    if total == 1 and how == "none":
        return [Rank(0, argv, {}, "log")]
    ports = _free_ports(count)
    if is_spread:
        words = allocation.launcher(resources, "none", allocation.wrapped(folder, argv))
        return [Rank(0, words, allocation.variables(resources, ports[0]), "log", True, True)]
    return [
        Rank(
            number,
            argv,
            _variables(how, Member(number, count, number, count), ports),
            f"work/logs/rank-{number}.log" if number else "log",
        )
        for number in range(count)
    ]


def _variables(how: str, member: Member, ports: list[int]) -> dict[str, str]:
    if how == "tensorflow":
        return distribution.tensorflow(member, [f"{_HERE}:{port}" for port in ports])
    return distribution.torch(member, _HERE, str(ports[0]))


def _with_mpi(
    argv: list[str], total: int, path: str | None, prefix: Sequence[str], *, is_alone: bool
) -> list[str]:
    """Return the words that start a program by MPI, which is the image's own outside of Slurm."""
    if path is None or (prefix and is_alone):
        return [*prefix, "mpirun", "-n", str(total), *argv]
    launcher = shutil.which("mpirun", path=path) or shutil.which("mpiexec", path=path)
    if not launcher:
        raise OSError(2, "MPI is asked for, and mpirun is not on this target", "the program")
    return [launcher, "-n", str(total), *prefix, *argv]


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


def failed(folder: str, rank: Rank) -> tuple[Rank, int] | None:
    """Return the process that failed first, and how, where one stands for many.

    Args:
        folder: The attempt's folder.
        rank: What started them.
    """
    try:
        with open(os.path.join(folder, allocation.FAILED)) as file:
            note = json.load(file)
        number, code = int(note["rank"]), int(note["code"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return rank._replace(number=number, log=f"work/logs/rank-{number}.log"), code


def log_path(folder: str, rank: Rank) -> str:
    """Return the file for the output of a process."""
    return os.path.join(folder, rank.log)
