"""A driver without an engine: jobs are played from their steps, as a function of time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec import Struct

from ..driver import BlobSource, Driver, DriverContext
from ..errors import ConfigError, DriverError, LaunchError, NotFoundError, TargetUnreachableError
from ..model import Digest, Job, JobStatus, Problem, RunId, TargetAction, TargetInfo
from .jobs import Step, steps_of
from .play import Act, Performance, perform

_engines: dict[str, FakeEngine] = {}
_READABLE = ("outputs/", "logs/", "results/")


class Record(Struct, kw_only=True):
    """What a fake engine keeps of a job.

    Attributes:
        canceled: When it was first asked to end.
        env: Everything that the job was given to see, secrets among it.
    """

    run_id: RunId
    attempt: int
    steps: list[Step]
    launched: float
    grace_s: float = 10.0
    canceled: float | None = None
    released: float | None = None
    gpu_ids: tuple[str, ...] = ()


class FakeEngine:
    """The place behind a fake target: what survives when a driver or its process is gone.

    Args:
        folder: Where to keep jobs and blobs, so that they outlive the process; ``None`` keeps
            them in memory.

    Attributes:
        is_down: Whether every call fails with ``TargetUnreachableError``.
        is_stopped: Whether a driver has stopped it; a check says so.
        calls: How often each method was called.
        launches: How often each job was truly started: 1, or there is a bug.
        secrets: The secret variables each run was launched with.
    """

    def __init__(self, folder: Path | None = None, *, clock: Callable[[], float] = time.time):
        self.folder = folder
        self.clock = clock
        self.is_down = False
        self.is_stopped = False
        self.calls: Counter[str] = Counter()
        self.launches: Counter[tuple[RunId, int]] = Counter()
        self.secrets: dict[RunId, dict[str, str]] = {}
        self.uploads: list[Digest] = []
        self._records: dict[tuple[RunId, int], Record] = {}
        self._blobs: dict[Digest, bytes] = {}
        self._faults: dict[str, list[tuple[Exception, bool]]] = {}
        self._waiting: set[asyncio.Event] = set()

    @classmethod
    def named(cls, name: str, folder: str = "") -> FakeEngine:
        """Return the one engine of a name in this process, made on first use."""
        if name not in _engines:
            _engines[name] = cls(Path(folder) if folder else None)
        return _engines[name]

    # -- what a test says ----------------------------------------------------------------------

    def fail(self, method: str, error: Exception, *, times: int = 1, after: bool = False) -> None:
        """Let the next calls of a driver's method fail.

        Args:
            method: ``launch``, ``poll``, ….
            error: What they raise.
            times: How many of them.
            after: Whether the call takes effect and only its answer is lost.
        """
        self._faults.setdefault(method, []).extend([(error, after)] * times)
        self._notify()

    def release(self, run_id: RunId, attempt: int = 1) -> None:
        """Let a job that stands at ``hold()`` go on."""
        record = self._record(run_id, attempt)
        if record is not None and record.released is None:
            self._keep(msgspec.structs.replace(record, released=self.clock()))

    def forget(self, run_id: RunId, attempt: int = 1) -> None:
        """Lose a job, as an engine whose memory is short does."""
        self._records.pop((run_id, attempt), None)
        if self.folder is not None:
            self._path(run_id, attempt).unlink(missing_ok=True)
        self._notify()

    def set_down(self, is_down: bool) -> None:
        """Cut or restore the connection, waking calls that are held."""
        self.is_down = is_down
        self._notify()

    def jobs(self) -> list[tuple[RunId, int]]:
        """List the jobs it knows."""
        if self.folder is not None:
            for path in self.folder.glob("*.job"):
                run_id, _, attempt = path.stem.rpartition("-")
                self._record(run_id, int(attempt))
        return sorted(self._records)

    def performance(self, run_id: RunId, attempt: int = 1) -> Performance | None:
        """Return what a job has done so far; ``None`` for one that is not known."""
        record = self._record(run_id, attempt)
        if record is None:
            return None
        act = Act(
            steps=record.steps,
            launched=record.launched,
            canceled=record.canceled,
            released=record.released,
            grace_s=record.grace_s,
        )
        return perform(act, self.clock())

    # -- what the driver does ------------------------------------------------------------------

    def enter(self, method: str) -> Exception | None:
        """Count a call and raise what it is to fail with; return what its answer is lost to."""
        self.calls[method] += 1
        if self.is_down:
            raise TargetUnreachableError("the fake target is down")
        queue = self._faults.get(method)
        if queue:
            error, after = queue.pop(0)
            if after:
                return error
            raise error
        return None

    def start(self, job: Job) -> None:
        """Start a job unless it was started before."""
        if self._record(job.run_id, job.attempt) is not None:
            return
        lacking = [digest for digest in job.digests if not self.has(digest)]
        if lacking:
            raise LaunchError(f"{len(lacking)} blobs are not here, {lacking[0][:12]} among them")
        self.secrets[job.run_id] = {k: v.reveal() for k, v in job.secret_env.items()}
        record = Record(
            run_id=job.run_id,
            attempt=job.attempt,
            steps=list(steps_of(job)),
            launched=self.clock(),
            grace_s=job.grace_s,
            gpu_ids=job.gpu_ids,
        )
        self.launches[job.run_id, job.attempt] += 1
        self._keep(record, exclusive=True)

    def end(self, job: Job) -> None:
        """Ask a job to end; the first request counts."""
        record = self._record(job.run_id, job.attempt)
        if record is not None and record.canceled is None:
            self._keep(msgspec.structs.replace(record, canceled=self.clock()))

    def has(self, digest: Digest) -> bool:
        """Whether a blob is on the target."""
        if self.folder is not None:
            return (self.folder / digest).exists()
        return digest in self._blobs

    def take(self, digest: Digest, data: bytes) -> None:
        """Keep a blob."""
        self.uploads.append(digest)
        if self.folder is None:
            self._blobs[digest] = data
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{digest}.{id(data)}"
        part.write_bytes(data)
        part.rename(self.folder / digest)

    async def wait(self, seconds: float) -> None:
        """Wait until a job was changed from outside, at most some seconds."""
        event = asyncio.Event()
        self._waiting.add(event)
        wait = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({wait}, timeout=max(seconds, 0.001))
        finally:
            wait.cancel()
            self._waiting.discard(event)

    def _notify(self) -> None:
        for event in self._waiting:
            event.set()

    def _path(self, run_id: RunId, attempt: int) -> Path:
        assert self.folder is not None
        return self.folder / f"{run_id}-{attempt}.job"

    def _record(self, run_id: RunId, attempt: int) -> Record | None:
        if self.folder is not None:
            try:
                data = self._path(run_id, attempt).read_bytes()
                record = msgspec.json.decode(data, type=Record)
            except (FileNotFoundError, msgspec.DecodeError):
                return None
            self._records[run_id, attempt] = record
        return self._records.get((run_id, attempt))

    def _keep(self, record: Record, *, exclusive: bool = False) -> None:
        self._records[record.run_id, record.attempt] = record
        if self.folder is not None:
            path = self._path(record.run_id, record.attempt)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{time.monotonic_ns()}")
            part.write_bytes(msgspec.json.encode(record))
            if exclusive:
                path.hardlink_to(part)
                part.unlink()
            else:
                part.rename(path)
        self._notify()


class FakeOptions(Struct, kw_only=True):
    """Options of a fake target.

    Attributes:
        engine: The engine's name; the target's name when empty.
        folder: Where the engine keeps jobs, so that they outlive the process.
    """

    engine: str = ""
    folder: str = ""
    slots: int | None = 4
    cpus: float = 8
    gpus: int = 0
    memory_gb: float = 16


class FakeDriver(Driver):
    """A complete driver over a :class:`FakeEngine`; all of a driver's laws hold."""

    kind: ClassVar[str] = "fake"
    title: ClassVar[str] = "Fake"
    Options: ClassVar[type[Struct]] = FakeOptions
    actions: ClassVar[tuple[TargetAction, ...]] = ("create", "start", "stop", "remove")

    def __init__(
        self, context: DriverContext, options: FakeOptions, engine: FakeEngine | None = None
    ) -> None:
        self.context = context
        self.options = options
        self.engine = engine or FakeEngine.named(options.engine or context.target, options.folder)
        self.is_closed = False

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        """Name the engine."""
        assert isinstance(options, FakeOptions)
        return f"fake://{options.engine or options.folder}"

    async def check(self) -> TargetInfo:
        """Say what the options say."""
        self._enter("check")
        stopped = Problem(message="it is stopped", remedy="start it", fatal=True)
        return TargetInfo(
            resource_id=self.resource_id(self.options),
            host="fake",
            python="3.11.0",
            cpus=self.options.cpus,
            gpus=tuple(f"Fake GPU {n}" for n in range(self.options.gpus)),
            memory_gb=self.options.memory_gb,
            slots=self.options.slots,
            problems=(stopped,) if self.engine.is_stopped else (),
        )

    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Take the blobs that are not there."""
        lost = self._enter("upload")
        for digest in digests:
            if not self.engine.has(digest):
                with blobs.open(digest) as stream:
                    self.engine.take(digest, stream.read())
        self._leave(lost)

    async def launch(self, job: Job) -> str:
        """Start playing the job's steps."""
        lost = self._enter("launch")
        await asyncio.sleep(0)
        self.engine.start(job)
        self._leave(lost)
        return f"fake-{job.run_id}-{job.attempt}"

    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Tell how far the jobs are; the call is held as asked."""
        deadline = time.monotonic() + wait_s
        lost = self._enter("poll")
        while True:
            plays = {job.run_id: self.engine.performance(job.run_id, job.attempt) for job in jobs}
            found = {run_id: play.status for run_id, play in plays.items() if play is not None}
            left = deadline - time.monotonic()
            if left <= 0 or found != dict(known or {}):
                self._leave(lost)
                return found
            changes = [play.next_change for play in plays.values() if play and play.next_change]
            soon = min((change - self.engine.clock() for change in changes), default=left)
            step = 0.02 if self.engine.folder is not None else left
            await self.engine.wait(min(left, soon, step))
            if self.engine.is_down:
                raise self._at_home(TargetUnreachableError("the fake target is down"))

    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read what the job has written so far."""
        if name not in ("log", "events") and not name.startswith(_READABLE):
            raise ConfigError(f"{name!r} is no file of a run that can be read")
        deadline = time.monotonic() + wait_s
        lost = self._enter("read")
        while True:
            play = self.engine.performance(job.run_id, job.attempt)
            if play is None:
                raise self._at_home(NotFoundError(f"there is no job of the run {job.run_id}"))
            data = play.read(name, offset)
            left = deadline - time.monotonic()
            if data or left <= 0 or play.status.state.is_final:
                self._leave(lost)
                return data
            await self.engine.wait(min(left, 0.02))

    async def cancel(self, job: Job) -> None:
        """Ask the job to end."""
        lost = self._enter("cancel")
        self.engine.end(job)
        self._leave(lost)

    async def delete(self, job: Job) -> None:
        """Forget an ended job."""
        lost = self._enter("delete")
        play = self.engine.performance(job.run_id, job.attempt)
        if play is not None and play.status.state.is_final:
            self.engine.forget(job.run_id, job.attempt)
        self._leave(lost)

    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the jobs that the engine knows."""
        self._enter("list_jobs")
        return self.engine.jobs()

    async def create(self) -> None:
        """Make the engine, which is there."""
        self._leave(self._enter("create"))

    async def start(self) -> None:
        """Let the engine be reached again."""
        lost = self._enter("start")
        self.engine.is_stopped = False
        self._leave(lost)

    async def stop(self) -> None:
        """Let the engine be there and run nothing; its jobs play on."""
        lost = self._enter("stop")
        self.engine.is_stopped = True
        self._leave(lost)

    async def remove(self) -> None:
        """Take the engine away, which only counts."""
        self._leave(self._enter("remove"))

    async def close(self) -> None:
        """Let go; jobs play on."""
        self.is_closed = True

    def _enter(self, method: str) -> Exception | None:
        try:
            return self.engine.enter(method)
        except DriverError as exc:
            raise self._at_home(exc) from None

    def _leave(self, lost: Exception | None) -> None:
        if lost is not None:
            raise self._at_home(lost)

    def _at_home(self, error: Exception) -> Exception:
        if isinstance(error, DriverError):
            error.target, error.kind = self.context.target, self.kind
        return error
