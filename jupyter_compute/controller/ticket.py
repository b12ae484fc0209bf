"""What the controller keeps in memory about one run that is not over."""

from __future__ import annotations

import asyncio
from enum import Enum

from ..model import Job, JobStatus, Run, RunState
from ..workspace import Workspace
from . import slots
from .admission import Holding, demand_of
from .mirror import Mirror


class Stage(Enum):
    """How far the controller is with a run.

    ``LAUNCHING`` means that the target may or may not know the run.
    """

    WAITING = 0
    SENDING = 1
    LAUNCHING = 2
    LAUNCHED = 3
    OVER = 4


PROVISIONAL = "launching"
"""The job id of a run that still counts as queued and that its target may know already."""


class Ticket:
    """One attempt of one run.

    Attributes:
        run: As stored last.
        job: What names the run to its driver; it has neither files nor secrets.
        status: What the target said last.
        news: Set when the status has changed.
        holding: What it holds of its target; ``None`` while it waits and when it has ended.
        bugs: How often its handling has failed in an unforeseen way.
        unknown_since: Since when the target answers without knowing the job.
        is_unheard: Whether its events are too many or too long to be taken.
        logs: How much is here of each log.
        results_bytes: How much was fetched of files under ``results/``.
        is_flagged: Whether its reason speaks of a target that is silent or detached.
        is_canceling: Whether the target has been told to end it.
        is_queued_there: Whether the engine has a queue of its own, so that the run goes on being
            queued until the engine says otherwise.
    """

    def __init__(self, run: Run, workspace: Workspace) -> None:
        self.run = run
        self.folder = workspace.run(run.id) / str(run.attempt)
        self.mirror = Mirror(self.folder)
        self.status: JobStatus | None = None
        self.news = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.cancel_task: asyncio.Task[None] | None = None
        self.bugs = 0
        self.unknown_since: float | None = None
        self.event_offset: int | None = None
        self.is_unheard = False
        self.results_bytes = 0
        self.logs: dict[str, int] = {}
        # An earlier controller may have left it so.
        self.is_flagged = run.is_detached or run.retry_at is not None
        self.is_canceling = False
        self.is_queued_there = False
        self.stage, self.holding = self._begin()
        self.job = reference(run, self.holding.gpu_ids if self.holding else ())

    def _begin(self) -> tuple[Stage, Holding | None]:
        if self.run.state is RunState.QUEUED and not self.run.job_id:
            return Stage.WAITING, None
        is_sure = self.run.job_id not in ("", PROVISIONAL)
        stage = Stage.LAUNCHED if is_sure else Stage.LAUNCHING
        demand = demand_of(self.run.resources)
        gpu_ids = slots.recall(self.folder) if demand.gpus else ()
        return stage, Holding(demand=demand, gpu_ids=gpu_ids)

    @property
    def is_launched(self) -> bool:
        """Whether the target is to be asked about it."""
        return self.stage is Stage.LAUNCHED

    @property
    def is_canceled(self) -> bool:
        """Whether somebody has asked for its end."""
        return self.run.cancel_requested is not None

    def hear(self, status: JobStatus) -> None:
        """Take what the target says, and wake whoever follows the run."""
        self.status = status
        self.unknown_since = None
        if status.state.is_final:
            self.holding = None
        self.news.set()


def reference(run: Run, gpu_ids: tuple[str, ...] = ()) -> Job:
    """Make the job by which a launched run is asked about: its names, without its contents."""
    return Job(
        run_id=run.id,
        argv=(),
        snapshot_id=run.snapshot_id,
        digests=(),
        name=run.name,
        attempt=run.attempt,
        environment=run.environment,
        resources=run.resources,
        gpu_ids=gpu_ids,
        job_id="" if run.job_id == PROVISIONAL else run.job_id,
    )
