"""A cluster under Slurm as a target."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar

from msgspec import Meta, Struct, structs

from ..driver import DriverContext
from ..errors import LaunchError, TargetFullError, TargetUnreachableError
from ..model import Job, JobStatus, RunId, RunState, TargetInfo
from . import _slurm_check as checking
from ._furnishing import Furnisher, Furnishing
from ._host import Host
from ._queue_driver import QueueDriver, Submission
from ._reaching import in_group, make_host, one_line, place_of
from ._slurm_cancels import Cancels
from ._slurm_commands import command, look_ups, name_of, sbatch, script
from ._slurm_endings import Endings
from ._slurm_queue import Queue, QueueRow
from ._slurm_states import hint_for, is_full, is_silence, plain
from ._statuses import understood

_WORD = re.compile(r"[^\s]*")


class SlurmOptions(Furnishing, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which queue of which cluster, and what its jobs need.

    Attributes:
        host: The login node: a name from ``~/.ssh/config`` or of the network, or an address;
            without one Slurm's commands are run on this machine.
        partition: The partition; without one the cluster's default.
        account: The account that is charged.
        qos: The quality of service.
        constraint: Features that the nodes must have, such as ``a100&nvlink``.
        reservation: A reservation to use.
        sbatch: Further options of ``sbatch``, such as ``--exclusive``, one each.
        modules: Modules to load before each run.
        prologue: Lines of shell before each run, after its modules.
        mpi: How MPI programs are started: by the environment's ``mpirun``, or, with a name of
            ``srun --mpi``, such as ``pmix``, by ``srun``.
        signal_s: How many seconds before the end of its time a run is warned; 0 for never.
        root: The folder for blobs, environments and runs, which the login node and all nodes see.
        slurm_bin: Where ``sbatch`` and the others are, if a login does not find them.
        container_engine: What runs images there: Docker, Podman or Apptainer, by default which
            answers, first of all Apptainer.
    """

    partition: str = ""
    account: str = ""
    qos: Annotated[str, Meta(title="QOS")] = ""
    constraint: Annotated[str, in_group("Jobs")] = ""
    reservation: Annotated[str, in_group("Jobs")] = ""
    sbatch: Annotated[tuple[str, ...], in_group("Jobs", "Options of sbatch")] = ()
    modules: Annotated[tuple[str, ...], in_group("Jobs")] = ()
    prologue: Annotated[str, in_group("Jobs", "Lines before each run", format="textarea")] = ""
    mpi: Annotated[str, in_group("Jobs", "MPI by srun")] = ""
    signal_s: Annotated[
        int, Meta(ge=0, le=65535), in_group("Jobs", "Warned before the end, in seconds")
    ] = 60
    slurm_bin: Annotated[str, in_group("Over there", "Slurm's programs")] = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        words = ("partition", "account", "qos", "constraint", "reservation", "mpi")
        one_line(self, *words, "slurm_bin")
        for name in words:
            if not _WORD.fullmatch(getattr(self, name)):
                raise ValueError(f"the option {name!r} is one word: {getattr(self, name)!r}")
        for name in ("sbatch", "modules"):
            for line in getattr(self, name):
                if "\n" in line or "\r" in line or not line.strip():
                    raise ValueError(f"the option {name!r} takes one line each: {line!r}")


