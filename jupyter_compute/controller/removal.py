"""Deleted runs: what their targets keep of them goes, too.

A front end that deletes a run leaves a file under its target's folder, named after the run and
holding its number of attempts. It is gone once the target has done its part.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from ..driver import Driver
from ..errors import DriverError
from ..model import Job, RunId
from ..workspace import Workspace

log = logging.getLogger(__name__)

_PATIENCE_S = 60.0


def wish_removal(workspace: Workspace, target: str, run_id: RunId, attempts: int) -> None:
    """Ask for the removal of an ended run from its target; repeatable."""
    folder = _folder(workspace, target)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / run_id).write_text(str(attempts))


def removals(workspace: Workspace, target: str) -> dict[RunId, int]:
    """Return the runs that a target shall remove, with their numbers of attempts."""
    found = {}
    for path in _folder(workspace, target).glob("*"):
        try:
            found[path.name] = int(path.read_text())
        except (OSError, ValueError):
            continue
    return found


def targets_with_removals(workspace: Workspace) -> list[str]:
    """List the targets that shall remove something."""
    return sorted({path.parent.parent.name for path in workspace.targets.glob("*/deleted/*")})


class Remover:
    """Removes deleted runs from one target; each is tried once, and again by the next controller.

    Args:
        workspace: Where the wishes are.
        target: The target's name.
        driver: Its driver.
    """

    def __init__(self, workspace: Workspace, target: str, driver: Driver) -> None:
        self._workspace = workspace
        self._target = target
        self._driver = driver
        self._tried: set[RunId] = set()
        self.task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being removed."""
        return self.task is not None and not self.task.done()

    def start(self) -> None:
        """Remove what is wished for and has not been tried; returns at once."""
        if not self.is_busy:
            self.task = asyncio.create_task(self._remove_all())

    async def _remove_all(self) -> None:
        wished = await asyncio.to_thread(removals, self._workspace, self._target)
        for run_id, attempts in wished.items():
            if run_id in self._tried:
                continue
            self._tried.add(run_id)
            try:
                for attempt in range(1, attempts + 1):
                    job = _job(run_id, attempt)
                    await asyncio.wait_for(self._driver.delete(job), _PATIENCE_S)
            except (DriverError, asyncio.TimeoutError) as exc:
                log.info("%s was not removed from %s: %s", run_id, self._target, exc)
            else:
                (_folder(self._workspace, self._target) / run_id).unlink(missing_ok=True)


def _folder(workspace: Workspace, target: str) -> Path:
    return workspace.target(target) / "deleted"


def _job(run_id: RunId, attempt: int) -> Job:
    return Job(run_id=run_id, attempt=attempt, argv=(), snapshot_id="", digests=(), job_id=run_id)
