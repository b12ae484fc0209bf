"""A kind of target as a third party would ship it, with everything that a front end can meet.

Jobs run on this machine, wherever the host is said to be. What the host is called decides what
a check finds:

=========== ==================================================================
``well``    nothing is wrong
``ill``     nothing can run, and more than one thing is wrong
``nowhere`` it cannot be reached
``closed``  it does not accept the password
``asks``    it asks for a password unless the options have one, then for a code
``new``     it asks whether it may be trusted
``full``    it cannot be started, since there is no machine left
others      it works, and two things could be better
=========== ==================================================================
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from jupyter_compute.errors import AuthenticationError, DriverError, TargetUnreachableError
from jupyter_compute.hosts import Host, HostDriver, LocalHost
from jupyter_compute.model import Problem, Question, TargetAction, TargetInfo


def _in_group(group: str, **more: str) -> Meta:
    return Meta(extra_json_schema={"group": group, **more})


Port = Annotated[int, Meta(ge=1, le=65535), _in_group("Connection")]
Slots = Annotated[int, Meta(ge=1, le=64)]


class ShowcaseOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pretended machine, for tests and for trying things out.

    Attributes:
        host: The machine's name or address.
        port: Where it listens.
        user: Who you are there.
        password: Asked for when it is needed if you leave it empty.
        key_file: A private key, instead of a password.
        queue: Where runs wait.
        slots: How many runs at once; as many as it has cores if not given.
        gpus: How many GPUs it pretends to have.
        keep_files: Whether the files of runs that are over stay there.
        setup: Lines for the shell before a run begins.
        modules: What to load before a run begins.
    """

    host: Annotated[str, Meta(min_length=1), _in_group("Connection")]
    port: Port = 22
    user: Annotated[str, _in_group("Connection")] = ""
    password: Annotated[str, _in_group("Sign-in", format="password")] = ""
    key_file: Annotated[str, Meta(title="Private key"), _in_group("Sign-in", format="path")] = ""
    queue: Annotated[Literal["short", "long", "gpu"], _in_group("Runs")] = "short"
    slots: Annotated[Slots | None, _in_group("Runs")] = None
    gpus: Annotated[int, Meta(ge=0, le=8), _in_group("Runs")] = 0
    keep_files: Annotated[bool, _in_group("Runs")] = True
    setup: Annotated[str, _in_group("Runs", format="textarea")] = ""
    modules: Annotated[list[str], _in_group("Runs")] = []


class ShowcaseDriver(HostDriver):
    """Runs jobs on this machine and says that it is another."""

    kind: ClassVar[str] = "showcase"
    title: ClassVar[str] = "Showcase"
    Options: ClassVar[type[Struct]] = ShowcaseOptions

    asks: ClassVar[bool] = True
    actions: ClassVar[tuple[TargetAction, ...]] = ("start", "stop")

    options: ShowcaseOptions
    _is_signed_in = False

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        assert isinstance(options, ShowcaseOptions)
        user = f"{options.user}@" if options.user else ""
        return f"showcase://{user}{options.host}:{options.port}"

    def make_host(self) -> Host:
        return LocalHost(self.context.default_python, Path(self.context.folder) / "agent")

    def root(self) -> str:
        return self.context.folder

    def slots(self, cpus: float) -> int | None:
        return self.options.slots or super().slots(cpus)

    async def check(self) -> TargetInfo:
        return await self._seen(super().check)

    async def measure(self) -> TargetInfo:
        return await self._seen(super().measure)

    async def _seen(self, look: Callable[[], Awaitable[TargetInfo]]) -> TargetInfo:
        await self._reach()
        await self._sign_in()
        found = await look()
        gpus = tuple(f"Pretended GPU {number}" for number in range(self.options.gpus))
        facts = {**found.facts, "queue": self.options.queue}
        problems = (*found.problems, *self._problems())
        return replace(found, host=self.options.host, gpus=gpus, facts=facts, problems=problems)

    async def _reach(self) -> None:
        host, at = self.options.host, {"target": self.context.target, "kind": self.kind}
        if host == "nowhere":
            raise TargetUnreachableError(
                f"there is no way to {host}:{self.options.port}", hint="is it switched on?", **at
            )
        if host == "closed":
            who = self.options.user or "anybody"
            raise AuthenticationError(
                f"{host} did not accept {who}", hint="see the password and the key", **at
            )

    async def _sign_in(self) -> None:
        """Ask as a machine does; ``wrong`` is the one wrong answer."""
        host, at = self.options.host, {"target": self.context.target, "kind": self.kind}
        if host == "asks" and not self._is_signed_in:
            who = f"{self.options.user or 'ann'}@{host}"
            password = self.options.password or await self._ask_password(who)
            code = password and await self.context.ask(
                Question(type="text", message="The code that was sent to your telephone")
            )
            if not password or not code:
                raise AuthenticationError(f"{who} was asked and did not answer", **at)
            if "wrong" in (password, code):
                raise AuthenticationError(f"{host} did not accept {who}", **at)
            self._is_signed_in = True
        if host == "new":
            message = f"{host} is not known yet; its key is SHA256:0k3y. Is it the right one?"
            if await self.context.ask(Question(type="confirm", message=message)) != "yes":
                raise AuthenticationError(f"{host} was not trusted", **at)

    async def _ask_password(self, who: str) -> str | None:
        """Ask twice at most, as machines do that are told a wrong password."""
        question = Question(
            type="secret",
            message=f"Password for {who}",
            keep_as=f"{self.resource_id(self.options)} password",
        )
        password = await self.context.ask(question)
        if password == "wrong":
            password = await self.context.ask(replace(question, again=True))
        return password

    async def start(self) -> None:
        await asyncio.sleep(0.5)
        if self.options.host == "full":
            raise DriverError("there is no machine left", hint="try again at night")
        self._stopped.unlink(missing_ok=True)

    async def stop(self) -> None:
        await asyncio.sleep(0.5)
        self._stopped.touch()

    @property
    def _stopped(self) -> Path:
        return Path(self.context.folder) / "stopped"

    def _problems(self) -> list[Problem]:
        if self._stopped.exists():
            return [Problem(message="it is stopped", remedy="start it", fatal=True)]
        if self.options.host == "well":
            return []
        problems = [
            Problem(message="the disk is nearly full", remedy="jupyter compute gc frees some"),
            Problem(message="uv is not installed there", remedy="pip install uv"),
        ]
        if self.options.host == "ill":
            python = "there is no Python 3.8 or newer"
            remedy = "install one, or name it with --python"
            problems.insert(0, Problem(message=python, remedy=remedy, fatal=True))
        return problems
