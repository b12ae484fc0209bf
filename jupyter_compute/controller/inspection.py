"""What is known about a target, and its file, which front ends read.

A front end that wants a target checked makes ``check.wish`` in the target's folder and rings.
The controller removes the wish, checks, and replaces ``info.json``: ``{"info", "checked",
"error", "target"}``. An answer whose ``checked`` is not before the wish answers it.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..errors import DriverError, LaunchError, TargetUnreachableError
from ..model import Target, TargetInfo
from ..workspace import Workspace
from .context import Context
from .line import Line
from .looking import as_error, checked, definition

_FRESH_S = 24 * 3600.0


class Answer(Struct, kw_only=True):
    """The content of ``info.json``.

    Attributes:
        info: What was found; that of the last check that found anything.
        checked: When the last check ended, in seconds since the epoch.
        error: ``{"error", "message", "hint"}`` of the last check; ``None`` if all went well.
        target: Names the target's definition, so that the answer is not taken for another's.
    """

    info: TargetInfo | None = None
    checked: float = 0.0
    error: dict[str, str] | None = None
    target: str = ""


def wish(workspace: Workspace, target: str) -> None:
    """Ask for a check of a target; ring the bell and ensure a controller afterwards."""
    folder = workspace.target(target)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "check.wish").touch()


def wishes(workspace: Workspace) -> list[str]:
    """List the targets whose check is wished for."""
    return [path.parent.name for path in workspace.targets.glob("*/check.wish")]


def take_wish(workspace: Workspace, target: str) -> None:
    """Remove a wish, now that it is taken care of; repeatable."""
    (workspace.target(target) / "check.wish").unlink(missing_ok=True)


def read_answer(workspace: Workspace, target: str) -> Answer | None:
    """Return what the last check said; ``None`` when there was none."""
    try:
        data = (workspace.target(target) / "info.json").read_bytes()
        return msgspec.json.decode(data, type=Answer)
    except (OSError, msgspec.MsgspecError):
        return None


def write_answer(workspace: Workspace, target: str, answer: Answer) -> None:
    """Replace what the last check said, atomically."""
    folder: Path = workspace.target(target)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / "info.json.part"
    part.write_bytes(msgspec.json.encode(answer))
    part.replace(folder / "info.json")


def name_of(target: Target) -> str:
    """Name a target's definition."""
    return hashlib.sha256(definition(target)).hexdigest()


class Inspector:
    """Knows what one target has.

    Args:
        context: What the controller works with.
        target: The target.
        line: The way to it.
    """

    def __init__(self, context: Context, target: Target, line: Line) -> None:
        self._context = context
        self._target = target
        self._line = line
        self._info: TargetInfo | None = None
        self._turn = asyncio.Lock()

    async def info(self, *, anew: bool = False) -> TargetInfo:
        """Return what the target has: as known, else as found now.

        Waits for a target that is silent.

        Args:
            anew: Whether it is asked although it is known.

        Raises:
            DriverError: The target cannot run anything, and why.
        """
        if self._info is None:
            self._recall()
        if anew or self._info is None or not self._info.is_usable:
            self._info = await self._find()
        problem = next((item for item in self._info.problems if item.fatal), None)
        if problem is not None:
            raise LaunchError(
                problem.message,
                hint=problem.remedy,
                target=self._target.name,
                kind=self._target.kind,
            )
        return self._info

    async def check(self, *, is_brief: bool = False) -> TargetInfo:
        """Check the target once and note the answer, whatever it is.

        Args:
            is_brief: Whether it is enough to know how much can run there.

        Raises:
            DriverError: It did not answer, or the answer is no.
        """
        driver, target = self._line.driver, self._target
        async with self._turn:
            try:
                info = await checked(driver, target.kind, target.name, is_brief=is_brief)
            except DriverError as exc:
                self._note(error=as_error(exc))
                raise
            self._info = info
            self._note(info=self._with_known(info) if is_brief else info)
            return info

    def mark(self, silence: str) -> None:
        """Note beside what is known that the target does not answer now; empty takes it back."""
        old = read_answer(self._context.workspace, self._target.name)
        if old is None or old.target != name_of(self._target):
            return
        was_silent = (old.error or {}).get("error") == TargetUnreachableError.__name__
        if silence and old.error is None:
            error = as_error(TargetUnreachableError(silence))
        elif was_silent and not silence:
            error = None
        else:
            return
        # When it was checked stays: this is no answer to somebody who wants a check.
        answer = msgspec.structs.replace(old, error=error)
        write_answer(self._context.workspace, self._target.name, answer)

    async def _find(self) -> TargetInfo:
        async def check(_: Any) -> TargetInfo:
            return await self.check(is_brief=True)

        return await self._line.call(check)

    def _with_known(self, info: TargetInfo) -> TargetInfo:
        """Add to a brief look what a whole one has found before."""
        old = read_answer(self._context.workspace, self._target.name)
        if old is None or old.info is None or old.target != name_of(self._target):
            return info
        return msgspec.structs.replace(info, facts={**old.info.facts, **info.facts})

    def _recall(self) -> None:
        answer = read_answer(self._context.workspace, self._target.name)
        if answer is None or answer.info is None or answer.error is not None:
            return  # also what was known before a silence: it may have been started anew
        is_fresh = 0 <= self._context.clock() - answer.checked < _FRESH_S
        if is_fresh and answer.target == name_of(self._target):
            self._info = answer.info

    def _note(self, info: TargetInfo | None = None, error: dict[str, str] | None = None) -> None:
        old = read_answer(self._context.workspace, self._target.name)
        if info is None and old is not None and old.target == name_of(self._target):
            info = old.info
        answer = Answer(
            info=info, checked=self._context.clock(), error=error, target=name_of(self._target)
        )
        write_answer(self._context.workspace, self._target.name, answer)
