"""Looks at a place that is not attached: nothing of its options stays anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..driver import Driver, DriverContext
from ..errors import ComputeError, DriverError
from ..model import Checked, Question, Target, TargetInfo
from ..options import read_options
from .context import Context
from .progress import one_line
from .prompts import Prompts

log = logging.getLogger(__name__)

Asker = Callable[[Question], Awaitable[str | None]]

_FOLDER = ".look-"
_CLOSE_S = 10.0
_HELD_S = 300.0
_MOST, _SHORT = 256, 200


def make_driver(
    context: Context, target: Target, folder: Path, *, python: str, ask: Asker
) -> Driver:
    """Construct the driver of a target, which touches nothing.

    Raises:
        ComputeError: There is no such kind, or the options are wrong.
    """
    cls: Any = context.registry.driver(target.kind)
    options = read_options(cls.Options, target.options)

    async def reveal(reference: str) -> str:
        return (await asyncio.to_thread(context.resolve, reference)).reveal()

    passed = DriverContext(
        target=target.name, folder=str(folder), default_python=python, ask=ask, reveal=reveal
    )
    driver: Driver = cls(passed, options)
    return driver


def as_error(error: ComputeError) -> dict[str, str]:
    """Return an error in the one shape that all front ends know."""
    message, hint = one_line(error.message), one_line(error.hint)
    return {"error": type(error).__name__, "message": message, "hint": hint}


async def checked(driver: Driver, kind: str, target: str, *, is_brief: bool = False) -> TargetInfo:
    """Have a driver look at what is there, or only at how much can run there.

    Raises:
        DriverError: It did not answer, or the answer is no; a bug in the driver is one, too.
    """
    try:
        return _plain(await (driver.measure() if is_brief else driver.check()))
    except DriverError:
        raise
    except Exception as exc:
        words = f"a bug in the kind {kind}: {type(exc).__name__}: {exc}"
        raise DriverError(words, target=target, kind=kind) from exc


def _plain(info: TargetInfo) -> TargetInfo:
    """Return what was found in lines that any front end can show: a machine may say anything."""
    facts = itertools.islice(info.facts.items(), _MOST)
    problems = tuple(
        msgspec.structs.replace(
            problem, message=one_line(problem.message), remedy=one_line(problem.remedy)
        )
        for problem in info.problems[:_MOST]
    )
    return msgspec.structs.replace(
        info,
        place=one_line(info.place, _SHORT),
        host=one_line(info.host, _SHORT),
        python=one_line(info.python, _SHORT),
        gpus=tuple(one_line(name, _SHORT) for name in info.gpus[:_MOST]),
        facts={one_line(name, _SHORT): one_line(str(text)) for name, text in facts},
        problems=problems,
    )


class Looks:
    """Constructs a driver for one look at a place, and lets it go some minutes later.

    Whoever attaches the place meanwhile gets the connection: it may have cost a one-time code.

    The options come over the controller's socket and stay in memory. The folder that a driver
    may write to is gone afterwards.

    Args:
        context: What the controller works with.
        python: The interpreter that kinds which run on this machine use by default.
        prompts: Where a driver's questions go.
    """

    def __init__(self, context: Context, python: str, prompts: Prompts) -> None:
        self._context = context
        self._prompts = prompts
        self._python = python
        self._count = 0
        self._held: dict[bytes, tuple[Driver, asyncio.Task[None]]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for a look."""
        return self._count > 0

    async def sweep(self) -> None:
        """Remove the folders of looks that a killed controller was at."""
        for folder in self._context.workspace.targets.glob(f"{_FOLDER}*"):
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def take(self, target: Target) -> Driver | None:
        """Return the driver that has looked at this place just now; the caller closes it."""
        driver, closing = self._held.pop(definition(target), (None, None))
        if closing is not None:
            closing.cancel()
        return driver

    async def close(self) -> None:
        """Let go of every connection."""
        held, self._held = self._held, {}
        for driver, closing in held.values():
            closing.cancel()
            await let_go(driver)

    async def look(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request with what a look at the place found, or what went wrong."""
        self._count += 1
        try:
            target = msgspec.convert(request["target"], Target)
            found = await self._look(target)
        finally:
            self._count -= 1
        return {"ok": True, "checked": msgspec.to_builtins(found)}

    async def _look(self, target: Target) -> Checked:
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=self._context.workspace.targets))
        place, driver = target.resource_id, None
        try:
            ask = self._prompts.asker(target.name or place)
            driver = make_driver(self._context, target, folder, python=self._python, ask=ask)
            info = await checked(driver, target.kind, target.name)
            self._prompts.pass_on(ask)
            await self._hold(target, driver)
            driver = None
            return Checked(resource_id=place, info=info)
        except ComputeError as exc:
            return Checked(resource_id=place, error=as_error(exc))
        finally:
            if driver is not None:
                await let_go(driver)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _hold(self, target: Target, driver: Driver) -> None:
        key = definition(target)
        before = self.take(target)
        if before is not None:
            await let_go(before)

        async def close_later() -> None:
            await asyncio.sleep(_HELD_S)
            del self._held[key]
            await let_go(driver)

        self._held[key] = driver, asyncio.create_task(close_later())


def definition(target: Target) -> bytes:
    """Return what two targets have in common that are the same but for their names."""
    return msgspec.json.encode([target.kind, target.options], order="deterministic")


async def let_go(driver: Driver) -> None:
    """Close a driver, whatever it does meanwhile."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(driver.close(), _CLOSE_S)
