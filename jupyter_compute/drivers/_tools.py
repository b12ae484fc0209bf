"""Programs that are brought to a machine that lacks them: uv, which builds environments."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO

from ..driver import BlobSource
from ..errors import DriverError, TargetUnreachableError
from ..model import Digest
from ._agent import Answer, Refused

_ELF = b"\x7fELF"


class ProgramFile:
    """A program of this machine as the only blob of a source.

    Args:
        path: The program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        self.digest: Digest = digest.hexdigest()

    def size(self, digest: Digest) -> int:
        """Return the program's size in bytes."""
        return os.stat(self.path).st_size

    def open(self, digest: Digest) -> BinaryIO:
        """Open the program for reading."""
        return open(self.path, "rb")


class Tools:
    """Brings uv to one machine, once, if it has none and ours runs there.

    Args:
        ask: Asks the agent.
        upload: Sends blobs that the machine lacks.
    """

    def __init__(
        self,
        ask: Callable[[dict[str, Any]], Awaitable[Answer]],
        upload: Callable[[Collection[Digest], BlobSource], Awaitable[None]],
    ) -> None:
        self._ask = ask
        self._upload = upload
        self._turn = asyncio.Lock()
        self._is_done = False

    async def bring(self) -> None:
        """Bring what is lacking; where that cannot be, a build finds another way or says so.

        Raises:
            TargetUnreachableError: No answer.
        """
        async with self._turn:
            if self._is_done:
                return
            try:
                path = find_own_uv()
                if path is not None:
                    await self._bring(await asyncio.to_thread(ProgramFile, path))
            except TargetUnreachableError:
                raise
            except (DriverError, Refused, OSError):
                pass
            self._is_done = True

    async def _bring(self, program: ProgramFile) -> None:
        head = offer(program)
        if (await self._ask(head)).head["wanted"]:
            await self._upload([program.digest], program)
            await self._ask(head)


def offer(program: ProgramFile) -> dict[str, Any]:
    """Return the head of the request that offers a program to the agent."""
    return {
        "op": "tool",
        "name": "uv",
        "machine": platform.machine(),
        "digest": program.digest,
        "size": program.size(program.digest),
    }


def find_own_uv() -> Path | None:
    """Return the program of uv beside us or on the ``PATH``; ``None`` without one."""
    for place in _places():
        if place:
            path = Path(place).resolve()
            try:
                with open(path, "rb") as file:
                    # A script that starts it is of no use elsewhere.
                    if file.read(4) == _ELF:
                        return path
            except OSError:
                continue
    return None


def _places() -> list[str | None]:
    # A virtual environment need not be on the PATH to be ours.
    return [os.path.join(os.path.dirname(sys.executable), "uv"), shutil.which("uv")]
