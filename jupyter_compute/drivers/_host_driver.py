"""The driver of a machine that runs jobs by itself, on top of any host."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, NoReturn

import msgspec
from msgspec import Struct

from ..driver import BlobSource, Driver, DriverContext
from ..errors import (
    AuthenticationError,
    ConfigError,
    DriverError,
    LaunchError,
    NotFoundError,
    TargetUnreachableError,
)
from ..model import Digest, Job, JobStatus, Problem, RunId, TargetInfo
from ._agent import CLOSED, Agent, Answer, PipeLost, Refused
from ._checking import arrived, info_of, look
from ._containers import containers_of
from ._findings import Arrival
from ._host import Host
from ._polling import Statuses
from ._statuses import Executed, understood
from ._uploading import Uploader

_FILES = ("log", "events")
_FOLDERS = ("outputs/", "logs/", "results/")
_COLLECT_EVERY_S = 3600.0


class HostDriver(Driver):
    """Runs jobs on a machine through an agent that one pipe leads to.

    The pipe is opened by the first call that needs it, and again after it was lost; a call that
    meets a lost pipe is made once more on a new one, since all of them may be repeated.

    Args:
        context: The target's name and folder.
        options: As the kind's ``Options``.

    Attributes:
        hello: More keys for the agent's ``hello``.
        told: More keys for each job, for its keeper.
    """

    doubt_s = 10.0
    """Seconds for an answer after this machine has slept; a network takes some to come back."""

    silence_s = 20.0
    """Seconds without a byte after which the agent is asked whether it is there."""

    blobs_limit_bytes = 20 * (1 << 30)
    """Blobs on the target beyond this are removed, those first that were used longest ago."""

    environments_limit_bytes = 40 * (1 << 30)
    """The same for the environments that were built there."""

    root_choice: ClassVar[str] = "its option root"
    """How another folder than :meth:`root` is chosen, as a user would be told."""

    def __init__(self, context: DriverContext, options: Struct) -> None:
        self.context = context
        self.options = options
        self.host: Host = self.make_host()
        self.hello: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self._agent: Agent | None = None
        self._connecting: asyncio.Task[Agent] | None = None
        self._uploader = Uploader(self._ask, is_here=self.host.is_here)
        self._blobs: BlobSource | None = None
        self._statuses = Statuses()
        self._collected = time.monotonic()

    @abstractmethod
    def make_host(self) -> Host:
        """Make the host that the target is reached through, from the options."""

    @abstractmethod
    def root(self) -> str:
        """Return the folder on the target; ``~`` is the home there."""

    def variables(self) -> Mapping[str, str]:
        """Return environment variables for programs there, besides those of the login."""
        return {}

    def slots(self, cpus: float) -> int | None:
        """Return how many runs the target takes at once, from its usable cores."""
        return max(1, round(2 * cpus))

    # -- the driver's interface ----------------------------------------------------------------

    async def check(self) -> TargetInfo:
        """Find out what the machine has, and what is wrong with it."""
        return await self._look(is_brief=False)

    async def measure(self) -> TargetInfo:
        """Find out what the machine has, without a look at its tools."""
        # A kind that adds to a check has more to say than the machine.
        is_whole = type(self).check is not HostDriver.check
        return await (self.check() if is_whole else self._look(is_brief=True))

    async def _look(self, *, is_brief: bool) -> TargetInfo:
        resource_id = type(self).resource_id(self.options)
        self.host.ask_again()
        try:
            seen = await look(self._call, self.variables(), is_brief=is_brief)
        except (AuthenticationError, TargetUnreachableError):
            raise
        except DriverError as exc:
            problem = Problem(message=exc.message, remedy=exc.hint, fatal=True)
            return TargetInfo(resource_id=resource_id, problems=(problem,))
        arrival = Arrival(root=self.root(), root_choice=self.root_choice)
        if self._agent is not None:
            arrival = arrived(arrival, self._agent, seen, is_here=self.host.is_here)
        return info_of(seen.found, arrival, resource_id, self.slots(seen.found.cpus))

    @understood
    async def upload(self, digests: Collection[Digest], blobs: BlobSource) -> None:
        """Send the blobs that the machine lacks."""
        self._blobs = blobs
        self.host.ask_again()
        try:
            await self._uploader.upload(digests, blobs)
        except Refused as exc:
            self._refuse(exc, DriverError)
        if time.monotonic() - self._collected > _COLLECT_EVERY_S:
            self._collected = time.monotonic()
            await self.collect(digests)

    @understood
    async def launch(self, job: Job) -> str:
        """Start the job under a keeper of its own."""
        return str((await self.hand_over(job, {"op": "launch"}))["job_id"])

    async def hand_over(self, job: Job, how: Mapping[str, Any]) -> dict[str, Any]:
        """Give the agent a job with all it needs.

        Args:
            job: The whole job.
            how: The operation, and what it needs besides.

        Returns:
            The head of the answer.

        Raises:
            LaunchError: The answer is no.
        """
        plain = msgspec.to_builtins(msgspec.structs.replace(job, secret_env={}, digests=()))
        # They are those of its inputs and its snapshot, whose manifest is there: a long list.
        del plain["digests"]
        head = {
            **how,
            "job": {**plain, **self.told, "containers": containers_of(self.options)},
            "secrets": {name: value.reveal() for name, value in job.secret_env.items()},
        }
        try:
            answer = await self._ask(head)
        except Refused as exc:
            if exc.code != "missing-blobs" or self._blobs is None:
                self._refuse(exc, LaunchError)
            # Another's collection took them between the upload and now, or they never came.
            self._uploader.forget(job.digests)
            await self.upload(job.digests, self._blobs)
            answer = await self._call(head, error=LaunchError)
        return dict(answer.head)

    @understood
    async def poll(
        self,
        jobs: Collection[Job],
        known: Mapping[RunId, JobStatus] | None = None,
        wait_s: float = 0.0,
    ) -> dict[RunId, JobStatus]:
        """Ask about all jobs at once; held at the machine until something differs."""
        wanted = {job.run_id: job.attempt for job in jobs}
        expected = {run: status for run, status in (known or {}).items() if run in wanted}
        self._statuses.keep(wanted)
        deadline = time.monotonic() + wait_s
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            request = self._statuses.request(wanted, expected, left)
            found = self._statuses.take(request, await self._call(request))
            if found != expected or time.monotonic() >= deadline:
                return found

    async def read(self, job: Job, name: str, offset: int, wait_s: float = 0.0) -> bytes:
        """Read some bytes of a file of the run; held at the machine until there are any."""
        if name not in _FILES and not name.startswith(_FOLDERS):
            raise ConfigError(
                f"{name!r} is no file of a run that can be read",
                hint="read log, events, or a file below outputs/, logs/ or results/",
            )
        here = self._statuses.read(job, name, offset)
        if here is not None:
            return here
        head = {"op": "read", "name": name, "offset": offset, "wait_s": wait_s}
        return (await self._call({**head, **_named(job)})).body

    async def cancel(self, job: Job) -> None:
        """Ask the job's keeper to end it."""
        await self._call({"op": "cancel", **_named(job)})

    async def delete(self, job: Job) -> None:
        """Remove the folder of an ended job."""
        self._statuses.forget(job.run_id)
        await self._call({"op": "delete", **_named(job)})

    async def purge(self) -> None:
        """Remove blobs, environments, runs and the agent from its folder there."""
        self._uploader.forget()
        await self._call({"op": "purge"})
        # What this agent would load on demand is gone.
        await self._hang_up()

    @understood
    async def list_jobs(self) -> list[tuple[RunId, int]]:
        """List the runs whose folders are on the machine."""
        head = (await self._call({"op": "list"})).head
        return [(str(run), int(attempt)) for run, attempt in head["jobs"]]

    def rouse(self) -> None:
        """Give the pipe up soon if the agent says nothing any more."""
        if self._agent is not None:
            self._agent.doubt(self.doubt_s)

    def take_over(self, other: Driver) -> None:
        """Take the open pipe of another driver, if its agent works in the same folder."""
        if isinstance(other, HostDriver) and other.root() == self.root() and self._agent is None:
            self._agent, other._agent = other._agent, None

    async def close(self) -> None:
        """Close the pipe, on which the agent ends."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        await self.host.close()
        await self._hang_up()

    async def _hang_up(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.close()

    # -- for kinds on top of a host ------------------------------------------------------------

    @understood
    async def execute(
        self,
        argv: Collection[str],
        *,
        input: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str = "",
        timeout_s: float = 60.0,
    ) -> Executed:
        """Run a command of an engine on the machine; never repeated by itself.

        Raises:
            TargetUnreachableError: The pipe was lost; whether the command ran is not known.
            DriverError: It cannot be started.
        """
        head = {
            "op": "exec",
            "argv": list(argv),
            "env": dict(env or {}),
            "cwd": cwd,
            "timeout_s": timeout_s,
            "stdin": len(input),
        }
        data = (lambda: iter((input,))) if input else None
        answer = await self._call(head, data=data, repeat=False)
        length = answer.head["stdout"]
        code, signal, is_late = (answer.head[key] for key in ("exit_code", "signal", "timed_out"))
        return Executed(code, signal, answer.body[:length], answer.body[length:], is_late)

    @understood
    async def collect(self, keep: Collection[Digest] = ()) -> int:
        """Remove what no run needs until it fits the limits; returns the freed bytes."""
        self._uploader.forget()
        head = {
            "op": "gc",
            "limit_bytes": self.blobs_limit_bytes,
            "environments_limit_bytes": self.environments_limit_bytes,
            "keep": list(keep),
        }
        return int((await self._call(head)).head["freed_bytes"])

    # -- the pipe ------------------------------------------------------------------------------

    @property
    def agent(self) -> Agent | None:
        """The agent at the other end, if the pipe is open."""
        return self._agent

    async def _call(
        self,
        head: Mapping[str, Any],
        *,
        data: Callable[[], Iterator[bytes]] | None = None,
        size: int = 0,
        repeat: bool = True,
        error: type[DriverError] = DriverError,
    ) -> Answer:
        try:
            return await self._ask(head, data=data, size=size, repeat=repeat)
        except Refused as exc:
            self._refuse(exc, error)

    async def _ask(
        self,
        head: Mapping[str, Any],
        *,
        data: Callable[[], Iterator[bytes]] | None = None,
        size: int = 0,
        repeat: bool = True,
        sent: asyncio.Event | None = None,
    ) -> Answer:
        """Ask the agent, on a new pipe if the open one turns out to be lost."""
        for is_last in (not repeat, True):
            agent = await self._open_agent()
            try:
                stream = data() if data else None
                return await agent.call(head, data=stream, size=size, sent=sent)
            except PipeLost as exc:
                if is_last or str(exc) == CLOSED:
                    raise self._unreachable(str(exc)) from exc
        raise AssertionError("not reached")

    async def _open_agent(self) -> Agent:
        """Return the agent; all who need one wait for the same connection.

        A caller that gives up leaves it to the others: somebody may be typing a password.
        """
        if self._agent is not None and not self._agent.lost:
            return self._agent
        if self._connecting is None:
            lost, self._agent = self._agent, None
            self._connecting = asyncio.ensure_future(self._connect_anew(lost))
            self._connecting.add_done_callback(self._connected)
        return await asyncio.shield(self._connecting)

    async def _connect_anew(self, lost: Agent | None) -> Agent:
        if lost is not None:
            await lost.close()
        return await self._connect()

    def _connected(self, task: asyncio.Task[Agent]) -> None:
        self._connecting = None
        if not task.cancelled() and task.exception() is None:
            self._agent = task.result()

    async def _connect(self) -> Agent:
        try:
            agent = Agent(await self.host.open_pipe(), silence_s=self.silence_s)
        except DriverError as exc:
            exc.target, exc.kind = self.context.target, self.kind
            raise
        try:
            await agent.start({"root": self.root(), **self.hello}, timeout_s=self.host.greeting_s)
        except BaseException as exc:
            with contextlib.suppress(OSError):
                await agent.close()
            if isinstance(exc, PipeLost):
                raise self._no_agent(str(exc)) from exc
            raise
        return agent

    def _no_agent(self, words: str) -> DriverError:
        """Make the error for a pipe with no agent at its other end."""
        return self._unreachable(words)

    def _unreachable(self, words: str) -> TargetUnreachableError:
        return TargetUnreachableError(
            f"no answer from {self.host.describe()}: {words}",
            hint="it is tried again by itself",
            target=self.context.target,
            kind=self.kind,
        )

    def _refuse(self, exc: Refused, error: type[DriverError]) -> NoReturn:
        if exc.code == "busy":
            raise self._unreachable(exc.message) from exc
        if exc.code == "not-found" and error is DriverError:
            raise NotFoundError(exc.message, hint=exc.hint) from exc
        raise error(exc.message, hint=exc.hint, target=self.context.target, kind=self.kind) from exc


def _named(job: Job) -> dict[str, Any]:
    return {"run": job.run_id, "attempt": job.attempt}
