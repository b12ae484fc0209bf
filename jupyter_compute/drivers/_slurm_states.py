"""What Slurm's words mean: states of jobs, why they wait, and what it says when it refuses."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..model import RunState


class Meaning(NamedTuple):
    """What a state of a job means for its run.

    Attributes:
        state: The run's state; for one that is over, that of a run whose keeper said nothing.
        words: For people.
        is_lost: Whether the run was lost through no fault of its own, and may be started again.
    """

    state: RunState
    words: str
    is_lost: bool = False

    @property
    def is_over(self) -> bool:
        """Whether Slurm is done with the job."""
        return self.state.is_final


_STATES = {
    "PENDING": Meaning(RunState.QUEUED, "waiting in the queue"),
    "REQUEUED": Meaning(RunState.QUEUED, "put back into the queue"),
    "REQUEUE_FED": Meaning(RunState.QUEUED, "put back into the queue"),
    "REQUEUE_HOLD": Meaning(RunState.QUEUED, "put back into the queue and held there"),
    "SPECIAL_EXIT": Meaning(RunState.QUEUED, "put back into the queue and held there"),
    "RESV_DEL_HOLD": Meaning(RunState.QUEUED, "held, since its reservation is gone"),
    "CONFIGURING": Meaning(RunState.PREPARING, "its nodes are being made ready"),
    "RUNNING": Meaning(RunState.PREPARING, "it is being started"),
    "SIGNALING": Meaning(RunState.RUNNING, "a signal is on its way"),
    "RESIZING": Meaning(RunState.RUNNING, "its size is being changed"),
    "SUSPENDED": Meaning(RunState.RUNNING, "suspended"),
    "STOPPED": Meaning(RunState.RUNNING, "stopped by a signal"),
    "STAGE_OUT": Meaning(RunState.FINALIZING, "its files are being staged out"),
    "COMPLETING": Meaning(RunState.FINALIZING, "its nodes are being cleared"),
    "COMPLETED": Meaning(RunState.FAILED, "it ended without a word of how its run went"),
    "FAILED": Meaning(RunState.FAILED, "it failed"),
    "CANCELLED": Meaning(RunState.CANCELED, "it was canceled in Slurm"),
    "TIMEOUT": Meaning(RunState.FAILED, "its time limit was reached"),
    "DEADLINE": Meaning(RunState.FAILED, "it could not end before its deadline"),
    "OUT_OF_MEMORY": Meaning(RunState.FAILED, "it used more memory than it had asked for"),
    "NODE_FAIL": Meaning(RunState.FAILED, "a node that it ran on failed", True),
    "BOOT_FAIL": Meaning(RunState.FAILED, "its node did not boot", True),
    "PREEMPTED": Meaning(RunState.FAILED, "it had to make room for another job", True),
    "REVOKED": Meaning(RunState.FAILED, "another cluster has taken it"),
    "LAUNCH_FAILED": Meaning(RunState.FAILED, "it could not be started on its node", True),
    "RECONFIG_FAIL": Meaning(RunState.FAILED, "its node could not be configured", True),
}

_REASONS = {
    "None": "",
    "Priority": "others come before it",
    "Resources": "what it asks for is not free",
    "Dependency": "another job must end first",
    "DependencyNeverSatisfied": "the job it waits for will never end well",
    "BeginTime": "it may not begin yet",
    "Licenses": "no licence is free",
    "Reservation": "its reservation has not begun",
    "ReservationDeleted": "its reservation is gone",
    "NodeDown": "a node it needs is down",
    "ReqNodeNotAvail": "a node it asks for is not available",
    "BadConstraints": "no node has what it asks for",
    "PartitionDown": "its partition is down",
    "PartitionInactive": "its partition takes no jobs now",
    "PartitionNodeLimit": "it asks for more nodes, or larger ones, than its partition has",
    "PartitionConfig": "it asks for more than its partition has",
    "PartitionTimeLimit": "it asks for more time than its partition gives",
    "InvalidAccount": "its account is not valid",
    "InvalidQOS": "its QOS is not valid",
    "JobHeldUser": "held by its user; scontrol release lets it go",
    "JobHeldAdmin": "held by the administrators",
    "JobArrayTaskLimit": "enough of its array are running",
    "JobLaunchFailure": "it could not be started on its node",
    "RaisedSignal:53(Real-time_signal_19)": "its files on the node could not be written",
    "NonZeroExitCode": "it ended with an exit code other than 0",
    "SystemFailure": "Slurm itself failed",
    "Prolog": "the site's prologue is running",
    "Cleaning": "it is being cleared from the nodes of its last try",
    "InactiveLimit": "it was inactive for too long",
    "TimeLimit": "its time limit was reached",
    "FrontEndDown": "no front end can start it",
    "NoReason": "",
}
_FAMILIES = (
    (re.compile(r"(Max|Grp).*(Submit).*"), "you have as many jobs in the queue as is allowed"),
    (re.compile(r"QOS.*(Max|Grp|Min).*"), "a limit of its QOS is reached"),
    (re.compile(r"Assoc.*(Max|Grp).*|Max.*PerAccount"), "a limit of its account is reached"),
    (re.compile(r"QOS.*"), "its QOS does not let it run now"),
)

_SILENT = re.compile(
    r"timed out|Unable to contact slurm controller|Zero Bytes were transmitted|Connection refused"
    r"|Connection reset|communication connection failure|in standby mode|Transport endpoint"
    r"|Unable to establish|Unexpected message received|Protocol authentication error"
    r"|Socket|Munge|connect failure",
    re.IGNORECASE,
)
_FULL = re.compile(r"MaxSubmit|temporarily unable to accept|job submit limit", re.IGNORECASE)
_HINTS = (
    (r"invalid partition", "name one of its partitions with the target's option partition"),
    (r"invalid account|account/partition", "name another account with the target's option account"),
    (r"invalid qos", "name another QOS with the target's option qos"),
    (r"invalid feature", "the target's option constraint must name features that nodes have"),
    (r"reservation", "see scontrol show reservation, and the target's option reservation"),
    (r"generic resource|gres|gpu", "ask for fewer GPUs, or for a partition that has them"),
    (r"time limit", "ask for less time with --time-limit, or name another partition"),
    (
        r"node configuration|node count|more processors|memory",
        "ask for fewer nodes, processes, cpus or less memory, or name another partition",
    ),
    (
        r"unrecognized option|invalid option|unknown option|requires an argument|invalid directive",
        "see the target's option sbatch, and man sbatch",
    ),
)
_PREFIX = re.compile(r"^(sbatch|srun|squeue|scancel|sacct): (error: )?", re.MULTILINE)


def meaning_of(state: str) -> Meaning:
    """Return what a state means; one we do not know is taken for one that goes on."""
    name = state.split()[0].rstrip("+") if state.split() else ""
    return _STATES.get(name, Meaning(RunState.RUNNING, f"Slurm says {name or 'nothing'}"))


def why_waiting(state: str, reason: str, start: str) -> str:
    """Say why a job waits, with Slurm's own words first.

    Args:
        state: Of the job, such as ``PENDING``.
        reason: Such as ``Priority`` or ``(QOSMaxJobsPerUserLimit)``.
        start: When Slurm thinks that it will start, or ``N/A``.
    """
    reason = reason.strip().strip("()")
    name = reason.partition(",")[0]
    words = _REASONS.get(name)
    if words is None:
        words = next((said for family, said in _FAMILIES if family.fullmatch(name)), "")
    text = f"{state}: {reason}" if name not in ("", "None", "NoReason") else state
    text += f" ({words})" if words else ""
    if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", start):
        text += f", start expected {start[:16].replace('T', ' ')}"
    return text


def plain(words: str) -> str:
    """Return what a command of Slurm said in one line, without its own name before each."""
    lines = [line.strip() for line in _PREFIX.sub("", words).splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line))


def is_silence(words: str) -> bool:
    """Tell whether a complaint means that Slurm's controller gave no answer."""
    return bool(_SILENT.search(words)) and not is_full(words)


def is_full(words: str) -> bool:
    """Tell whether Slurm takes no more jobs now, and will later."""
    return bool(_FULL.search(words))


def hint_for(words: str) -> str:
    """Return what to do about a refusal."""
    found = (hint for pattern, hint in _HINTS if re.search(pattern, words, re.IGNORECASE))
    return next(found, "see what the cluster allows with jupyter compute check")
