"""How a run under Slurm stands, by its folder and by the queue, and how it ended.

The folder comes first: it is written by the run's keeper. Slurm's word counts where there is no
keeper: before one has begun, and after one was killed, with its node or at the end of its time.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection

from msgspec import structs

from ..model import Job, JobStatus, RunId, RunState
from ..runner.endings import BY_HOST
from ._slurm_queue import Queue, QueueRow

_WORD_S = 30.0
_FORCE_S = 15.0
_WORDLESS = ("COMPLETED", "FAILED")

Conclude = Callable[[Job, JobStatus], Awaitable[object]]


class Endings:
    """Judges jobs; what it concludes is written into their folders, and read from there.

    Args:
        queue: What Slurm says.
        conclude: Writes down the end of a run that cannot do so itself.
        force: Ends a job by force.
    """

    patience_s = 5.0
    """How long a file may take to be seen on the login node that was written on another."""

    absent_s = 60.0
    """How long Slurm must have answered without a job before that is taken for its end."""

    def __init__(
        self, queue: Queue, conclude: Conclude, force: Callable[[Job], Awaitable[None]]
    ) -> None:
        self._queue = queue
        self._conclude = conclude
        self._force = force
        self._since: dict[tuple[RunId, int], float] = {}
        self._canceled: dict[tuple[RunId, int], float] = {}

    def keep(self, jobs: Collection[Job]) -> None:
        """Wait for nothing of any others."""
        kept = {_key(job) for job in jobs}
        self._since = {key: since for key, since in self._since.items() if key in kept}
        self._canceled = {key: at for key, at in self._canceled.items() if key in kept}

    @property
    def due_at(self) -> float:
        """When to look again at what is waited for, on the monotonic clock."""
        waits = [since + self.patience_s for since in self._since.values()]
        return min([*waits, *self._canceled.values()], default=float("inf"))

    def expect(self, job: Job) -> None:
        """Have a job ended by force if it does not heed a cancel in time."""
        key = (job.run_id, job.attempt)
        self._canceled.setdefault(key, time.monotonic() + job.grace_s + _FORCE_S)

    async def judge(
        self, job: Job, told: JobStatus | None, row: QueueRow | None
    ) -> JobStatus | None:
        """Say how a job stands.

        Args:
            job: Which.
            told: What its folder says; ``None`` before its keeper has begun.
            row: What Slurm says; ``None`` if it knows no such job, or has not been asked.

        Returns:
            ``None`` if neither knows it.
        """
        if told is not None and told.state.is_final:
            return self._of_final(job, told, row)
        if row is None:
            return await self._of_absent(job, told)
        if row.restarts > restarts_of(job) or row.meaning.is_over:
            return await self._of_over(job, told, row)
        self._since.pop(_key(job), None)
        await self._press(job)
        if told is None:
            return JobStatus(state=_before(row), reason=row.words)
        if row.meaning.state is RunState.RUNNING and not told.reason:
            # Such as suspended; what goes on as it should needs no words.
            return structs.replace(told, reason=row.words)
        return told

    def _of_final(self, job: Job, told: JobStatus, row: QueueRow | None) -> JobStatus:
        """Say what Slurm's reason was, where its signal ended the run."""
        self._canceled.pop(_key(job), None)
        is_clear = told.error != BY_HOST or told.state is not RunState.FAILED
        since = self._since.setdefault(_key(job), time.monotonic())
        if is_clear or time.monotonic() - since > _WORD_S:
            del self._since[_key(job)]
            return told
        is_again = row is not None and row.restarts > restarts_of(job)
        if row is None or not (row.meaning.is_over or is_again):
            self._queue.hurry()
            return JobStatus(
                state=RunState.FINALIZING, reason="asking Slurm why it ended", sizes=told.sizes
            )
        del self._since[_key(job)]
        state, error, is_lost = _verdict(row, is_again=is_again)
        return structs.replace(told, state=state, error=error, requeue=told.requeue or is_lost)

    async def _of_over(self, job: Job, told: JobStatus | None, row: QueueRow) -> JobStatus:
        """Conclude a run whose job is over, once its keeper has had time to say so itself."""
        since = self._since.setdefault(_key(job), time.monotonic())
        is_again = row.restarts > restarts_of(job)
        if is_again or time.monotonic() - since >= self.patience_s:
            state, error, is_lost = _verdict(row, is_again=is_again)
            if told is not None and row.state in _WORDLESS:
                error = f"the keeper of the run was killed on its node (Slurm: {row.state})"
            await self._conclude(job, JobStatus(state=state, error=error, requeue=is_lost))
            # Its keeper may turn out to be at it still.
            self._since[_key(job)] = time.monotonic()
        state = told.state if told is not None else _before(row)
        status = told or JobStatus(state=state)
        return structs.replace(status, reason=f"{row.state} ({row.meaning.words})")

    async def _of_absent(self, job: Job, told: JobStatus | None) -> JobStatus | None:
        number = job.job_id.partition("+")[0]
        if self._queue.absent_s(number) > self.absent_s:
            error = f"Slurm does not know the job {number} any more, and it left no exit status"
            # What never began, and cannot begin any more, may as well begin anew.
            final = JobStatus(state=RunState.FAILED, error=error, requeue=told is None)
            await self._conclude(job, final)
        elif told is None and number.isdigit() and not self._queue.trouble:
            return JobStatus(state=RunState.QUEUED, reason="handed over to Slurm")
        return told

    async def _press(self, job: Job) -> None:
        deadline = self._canceled.get(_key(job))
        if deadline is not None and time.monotonic() > deadline:
            self._canceled[_key(job)] = time.monotonic() + _FORCE_S
            await self._force(job)


def restarts_of(job: Job) -> int:
    """Return how often Slurm had put the job back into its queue before this attempt."""
    count = job.job_id.partition("+")[2]
    return int(count) if count.isdigit() else 0


def _verdict(row: QueueRow, *, is_again: bool) -> tuple[RunState, str, bool]:
    if is_again:
        return RunState.FAILED, f"Slurm put its job {row.job_id} back into the queue", True
    meaning = row.meaning
    return meaning.state, f"Slurm: {row.state}, {meaning.words}", meaning.is_lost


def _before(row: QueueRow) -> RunState:
    """Return the state of a run whose keeper has not begun."""
    is_waiting = row.meaning.state is RunState.QUEUED
    return RunState.QUEUED if is_waiting else RunState.PREPARING


def _key(job: Job) -> tuple[RunId, int]:
    return job.run_id, job.attempt
