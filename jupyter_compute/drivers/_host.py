"""Machines that run jobs by themselves: how they are reached, and the driver on top."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from abc import ABC, abstractmethod
from pathlib import Path

from ..errors import DriverError
from . import _package
from ._agent import Pipe, Reader

_TAIL = 4096


class Host(ABC):
    """How a machine is reached. One instance serves one driver."""

    is_here: bool = False
    """Whether files of this machine have the same path there."""

    greeting_s: float = 60.0
    """How long a log-in may take."""

    @abstractmethod
    async def open_pipe(self) -> Pipe:
        """Start an agent and return the pipe to it, before its greeting.

        Raises:
            TargetUnreachableError: There is no way there now.
            DriverError: It cannot work as it stands.
        """

    @abstractmethod
    def describe(self) -> str:
        """Name the machine for people."""

    def ask_again(self) -> None:  # noqa: B027 - not every way there asks
        """Take it that somebody is there to answer what the way there asks."""

    async def close(self) -> None:  # noqa: B027 - nothing to let go of is a fair answer
        """Take back what is asked. Repeatable."""


class ProcessPipe:
    """The standard input and output of a process on this machine.

    Args:
        process: Started with all three streams as pipes.
        patience_s: How long it may take to end by itself once its input is closed.
        tail: How many bytes of what it says last on standard error are kept.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        *,
        patience_s: float = 5.0,
        tail: int = _TAIL,
    ) -> None:
        assert process.stdin is not None and process.stdout is not None
        self.process = process
        self.writer = process.stdin
        self.reader: Reader = process.stdout
        self._patience_s = patience_s
        self._limit = tail
        self._tail = bytearray()
        self._listening = asyncio.create_task(self._listen(), name="agent errors")

    async def _listen(self) -> None:
        assert self.process.stderr is not None
        with contextlib.suppress(OSError):
            while data := await self.process.stderr.read(_TAIL):
                self._tail += data
                del self._tail[: -self._limit]

    async def close(self) -> None:
        """Close its input, on which an agent ends; kill it if it does not. Repeatable."""
        self.writer.close()
        try:
            await asyncio.wait_for(self.process.wait(), self._patience_s)
        except (asyncio.TimeoutError, TimeoutError):
            self._kill()
            await self.process.wait()
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()
        # A child that outlives the agent would hold the other ends open.
        transport = getattr(self.process, "_transport", None)
        if transport is not None:
            transport.close()

    async def abandon(self) -> None:
        """Kill it, without waiting for it to end by itself. Repeatable."""
        self._kill()
        await self.close()

    async def ended(self) -> int | None:
        """Wait a while for its end and its last words; return its exit code.

        Returns:
            As of a process: negative for a signal. ``None`` if it goes on.
        """
        try:
            code = await asyncio.wait_for(self.process.wait(), 5)
        except (asyncio.TimeoutError, TimeoutError):
            return None
        with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._listening), 1)
        return code

    def said(self) -> str:
        """Return what it has written to standard error so far, or the end of it."""
        return self._tail.decode(errors="replace").strip()

    async def last_words(self) -> str:
        """Say how it ended: exit code or signal, and its last line of standard error."""
        code = await self.ended()
        if code is None:
            return "it closed its output"
        how = f"exit code {code}" if code >= 0 else f"ended by {_signal_name(-code)}"
        return "; ".join([*self.said().splitlines()[-1:], how])

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


class LocalHost(Host):
    """This machine.

    Args:
        python: The interpreter for the agent.
        folder: Where the agent's archive is kept.
    """

    is_here = True

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self._archive: Path | None = None

    async def open_pipe(self) -> Pipe:
        """Start an agent as a process of this machine, in a session of its own."""
        if self._archive is None or not self._archive.exists():
            self._archive = await asyncio.to_thread(_package.place, self.folder)
        try:
            process = await asyncio.create_subprocess_exec(
                self.python,
                "-I",
                "-S",
                str(self._archive),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as exc:
            raise DriverError(
                f"the interpreter {self.python} cannot be started: {exc.strerror or exc}",
                hint="name another one with the target's option python",
            ) from exc
        return ProcessPipe(process)

    def describe(self) -> str:
        """Name the machine for people."""
        return "this machine"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
