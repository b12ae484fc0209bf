"""The one interface that a kind of target implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import BinaryIO, ClassVar, Protocol

from msgspec import Struct

from .errors import ConfigError, DriverError
from .model import Digest, Job, JobStatus, Question, RunId, TargetAction, TargetInfo


class BlobSource(Protocol):
    """Where a driver takes the blobs from that a target lacks."""

    def size(self, digest: Digest) -> int:
        """Return a blob's size in bytes; blocks for a file-system look-up at most."""
        ...

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading; its bytes are verified before the last read returns."""
        ...


class Driver(ABC):
    """Runs jobs on one target. One instance serves one target and lives in the controller.

    Every method may be called twice: the second call has no further effect and gives the same
    answer. :class:`~.errors.TargetUnreachableError` means no answer, and the caller tries again
    later; any other :class:`~.errors.DriverError` means an answer, and it is no. All methods are
    coroutines on the controller's loop and must not block it; they overlap, and a held ``poll`` is
    cancelled whenever there is a newer question. Only ``launch`` gets a whole job: the others may
    get one that has its names (``run_id``, ``attempt``, ``name``, ``job_id``), its resources and
    its environment, and no contents, since a job outlives the process that made it. A driver is
    constructed with the target's name, its options and :class:`DriverContext`; constructing
    touches nothing.
    """

    kind: ClassVar[str]
    """The kind's name, as in ``--kind slurm``."""

    title: ClassVar[str] = ""
    """The kind's name for people."""

    Options: ClassVar[type[Struct]]
    """What attach asks for: options in ``targets.toml``, flags, the form in the sidebar."""

    interval_s: ClassVar[float] = 0.0
    """Seconds between polls, for an engine whose ``poll`` cannot be held; 0 means that it can."""

    asks: ClassVar[bool] = False
    """Whether it may ask who uses it, such as for a password. Then commands look at a place, and
    ask, before they attach it, rather than when the first run is there."""

    actions: ClassVar[tuple[TargetAction, ...]] = ()
    """What the kind can do with the compute behind a target: those of ``create``, ``start``,
    ``stop`` and ``remove`` that it defines. Each returns when it is done, however long it takes."""

    @classmethod
    @abstractmethod
    def resource_id(cls, options: Struct) -> str:
        """Name what the target really is, from its options alone, such as ``ssh://me@gpu1:22``.

        Two targets with one resource id are the same place. Touches nothing.
        """

    @abstractmethod
    async def check(self) -> TargetInfo:
        """Find out what is there, and everything that is wrong at once, each with a remedy."""

    async def measure(self) -> TargetInfo:
        """Find out how much can run there: a check without what only a person wants to know.

        Asked before the first run; by default it is the whole check.
        """
        return await self.check()

    @abstractmethod
    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Bring the blobs to the target that it lacks, and only these.

        The digests may begin with a snapshot's own id, which a driver may use to ask less.
        """

    @abstractmethod
    async def launch(self, job: Job) -> str:
        """Start the job and return the engine's id for it.

        The run's id and attempt name the job there: launching twice is launching once. All of
        ``job.digests`` have been uploaded.

        Raises:
            LaunchError: The engine said no.
            TargetFullError: Not now: a limit on how many jobs are waiting there is reached.
        """

    @abstractmethod
    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask about all jobs with one remote call.

        Args:
            jobs: Which jobs. One that the engine does not know is left out of the answer.
            known: What the caller knows already.
            wait_s: How long the call may be held until something differs from ``known``; a
                driver that cannot hold it answers at once.
        """

    @abstractmethod
    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read some bytes of a file of the run from an offset; empty means none there yet.

        Args:
            job: Whose file.
            name: ``log``, ``events``, ``outputs/…``, ``logs/…`` or ``results/…``. No other file
                of the target can be named.
            offset: In bytes. The caller goes on at ``offset + len(answer)``.
            wait_s: How long to wait for the first byte.
        """

    @abstractmethod
    async def cancel(self, job: Job) -> None:
        """Ask the job to end, by force after ``job.grace_s``; returns before it has ended."""

    async def delete(self, job: Job) -> None:  # noqa: B027 - not every engine keeps something
        """Remove what the target keeps of an ended job; nothing by default."""

    async def purge(self) -> None:  # noqa: B027 - not every engine keeps something
        """Remove everything of ours from the target; nothing by default.

        Raises:
            DriverError: A job is still active there, whoever launched it; nothing is removed.
        """

    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the run ids and attempts that the target knows, to rebuild a lost store."""
        return []

    def rouse(self) -> None:  # noqa: B027 - who keeps nothing open has nothing to doubt
        """Doubt what is open: this machine has slept, or its network has changed.

        Called on the loop; must not block. Calls that wait on a connection which turns out to be
        dead raise :class:`~.errors.TargetUnreachableError` within seconds rather than minutes.
        """

    def take_over(self, other: Driver) -> None:  # noqa: B027 - not every engine has a connection
        """Take the open connection of another driver of the same place, before the first call.

        So whoever had to type a one-time code for a look at a place is not asked for another one
        when the place is attached. What is taken is not closed with ``other``.
        """

    async def close(self) -> None:  # noqa: B027 - nothing to let go of is a fair answer
        """Let go of connections. Jobs go on."""

    async def create(self) -> None:
        """Create the compute behind the target, where the kind manages it."""
        raise self.unsupported("be created")

    async def start(self) -> None:
        """Start the compute behind the target, where the kind manages it."""
        raise self.unsupported("be started")

    async def stop(self) -> None:
        """Stop the compute behind the target, where the kind manages it."""
        raise self.unsupported("be stopped")

    async def remove(self) -> None:
        """Delete the compute behind the target, where the kind manages it."""
        raise self.unsupported("be deleted")

    def unsupported(self, what: str) -> DriverError:
        """Make the error for something this kind does not do."""
        return DriverError(
            f"a target of kind {self.kind} cannot {what} from here",
            kind=self.kind,
            hint="the machine behind it is managed elsewhere",
        )


async def _decline(question: Question) -> str | None:
    return None


async def _reveal_nothing(reference: str) -> str:
    raise ConfigError("no secret can be looked up here")


class DriverContext(Struct, frozen=True, kw_only=True):
    """What the controller passes to every driver it constructs: ``Driver(context, options)``.

    Attributes:
        target: The target's name, for error messages.
        folder: A folder on this machine that is the target's own, 0700, made on first use.
        default_python: The interpreter that submits, for kinds that run on this machine.
        ask: Asks whoever uses the target, such as for a password or a one-time code, and waits:
            ``await context.ask(Question(type="secret", message="Password for ann@gpu1"))``.
            ``None`` means that it was declined: raise :class:`~.errors.AuthenticationError`, and
            ask nothing more until ``check`` or ``upload`` is called. Nobody at all for some
            minutes raises :class:`~.errors.TargetUnreachableError`: silence, as from the target.
            The driver keeps an answer in memory at most, and shows it nowhere; a call that is
            cancelled takes its question back.
            With ``keep_as`` the person may have the answer kept, and the next question of that
            name is answered with it at once. When it turns out to be wrong, ask with ``again``.
        reveal: Returns the value behind a reference to a secret, such as ``keyring:gpu1/ann``;
            raises :class:`~.errors.ConfigError` when there is none.
    """

    target: str
    folder: str
    default_python: str
    ask: Callable[[Question], Awaitable[str | None]] = _decline
    reveal: Callable[[str], Awaitable[str]] = _reveal_nothing
