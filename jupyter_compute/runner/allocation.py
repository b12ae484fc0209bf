"""The nodes that Slurm gave a job, and the processes of a run on them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from . import library

_ASK_S = 30.0
FAILED = "failed-rank.json"
"""What the first rank that fails leaves of itself in the attempt's folder."""


def is_given(job: dict[str, Any]) -> bool:
    """Tell whether a job runs inside an allocation of Slurm, as it was meant to."""
    return job.get("allocation") == "slurm" and bool(os.environ.get("SLURM_JOB_ID"))


def launcher(resources: dict[str, Any], mpi: str, argv: list[str]) -> list[str]:
    """Return the words that start a program once for each rank, on all nodes.

    Args:
        resources: How many of what.
        mpi: How they find each other: ``none``, or a name that ``srun --mpi`` knows.
        argv: The program.
    """
    nodes, each = int(resources.get("nodes") or 1), int(resources.get("processes_per_node") or 1)
    return [
        "srun",
        f"--nodes={nodes}",
        f"--ntasks={nodes * each}",
        f"--ntasks-per-node={each}",
        # A rank that fails ends the others, which would wait for it.
        "--kill-on-bad-exit=1",
        f"--mpi={mpi}",
        "--input=none",
        *_cpus(),
        *argv,
    ]


def wrapped(folder: str, argv: list[str]) -> list[str]:
    """Return a program as a rank that is told who it is.

    Args:
        folder: The attempt's folder, which every node sees.
        argv: The program.
    """
    return [sys.executable, "-I", "-S", library.archive(), "rank", folder, "--", *argv]


def variables(resources: dict[str, Any], port: int) -> dict[str, str]:
    """Return what every rank is told: how they are made one, where the first is, and who is there.

    Args:
        resources: With the distribution.
        port: A free one of this node, which is the first.
    """
    names = node_names()
    return {
        "JUPYTER_COMPUTE_DISTRIBUTION": str(resources.get("distribution") or "none"),
        "JUPYTER_COMPUTE_NODES": ",".join(names),
        "MASTER_ADDR": _reachable(names),
        "MASTER_PORT": str(port),
    }


def node_names() -> list[str]:
    """List the nodes of the allocation, the first one first."""
    listed = os.environ.get("SLURM_JOB_NODELIST", "")
    said = _ask("scontrol", "show", "hostnames", listed) or b""
    return said.decode("utf-8", "replace").split() or [socket.gethostname()]


def ask_to_end() -> bool:
    """Ask the processes of all ranks to end; tells whether Slurm handed that on.

    The launcher would not: asked to end, it has them killed at once.
    """
    return _ask("scancel", "--signal=TERM", os.environ.get("SLURM_JOB_ID", "")) is not None


def requeue() -> None:
    """Have Slurm start this job again, which ends it; a refusal leaves that to the near end."""
    job_id = os.environ.get("SLURM_JOB_ID")
    if job_id:
        _ask("scontrol", "requeue", job_id)


def _ask(*argv: str) -> bytes | None:
    """Return what a command of Slurm prints; ``None`` if it fails or takes too long."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_ASK_S,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def _cpus() -> list[str]:
    # A step does not take this over from the job any more.
    cpus = os.environ.get("SLURM_CPUS_PER_TASK")
    return [f"--cpus-per-task={cpus}"] if cpus else []


def _reachable(names: list[str]) -> str:
    """Return the first node's name, in a form that the others can look up."""
    try:
        socket.getaddrinfo(names[0], None)
    except OSError:
        # A node may have another name for Slurm than it has for the network.
        return socket.gethostname()
    return names[0]
