"""A machine behind SSH: how it is reached through the user's own OpenSSH."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import AuthenticationError, DriverError, TargetUnreachableError
from . import _bootstrap, _package
from ._agent import Pipe
from ._askpass import Asked, AskPass
from ._bootstrap import Container, NoAgent, PipeEnded, Wanted
from ._host import Host, ProcessPipe
from ._ssh_answers import Answers
from ._ssh_config import Destination, Resolved, program, resolve
from ._ssh_errors import Attempt, explain, explain_no_agent

_TAIL = 65536
_LOOK_S = 0.1
_PATIENCE_S = 2.0
_FIXED = (
    "ClearAllForwardings=yes",
    "ControlMaster=no",
    "EscapeChar=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "LogLevel=INFO",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
)
"""A pipe to a program, and nothing else of what the configuration may want for a terminal."""


class SshHost(Host):
    """A machine behind SSH.

    Args:
        destination: Where to.
        root: The folder there; ``~`` is the home.
        python: The interpreter there by path or name; empty to look for one.
        container: Where the agent runs, if not on the machine itself.
        folder: A folder of this driver's own on this machine.
        answers: Answers what OpenSSH asks.
        connect_s: How long a connection may take, the questions not counted.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        root: str,
        python: str,
        container: Container,
        folder: Path,
        answers: Answers,
        connect_s: float = 30.0,
    ) -> None:
        self.destination = destination
        self._root = root
        self._python = python
        self._container = container
        self._folder = folder
        self._answers = answers
        self._connect_s = connect_s

    async def open_pipe(self) -> Pipe:
        """Log in, bring the agent if it is not there, and start it. Asks what OpenSSH asks."""
        may_retry = True
        while True:
            self._answers.begin()
            resolved = await asyncio.to_thread(resolve, self.destination)
            _look_at(self.destination.key_file)
            try:
                return await self._connect(resolved)
            except AuthenticationError:
                # Where one try is allowed, a remembered answer that is wrong would end each login.
                if not (self._answers.refused() and may_retry):
                    raise
                may_retry = False
            except TargetUnreachableError:
                # A login waits for an answer for a minute or two; whoever gives it may take
                # longer, and need not be asked again.
                if not self._answers.is_asking:
                    raise
                await self._answers.settled()

    def describe(self) -> str:
        """Name the machine for people."""
        return self.destination.host

    def ask_again(self) -> None:
        """Forget that a question was declined, since somebody wants something now."""
        self._answers.declined = ""

    async def close(self) -> None:
        """Take open questions back."""
        await self._answers.close()

    async def _connect(self, resolved: Resolved) -> Pipe:
        methods: set[str] = set()

        async def answer(asked: Asked) -> str | None:
            methods.add(asked.kind)
            return await self._answers.answer(asked)

        asking = AskPass(self._folder, answer)
        pipe: ProcessPipe | None = None
        try:
            pipe = await self._start(resolved, await asking.open())
            await self._bring(pipe, asking)
            self._answers.accepted()
            return pipe
        except (PipeEnded, NoAgent, OSError, asyncio.TimeoutError) as exc:
            raise await self._explain(exc, pipe, resolved, frozenset(methods)) from exc
        except BaseException:
            if pipe is not None:
                await pipe.abandon()
            raise
        finally:
            await asking.close()

    async def _start(self, resolved: Resolved, env: Mapping[str, str]) -> ProcessPipe:
        words = [word for option in (*_FIXED, *_wanted(resolved)) for word in ("-o", option)]
        process = await asyncio.create_subprocess_exec(
            program(),
            "-T",
            *words,
            *self.destination.arguments(),
            "--",
            self.destination.host,
            _bootstrap.COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **env},
            start_new_session=True,
        )
        return ProcessPipe(process, patience_s=_PATIENCE_S, tail=_TAIL)

    async def _bring(self, pipe: ProcessPipe, asking: AskPass) -> None:
        path = await asyncio.to_thread(_package.place, self._folder / "agent")
        archive = await asyncio.to_thread(path.read_bytes)
        wanted = Wanted(self._root, self._python, self._container, path.name, archive)
        bringing = asyncio.ensure_future(_bootstrap.bring(pipe, wanted))
        try:
            left = self._connect_s
            while not bringing.done():
                await asyncio.wait({bringing}, timeout=_LOOK_S)
                # Whoever is asked may take the time it takes.
                left -= 0.0 if asking.is_asking else _LOOK_S
                if left <= 0 and not bringing.done():
                    raise asyncio.TimeoutError
            pipe.reader = bringing.result()
        finally:
            bringing.cancel()
            with contextlib.suppress(BaseException):
                await bringing

    async def _explain(
        self,
        exc: Exception,
        pipe: ProcessPipe | None,
        resolved: Resolved,
        methods: frozenset[str],
    ) -> DriverError:
        if pipe is None:
            return DriverError(
                f"ssh cannot be started: {exc}", hint="free some space, or install OpenSSH"
            )
        if isinstance(exc, asyncio.TimeoutError):
            await pipe.abandon()
            return TargetUnreachableError(
                f"no answer from {resolved.place} within {self._connect_s:g} s",
                hint="see whether it can be reached from here",
            )
        exit_code = await pipe.ended()
        printed = str(exc) if isinstance(exc, PipeEnded) else ""
        attempt = Attempt(self.destination, resolved, methods, pipe.said(), printed, exit_code)
        await pipe.abandon()
        if isinstance(exc, NoAgent):
            return explain_no_agent(exc, attempt, self._root, self._python, self._container.image)
        return self._answers.reason(explain(attempt))


_PLAIN = {"sessiontype": "default", "stdinnull": "no", "forkafterauthentication": "no"}
"""Not every version knows these, so they are set only where the configuration has them."""


def _look_at(key_file: str) -> None:
    """Refuse a key that is not there: ``ssh`` would only warn, and try others."""
    if not key_file:
        return
    try:
        with open(os.path.expanduser(key_file), "rb"):
            return
    except OSError as exc:
        raise AuthenticationError(
            f"the key file {key_file} cannot be read: {exc.strerror}",
            hint="name the private key on this machine with the option key_file",
        ) from exc


def _wanted(resolved: Resolved) -> list[str]:
    """Return the settings that hold unless the user's configuration has its own."""
    settings = resolved.settings
    words = []
    if settings.get("stricthostkeychecking") in ("false", "no", "off"):
        # A machine that nobody knows is asked about, whatever the configuration says.
        words.append("StrictHostKeyChecking=ask")
    if settings.get("connecttimeout", "none") in ("none", "0"):
        words.append("ConnectTimeout=20")
    if settings.get("serveraliveinterval", "0") == "0":
        words += ["ServerAliveInterval=15", "ServerAliveCountMax=4"]
    for name, value in _PLAIN.items():
        if settings.get(name, value) != value:
            words.append(f"{name}={value}")
    return words
