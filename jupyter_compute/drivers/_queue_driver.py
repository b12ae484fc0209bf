"""The driver of a machine with an engine that has a queue of its own, asked by its own commands."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from ..model import Job, JobStatus
from ..runner.submitting import KEEPER
from ._host_driver import HostDriver
from ._statuses import status_of, understood

__all__ = ["KEEPER", "QueueDriver", "Submission"]


class Submission(Struct, frozen=True, kw_only=True):
    """How an engine is asked to take a job into its queue.

    Attributes:
        argv: The engine's command. The last line that it prints is the engine's id for the job.
        script: What the engine is to run, on the command's standard input. ``KEEPER`` in it, and
            then the number of the attempt, are the command that keeps the run.
        lookup: Commands that print the id of the job if it is in the queue. They are run where
            the answer to ``argv`` was lost, before it is run again.
        timeout_s: How long each of them may take.
        adopt: The id of a job with which the engine has begun this attempt by itself; nothing is
            handed over then.
    """

    argv: tuple[str, ...]
    script: str
    lookup: tuple[tuple[str, ...], ...] = ()
    timeout_s: float = 60.0
    adopt: str = ""


class QueueDriver(HostDriver):
    """Runs jobs where an engine's commands are, each under a keeper that the engine starts.

    A kind defines how a job is handed over and what the queue says about it; whatever a keeper
    tells of its run comes before that.
    """

    async def submit(self, job: Job, submission: Submission) -> str:
        """Put everything in place for the job and hand it over, once, whatever dies in between.

        Returns:
            The engine's id for it.

        Raises:
            LaunchError: The engine said no, in its own words.
            TargetUnreachableError: It did not answer; whether it has the job is looked up by the
                next call.
        """
        how = msgspec.to_builtins(submission)
        answer = await self.hand_over(job, {"op": "submit", "how": how})
        # One that was canceled before has no id there.
        return str(answer["job_id"]) or f"{job.run_id}/{job.attempt}"

    @understood
    async def conclude(self, job: Job, status: JobStatus) -> JobStatus | None:
        """Write down how a job ended that is over for its engine, unless its keeper has done so.

        Returns:
            How it ended; ``None`` if its keeper turns out to be alive.
        """
        final = {"state": status.state.value, "error": status.error, "requeue": status.requeue}
        head = {"op": "conclude", "run": job.run_id, "attempt": job.attempt, "final": final}
        found = (await self._call(head)).head["final"]
        return None if found is None else status_of(found)
