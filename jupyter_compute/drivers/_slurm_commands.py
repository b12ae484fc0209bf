"""Slurm's commands as they are run on a login node."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..model import Distribution, Job, Resources
from ..runner.submitting import FOLDER, KEEPER

_PLACES = "/opt/slurm/bin:/usr/local/slurm/bin:/usr/slurm/bin:/cm/shared/apps/slurm/current/bin"
_IN_A_SHELL = (
    # What a job left in our environment, if we run inside one, would go on into ours.
    "for name in $(env | sed -n 's/^\\([A-Z_0-9]*\\)=.*/\\1/p'); do case $name in "
    "SLURM_CONF|SLURM_CLUSTERS|SLURM_CLUSTER_NAME) ;; "
    "SLURM_*|PMI_*|PMIX_*|OMPI_*|PRTE_*|RANK|WORLD_SIZE|LOCAL_RANK|MASTER_ADDR|MASTER_PORT) "
    "unset $name;; esac; done; "
    f'PATH=${{1:+$1:}}$PATH:{_PLACES}; export PATH; shift; exec "$@"'
)
_NAME = re.compile(r"jc-(\d+)-(.+)")
_COLUMNS = (
    ("JobID", 24),
    ("Name", 124),
    ("State", 20),
    ("RestartCnt", 12),
    ("StartTime", 24),
    ("Reason", 80),
)


def command(words: Iterable[str], place: str = "") -> list[str]:
    """Return a command so that it finds Slurm's programs, and nothing of a job around it.

    Args:
        words: The command.
        place: Where the programs are, if not on the login's ``PATH``.
    """
    return ["/bin/sh", "-c", _IN_A_SHELL, "sh", place, *words]


def name_of(run_id: str, attempt: int) -> str:
    """Name the job of a run: by its id and the attempt it was handed over for."""
    return f"jc-{attempt}-{run_id}"


def run_of(name: str) -> tuple[str, int] | None:
    """Return the run and the attempt that a job was handed over for, if it is ours."""
    found = _NAME.fullmatch(name.strip())
    return (found[2], int(found[1])) if found else None


def sbatch(job: Job, options: Any) -> list[str]:
    """Return the command that hands a job over; its script comes on standard input.

    Args:
        job: What is wanted.
        options: The target's.
    """
    key = name_of(job.run_id, job.attempt)
    words = ["sbatch", "--parsable", f"--job-name={key}", f"--comment={key}"]
    words += [f"--output={FOLDER}/slurm.out", "--open-mode=append"]
    words += ["--requeue" if job.requeues else "--no-requeue"]
    if options.signal_s:
        words += [f"--signal=B:USR2@{options.signal_s}"]
    for name in ("partition", "account", "qos", "constraint", "reservation"):
        if getattr(options, name):
            words += [f"--{name}={getattr(options, name)}"]
    return words + _resources(job.resources)


def _resources(wanted: Resources) -> list[str]:
    words = []
    tasks = wanted.processes_per_node
    if wanted.nodes > 1 or tasks > 1 or wanted.distribution is not Distribution.NONE:
        words += [f"--nodes={wanted.nodes}", f"--ntasks-per-node={tasks}"]
    if wanted.cpus:
        words += [f"--cpus-per-task={math.ceil(wanted.cpus)}"]
    if wanted.gpus:
        words += [f"--gres=gpu:{wanted.gpus}"]
    if wanted.memory_gb:
        words += [f"--mem={math.ceil(wanted.memory_gb * 1000)}M"]
    if wanted.time_limit_min:
        words += [f"--time={math.ceil(wanted.time_limit_min)}"]
    return words


def script(job: Job, options: Any) -> str:
    """Return the script of a job: what the target wants before it, then its keeper."""
    # Modules are made known by the files of a login.
    lines = ["#!/bin/bash -l" if options.modules or options.prologue else "#!/bin/bash"]
    lines += [f"#SBATCH {line.removeprefix('#SBATCH').strip()}" for line in options.sbatch]
    lines += [f"module load {module} || exit 1" for module in options.modules]
    lines += options.prologue.splitlines()
    # Slurm counts how often it has started this job again: each time is the next attempt.
    lines += [f"exec {KEEPER}$(({job.attempt} + ${{SLURM_RESTART_COUNT:-0}}))", ""]
    return "\n".join(lines)


def squeue(*more: str) -> list[str]:
    """Return the command that lists all our jobs that Slurm still knows."""
    columns = ",".join(f"{name}:{width}" for name, width in _COLUMNS)
    return ["squeue", "--me", "--noheader", "--states=all", f"--Format={columns}", *more]


def rows_of(text: str) -> Iterable[Mapping[str, str]]:
    """Read what :func:`squeue` prints."""
    for line in text.splitlines():
        row, at = {}, 0
        for name, width in _COLUMNS:
            row[name] = line[at : at + width].strip()
            at += width
        if row["JobID"]:
            yield row


def sacct(ids: Iterable[str]) -> list[str]:
    """Return the command that tells how jobs ended which the queue does not know any more."""
    # Steps may have completed of a job that did not: only the job itself is asked about.
    columns = "JobIDRaw,JobName%200,State%40"
    return ["sacct", "-X", "--noheader", "--parsable2", f"--format={columns}", f"-j{','.join(ids)}"]


def look_ups(job: Job) -> list[list[str]]:
    """Return the commands that print the id of a job that was handed over, if it was."""
    key = name_of(job.run_id, job.attempt)
    return [["squeue", "--me", "--noheader", "--states=all", f"--name={key}", "--format=%A"]]
