"""The kind ``spool``: runs wait in a queue, which is asked through its own command line.

The package's agent brings the files there and reads the run's log, and its keeper runs the code.
What is left to say is how this queue is asked to start a keeper, and what it says about it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from msgspec import Meta, Struct
from msgspec.structs import replace

from jupyter_compute.errors import DriverError, TargetUnreachableError
from jupyter_compute.hosts import KEEPER, Host, LocalHost, QueueDriver, Submission
from jupyter_compute.model import Job, JobStatus, Problem, RunId, RunState, TargetInfo

from . import spool


def _in(group: str, **more: str) -> Meta:
    return Meta(extra_json_schema={"group": group, **more})


class SpoolOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the queue is, and what runs find there.

    Attributes:
        queue: The queue's folder, as ``spool init`` has made it.
        python: The interpreter that runs use by default; by default the one that submits.
        threads: Set as ``OMP_NUM_THREADS``, so that runs side by side share the cores.
    """

    queue: Annotated[str, Meta(min_length=1), _in("Queue", format="path")] = "~/.spool"
    python: Annotated[str, _in("Runs", format="path")] = ""
    threads: Annotated[Annotated[int, Meta(ge=1, le=1024)] | None, _in("Runs")] = None

    def __post_init__(self) -> None:
        # What a schema cannot say is said here; what is raised is shown beside the option.
        if self.queue.startswith("-") or not self.queue.isprintable():
            raise ValueError(f"the option 'queue' is no folder: {self.queue!r}")


class SpoolDriver(QueueDriver):
    """Runs jobs in a spool folder of this machine."""

    kind: ClassVar[str] = "spool"
    title: ClassVar[str] = "A spool folder"
    Options: ClassVar[type[Struct]] = SpoolOptions
    interval_s: ClassVar[float] = 0.2  # its command line answers at once, and has to be asked

    options: SpoolOptions

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the queue: two targets of one queue are one place."""
        assert isinstance(options, SpoolOptions)
        return f"spool:{Path(options.queue).expanduser().absolute()}"

    # -- the host ------------------------------------------------------------------------------

    def make_host(self) -> Host:
        """Reach this machine; for one behind SSH see ``Reaching``."""
        python = self.options.python or self.context.default_python
        return LocalHost(python, Path(self.context.folder) / "agent")

    def root(self) -> str:
        """Keep runs and blobs in the target's own folder."""
        return self.context.folder

    def slots(self, cpus: float) -> int | None:
        """Leave it to the queue how many run at once."""
        return None

    # -- the queue -----------------------------------------------------------------------------

    async def check(self) -> TargetInfo:
        """Add to what is found on the machine what the queue says about itself."""
        info = await super().check()
        try:
            about = json.loads(await self._ask_queue("info"))
        except DriverError as exc:
            problem = Problem(message=exc.message, remedy=exc.hint, fatal=True)
            return replace(info, problems=(problem, *info.problems))
        waiting, running = about["waiting"], about["running"]
        facts = {"queue": f"{running} of {about['slots']} running, {waiting} waiting"}
        return replace(info, facts={**info.facts, **facts})

    async def launch(self, job: Job) -> str:
        """Put the job's keeper into the queue."""
        if self.options.threads is not None:
            job = replace(job, env={"OMP_NUM_THREADS": str(self.options.threads), **job.env})
        submission = Submission(
            argv=self._command("add", _name(job)),
            script=f"exec {KEEPER}{job.attempt}\n",
            lookup=(self._command("find", _name(job)),),
        )
        return await self.submit(job, submission)

    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask the keepers, and the queue about those jobs that have none yet."""
        found = await super().poll(jobs)
        others = [job for job in jobs if job.run_id not in found]
        listed = _statuses(await self._ask_queue("list")) if others else {}
        for job in others:
            status = listed.get(_name(job))
            if status is not None and status.state.is_final:
                # A keeper that has come and gone meanwhile knows better.
                status = await self.conclude(job, status)
            if status is not None:
                found[job.run_id] = status
        return found

    async def cancel(self, job: Job) -> None:
        """Tell the keeper, which ends its run, and take out what has not begun."""
        await super().cancel(job)
        await self._ask_queue("cancel", _name(job))

    async def delete(self, job: Job) -> None:
        """Remove the run's folder and the queue's memory of it."""
        await super().delete(job)
        await self._ask_queue("remove", _name(job))

    def _command(self, verb: str, *words: str) -> tuple[str, ...]:
        # It comes with this package; another queue's would be on PATH.
        program = (self.context.default_python, "-I", "-S", str(Path(spool.__file__)))
        return (*program, verb, self.options.queue, *words)

    async def _ask_queue(self, verb: str, *words: str) -> str:
        """Run the queue's own command; what it does not like is told in its own words."""
        done = await self.execute(self._command(verb, *words), timeout_s=30)
        if done.exit_code == 0:
            return done.stdout.decode()
        at = {"target": self.context.target, "kind": self.kind}
        if done.timed_out:
            raise TargetUnreachableError(f"spool {verb} gave no answer", **at)
        said = done.stderr.decode(errors="replace").strip()
        raise DriverError(said, hint=f"make a queue: spool init {self.options.queue}", **at)


def _name(job: Job) -> str:
    """Name a job in the queue: the same attempt of the same run is the same job."""
    return f"{job.run_id}-{job.attempt}"


def _statuses(lines: str) -> dict[str, JobStatus]:
    """Say what the queue knows of its jobs; the keepers of those that have begun know more."""
    found: dict[str, JobStatus] = {}
    waiting = 0
    for entry in map(json.loads, lines.splitlines()):
        if entry["state"] == "waiting":
            status = JobStatus(state=RunState.QUEUED, reason=f"waiting: {waiting} before it")
            waiting += 1
        elif entry["state"] == "running":
            status = JobStatus(state=RunState.PREPARING)
        else:
            error = f"it ended before it began: {entry['end']}"
            status = JobStatus(state=RunState.FAILED, error=error)
        found[entry["name"]] = status
    return found