class SlurmDriver(QueueDriver):
    """Hands jobs over to Slurm on a login node, and follows them by their folders and its queue.

    Their keepers run on the nodes, and the folder of a run, on a file system that all see, is
    the truth about it. Slurm's queue says why a job waits, and how one ended whose keeper was
    killed with its node.
    """

    kind: ClassVar[str] = "slurm"
    title: ClassVar[str] = "A cluster under Slurm"
    asks: ClassVar[bool] = True
    Options: ClassVar[type[Struct]] = SlurmOptions

    options: SlurmOptions

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the account on the login node, and which queue of the cluster."""
        assert isinstance(options, SlurmOptions)
        return f"slurm+{place_of(options)}{_queue_of(options)}"

    def __init__(self, context: DriverContext, options: SlurmOptions) -> None:
        super().__init__(context, options)
        self.told = {"allocation": "slurm", "mpi": options.mpi}
        self.blobs_limit_bytes, self.environments_limit_bytes = options.limits_bytes
        self._furnisher = Furnisher(options, self._ask)
        self.queue = Queue(self.execute, options.slurm_bin)
        self._endings = Endings(self.queue, self.conclude, self._force)
        self._cancels = Cancels(self._scancel)
        self._told: dict[RunId, tuple[JobStatus, JobStatus]] = {}

    def make_host(self) -> Host:
        """Reach the login node."""
        return make_host(self.context, self.options)

    def root(self) -> str:
        """Return the folder there."""
        return self.options.root

    def variables(self) -> Mapping[str, str]:
        """Return what the options say."""
        return self.options.env

    def slots(self, cpus: float) -> int | None:
        """Leave it to Slurm how many run at once."""
        return None

    async def check(self) -> TargetInfo:
        """Find out what the cluster has, and prove that its nodes see the run's folder."""
        info = await super().check()
        if not info.is_usable:
            return info
        return await self._ask_slurm(info, is_probing=True)

    async def measure(self) -> TargetInfo:
        """Find out that Slurm is there: it counts itself what may run."""
        info = await self._look(is_brief=True)
        return await self._ask_slurm(info, is_probing=False) if info.is_usable else info

    async def _ask_slurm(self, info: TargetInfo, *, is_probing: bool) -> TargetInfo:
        # The same folder serves the cluster's other queues, each a place of its own.
        place = f"{info.place}{_queue_of(self.options)}/slurm" if info.place else ""
        info = structs.replace(info, place=place)
        root = str(self.agent.hello.get("root", "")) if self.agent else self.root()
        return await checking.look(self.execute, self.options, info, root, is_probing=is_probing)

    # -- a job's life --------------------------------------------------------------------------

    @understood
    async def launch(self, job: Job) -> str:
        """Hand the job over to Slurm, unless it has it already.

        Raises:
            LaunchError: Slurm refused, in its own words.
            TargetFullError: As many jobs as Slurm takes of ours are waiting.
        """
        adopted = await self._started_again(job) if job.attempt > 1 else ""
        job = await self._furnisher.furnish(job)
        place = self.options.slurm_bin
        submission = Submission(
            argv=tuple(command(sbatch(job, self.options), place)),
            script=script(job, self.options),
            lookup=tuple(tuple(command(words, place)) for words in look_ups(job)),
            adopt=adopted,
        )
        try:
            job_id = await self.submit(job, submission)
        except TargetUnreachableError as exc:
            if is_full(exc.message):
                raise self._not_now(f"Slurm takes no more jobs: {plain(exc.message)}") from exc
            raise
        except LaunchError as exc:
            raise self._refusal(exc) from exc
        self.queue.hurry()
        return job_id

    async def _started_again(self, job: Job) -> str:
        """Return the job that Slurm itself has begun this attempt with; empty if there is none."""
        await self.queue.refresh(is_forced=True)
        if self.queue.trouble:
            raise self._unreachable(self.queue.trouble)
        for row in self.queue.rows_of_run(job.run_id):
            if row.meaning.is_over or row.attempt == job.attempt:
                continue
            if row.attempt + row.restarts >= job.attempt:
                return f"{row.job_id}+{job.attempt - row.attempt}"
            # It is on its way out, or back into the queue.
            raise self._not_now(f"the job {row.job_id} of the attempt before is still in Slurm")
        return ""

    @understood
    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask about all jobs: their folders at any time, Slurm's queue for all now and then."""
        deadline = time.monotonic() + wait_s
        expected = dict(known or {})
        ids = {slurm_id(job.job_id): job.run_id for job in jobs}
        self._endings.keep(jobs)
        while True:
            await self.queue.refresh(ids)
            now = time.monotonic()
            until = min(deadline, self.queue.due_at, self._endings.due_at)
            told = await super().poll(jobs, self._as_told(expected), max(until - now, 0.0))
            found = await self._compose(jobs, told)
            if found != expected or time.monotonic() >= deadline:
                return found

    def _as_told(self, expected: Mapping[RunId, JobStatus]) -> dict[RunId, JobStatus]:
        """Return what the agent said of the runs of which the caller knows what was made of it."""
        return {
            run: self._told[run][0]
            for run, status in expected.items()
            if run in self._told and self._told[run][1] == status
        }

    async def _compose(
        self, jobs: Collection[Job], told: Mapping[RunId, JobStatus]
    ) -> dict[RunId, JobStatus]:
        found: dict[RunId, JobStatus] = {}
        self._told = {}
        for job in jobs:
            status = await self._endings.judge(job, told.get(job.run_id), self._row(job))
            if status is None:
                if self.queue.trouble:
                    # That a job is not there is only known from an answer.
                    raise self._unreachable(self.queue.trouble)
                continue
            found[job.run_id] = self._with_trouble(status)
            if job.run_id in told:
                self._told[job.run_id] = (told[job.run_id], found[job.run_id])
        return found

    def _row(self, job: Job) -> QueueRow | None:
        if slurm_id(job.job_id):
            return self.queue.row(slurm_id(job.job_id), job.run_id)
        rows = [row for row in self.queue.rows_of_run(job.run_id) if row.attempt <= job.attempt]
        return max(rows, key=lambda row: row.attempt, default=None)

    def _with_trouble(self, status: JobStatus) -> JobStatus:
        if not self.queue.trouble or status.state is not RunState.QUEUED:
            return status
        since = time.strftime("%H:%M", time.localtime(self.queue.silent_since))
        words = f"{status.reason}; Slurm has given no answer since {since}: {self.queue.trouble}"
        return structs.replace(status, reason=words)

    async def cancel(self, job: Job) -> None:
        """End the job: at once while it waits, by its keeper while it runs, by force after that."""
        await super().cancel(job)
        names = [name_of(job.run_id, attempt) for attempt in range(1, job.attempt + 1)]
        await self._cancels.end(slurm_id(job.job_id), names)
        self._endings.expect(job)
        self.queue.hurry()

    async def _scancel(self, words: list[str], *, may_fail: bool = False) -> None:
        done = await self.execute(command(["scancel", *words], self.options.slurm_bin))
        said = plain(done.stderr.decode(errors="replace"))
        if done.timed_out or (is_silence(said) and not may_fail):
            raise self._unreachable(f"scancel: {said or 'it took too long'}")

    async def _force(self, job: Job) -> None:
        await self._scancel([slurm_id(job.job_id)], may_fail=True)

    def _refusal(self, exc: LaunchError) -> LaunchError | TargetFullError | TargetUnreachableError:
        words = plain(exc.message)
        if is_full(words):
            return self._not_now(f"Slurm takes no more jobs: {words}")
        if is_silence(words):
            return self._unreachable(words)
        where = {"target": self.context.target, "kind": self.kind}
        return LaunchError(f"Slurm refused: {words}", hint=exc.hint or hint_for(words), **where)

    def _not_now(self, words: str) -> TargetFullError:
        hint = "it is handed over as soon as that changes"
        return TargetFullError(words, hint=hint, target=self.context.target, kind=self.kind)


def slurm_id(job_id: str) -> str:
    """Return Slurm's number in the id of a job; empty if it is not known."""
    number = job_id.partition("+")[0]
    return number if number.isdigit() else ""


def _queue_of(options: SlurmOptions) -> str:
    """Name a queue of a cluster: its partition, and who pays for what is in it."""
    named = (("account", options.account), ("qos", options.qos))
    query = "&".join(f"{name}={value}" for name, value in named if value)
    partition = f"/{options.partition}" if options.partition else ""
    return partition + (f"?{query}" if query else "")
