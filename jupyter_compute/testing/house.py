"""A workspace with a controller in it, for tests of a driver under real conditions."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from ..controller.context import Context
from ..controller.controller import Controller
from ..controller.desk import Desk
from ..controller.doorbell import Doorbell, ring
from ..driver import Driver
from ..errors import NotFoundError
from ..model import Job, Run, RunState, ScriptCommand, Secret, Target, new_run_id
from ..registry import Registry
from ..store import Store
from ..workspace import Workspace
from .jobs import STEPS, MemoryBlobs, Step, make_job

PATIENCE_S = 90.0
"""How long a test waits for what must come: machines can be slow, and waiting costs nothing."""


class House:
    """A workspace, its store, and one target of a kind.

    Args:
        root: An empty folder for it.
        driver: The kind.
        options: The target's options.
        target: The target's name.
        python: The interpreter that kinds which run on this machine use by default.
        changes: Fields of the controller's :class:`Context`, such as ``hold_s``.
    """

    def __init__(
        self,
        root: Path,
        driver: type[Driver],
        options: Mapping[str, Any] | None = None,
        *,
        target: str = "there",
        python: str = "python3",
        **changes: Any,
    ) -> None:
        self.workspace = Workspace(root).make()
        self.store = Store.open(self.workspace.database)
        self.blobs = MemoryBlobs()
        self.targets = {target: Target(name=target, kind=driver.kind, options=dict(options or {}))}
        self.python = python
        self._driver = driver
        self._target = target
        self._changes = changes

    # -- front end -----------------------------------------------------------------------------

    def submit(self, *steps: Step, **changes: Any) -> Run:
        """Queue a run that takes the steps, and ring."""
        env = {STEPS: json.dumps(steps), **changes.pop("env", {})}
        run = Run(
            id=new_run_id(),
            experiment="tests",
            name="job.py",
            target=self._target,
            snapshot_id="0" * 64,
            command=ScriptCommand(path="job.py"),
            env=env,
        )
        run = self.store.add(msgspec.structs.replace(run, **changes))
        ring(self.workspace)
        return run

    def cancel(self, run_id: str, by: str = "a test") -> Run:
        """Ask for the end of a run, and ring."""
        run = self.store.request_cancel(run_id, by)
        ring(self.workspace)
        return run

    async def until(self, run_id: str, condition: Callable[[Run], bool]) -> Run:
        """Wait until a run as stored fulfils a condition."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            run = self.store.get(run_id)
            if condition(run):
                return run
            if time.monotonic() > deadline:
                raise AssertionError(f"it never came to that: {run}")
            await asyncio.sleep(0.005)

    async def state(self, run_id: str, state: RunState) -> Run:
        """Wait until a run is in a state."""
        return await self.until(run_id, lambda run: run.state is state)

    async def over(self, run_id: str) -> Run:
        """Wait until a run is over."""
        return await self.until(run_id, lambda run: run.is_final)

    def file(self, run: Run, name: str) -> bytes:
        """Read a mirrored file of a run's present attempt."""
        return (self.workspace.run(run.id) / str(run.attempt) / name).read_bytes()

    def job(self, run: Run, secrets: Mapping[str, Secret]) -> Job:
        """Make the job of a run that was submitted here."""
        return make_job(
            self.blobs,
            env=run.env,
            run_id=run.id,
            attempt=run.attempt,
            secret_env=dict(secrets),
            resources=run.resources,
            inputs=run.inputs,
        )

    # -- controller ----------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether there is a target of this name."""
        return name in self.targets

    def get(self, name: str) -> Target:
        """Return a target by name."""
        try:
            return self.targets[name]
        except KeyError:
            raise NotFoundError(f"there is no target named {name!r}") from None

    def context(self) -> Context:
        """Make what a controller works with."""

        def resolve(reference: str) -> Secret:
            return Secret(f"the value of {reference}")

        changes = {"make_job": self.job, "resolve": resolve, "turn_s": 0.5, **self._changes}
        return Context(
            workspace=self.workspace,
            desk=Desk(self.store),
            registry=Registry({self._driver.kind: self._driver}),
            targets=self,
            blobs=self.blobs,
            **changes,
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Controller]:
        """Let a controller act on the store for as long as the block lasts."""
        context = self.context()
        bell = Doorbell(self.workspace)
        controller = Controller(context, bell, python=self.python)
        bell.open()
        task = asyncio.create_task(controller.run())
        try:
            yield controller
        finally:
            controller.stop()
            await asyncio.gather(task, return_exceptions=True)
            bell.close()
            await controller.close()
            await asyncio.to_thread(context.desk.close)
            if not task.cancelled() and task.exception() is not None:
                raise AssertionError("the controller died") from task.exception()

    def close(self) -> None:
        """Close the store."""
        self.store.close()
