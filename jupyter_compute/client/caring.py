"""Care for a workspace: find what is wrong, rebuild what was lost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ..controller.removal import removals
from ..driver import Driver, DriverContext
from ..errors import ComputeError, StoreError
from ..model import ArgvCommand, Run, RunId, RunState, Target
from ..options import read_options
from ..store import Store
from ..store.doctor import integrity, salvage, set_aside
from .doctoring import DoctorCalls, Finding


class CareCalls(DoctorCalls):
    """Find out what is wrong, and put right what can be."""

    def doctor(self, *, rebuild: bool = False) -> list[Finding]:
        """Look at the installation and the workspace, and list what was found.

        Blocks for up to a minute while the local target is looked at.

        Args:
            rebuild: Whether runs that a target or the workspace knows and the store does not are
                entered again; a damaged store is put aside first.
        """
        rebuilt = list(self._rebuild()) if rebuild else []
        return [*rebuilt, *self.findings()]

    def _rebuild(self) -> Iterator[Finding]:
        if not self.stop_controller():
            yield _problem("the controller does not stop", "stop its process, then try again")
            return
        try:
            aside = self._put_damaged_store_aside()
        except StoreError as exc:
            yield _problem(exc.message, exc.hint)
            return
        if aside:
            yield Finding(
                subject="rebuild", level="warning", message=f"the damaged store is now {aside}"
            )
        import asyncio  # noqa: PLC0415 - slow, and only needed here

        known = {run.id: run for run in self._records()}
        there: dict[RunId, tuple[str, int]] = {}
        for target in self.targets():
            deleted = removals(self.workspace, target.name)
            try:
                for run_id, attempt in asyncio.run(self._listed(target)):
                    last = max(attempt, there.get(run_id, ("", 0))[1])
                    if run_id not in deleted:
                        there[run_id] = (target.name, last)
            except ComputeError as exc:
                yield _problem(f"{target.name}: {exc.message}", exc.hint)
        count = sum(self._enter(run_id, known, there) for run_id in {**known, **there})
        yield Finding(subject="rebuild", level="ok", message=f"{count} runs entered again")
        if count:
            self._wake()

    def _put_damaged_store_aside(self) -> Path | None:
        """Put a damaged store aside and save from it what can still be read.

        Raises:
            StoreError: The store is not damaged but newer, or another program's.
        """
        path = self.workspace.database
        if not integrity(path):
            return None
        try:
            self.close()
            Store.open(path).close()
        except StoreError as exc:
            if "damaged" not in exc.message:
                raise
        aside = set_aside(path)
        if aside is not None:
            salvage(aside, self.store)
        return aside

    def _records(self) -> Iterator[Run]:
        """Read what each submit wrote beside its run's log."""
        for path in sorted(self.workspace.runs.glob("*/run.json")):
            try:
                yield msgspec.convert(json.loads(path.read_bytes()), Run)
            except (OSError, ValueError):
                continue

    async def _listed(self, target: Target) -> list[tuple[RunId, int]]:
        driver = self._driver(target)
        try:
            return await driver.list_jobs()
        finally:
            await driver.close()

    def _driver(self, target: Target) -> Driver:
        kind = self.registry.driver(target.kind)
        folder = self.workspace.target(target.name)
        context = DriverContext(
            target=target.name, folder=str(folder), default_python=sys.executable
        )
        options = read_options(kind.Options, target.options)
        driver: Driver = kind(context, options)  # type: ignore[call-arg]
        return driver

    def _enter(
        self, run_id: RunId, known: dict[RunId, Run], there: dict[RunId, tuple[str, int]]
    ) -> bool:
        run = known.get(run_id) or Run(
            id=run_id,
            experiment="rebuilt",
            name="rebuilt",
            target=there[run_id][0],
            snapshot_id="",
            command=ArgvCommand(argv=("(lost)",)),
            created=time.time(),
        )
        if run_id in there:
            # The controller asks the target about it, as about any run it finds under way.
            under_way = {"state": RunState.PREPARING, "job_id": run_id, "reason": "rebuilt"}
            return self.store.restore(replace(run, attempt=there[run_id][1], **under_way))
        # Never reached its target: started now, it would surprise whoever asked for it then.
        error = "lost with the store before it was sent"
        over = {"state": RunState.CANCELED, "error": error, "ended": time.time()}
        return self.store.restore(replace(run, **over))


def _problem(message: str, remedy: str) -> Finding:
    return Finding(subject="rebuild", level="problem", message=message, remedy=remedy)
