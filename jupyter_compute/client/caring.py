"""Care for a workspace: find what is wrong, rebuild what was lost."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator

import msgspec

from ..driver import Driver, DriverContext
from ..errors import ComputeError, NotFoundError, StoreError
from ..model import ArgvCommand, Run, RunId, RunState, Target
from ..options import read_options
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
        known = {run.id: run for run in self._records()}
        there: dict[RunId, tuple[str, int]] = {}
        for target in self.targets():
            try:
                for run_id, attempt in asyncio.run(self._listed(target)):
                    there[run_id] = (target.name, attempt)
            except ComputeError as exc:
                yield _problem(f"{target.name}: {exc.message}", exc.hint)
        count = sum(self._enter(run_id, known, there) for run_id in {**known, **there})
        yield Finding(subject="rebuild", level="ok", message=f"{count} runs entered again")
        if count:
            self._wake()

    def _put_damaged_store_aside(self) -> str:
        path = self.workspace.database
        try:
            problems = list(self.store.integrity()) if path.exists() else []
        except StoreError as exc:
            if "newer" in exc.message or "locked" in exc.message:
                raise
            problems = [exc.message]
        if not problems:
            return ""
        self.close()
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        path.rename(aside)
        for suffix in ("-wal", "-shm", "-journal"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        return str(aside)

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
        try:
            self.store.get(run_id)
            return False
        except NotFoundError:
            pass
        run = known.get(run_id)
        if run is None:
            command = ArgvCommand(argv=("(lost)",))
            run = Run(
                id=run_id,
                experiment="rebuilt",
                name="rebuilt",
                target=there[run_id][0],
                snapshot_id="",
                command=command,
            )
        if run_id not in there:
            # Never reached its target: started now, it would surprise whoever asked for it then.
            self.store.add(run)
            self.store.advance(
                run_id, RunState.CANCELED, error="lost with the store before it was sent"
            )
            return True
        attempt = there[run_id][1]
        self.store.add(run)
        for _ in range(attempt - run.attempt):
            self.store.requeue(run_id, "rebuilt")
        # The controller asks the target about it, as it does about any run it finds under way.
        self.store.advance(run_id, RunState.PREPARING, job_id=run_id, reason="rebuilt")
        return True


def _problem(message: str, remedy: str) -> Finding:
    return Finding(subject="rebuild", level="problem", message=message, remedy=remedy)
