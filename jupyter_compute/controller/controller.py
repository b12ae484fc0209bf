"""Acts on the store: gives every run that is not over to the worker of its target."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from .._version import __version__
from ..driver import Driver
from ..errors import ComputeError, ConfigError, DriverError, NotFoundError
from ..model import DETACHED, Run, RunId, RunState, Target
from . import progress
from .context import Context
from .doorbell import Doorbell
from .ending import end
from .inspection import Answer, name_of, take_wish, wishes, write_answer
from .looking import Looks, as_error, let_go, make_driver
from .prompts import Prompts
from .provisioning import actions_wished, drop_action
from .removal import targets_with_removals
from .ticket import Stage
from .worker import Worker

log = logging.getLogger(__name__)


class Controller:
    """Looks at the store when it is woken and every few seconds, and never acts on its own.

    Killed at any instant, the next one reads the store and the targets and goes on.

    Args:
        context: What it works with.
        bell: What wakes it.
        python: The interpreter that kinds which run on this machine use by default.

    Attributes:
        is_told: Whether somebody has asked it to end, whatever there is to do.
    """

    def __init__(self, context: Context, bell: Doorbell, *, python: str) -> None:
        self._context = context
        self._bell = bell
        self._python = python
        self._prompts = Prompts(context.workspace, context.clock)
        self._looks = Looks(context, python, self._prompts)
        self._workers: dict[str, Worker] = {}
        self._retired: list[Worker] = []
        self._targets: dict[str, Target] = {}  # as read in this turn
        self._astray: dict[RunId, Run] = {}
        self._detached: dict[RunId, Run] = {}
        self._seen = -1
        self._is_stopping = False
        self.is_told = False

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to care for."""
        is_awaiting = self._context.box.is_awaited(self._context.clock())
        is_working = any(worker.is_busy for worker in self._all_workers())
        return is_working or is_awaiting or self._looks.is_busy or bool(self._astray)

    @property
    def followed(self) -> int:
        """How many runs are known to go on at their targets."""
        tickets = (item for worker in self._all_workers() for item in worker.tickets.values())
        return sum(item.is_launched and item.status is not None for item in tickets)

    def stop(self) -> None:
        """Let :meth:`run` return soon; runs go on at their targets."""
        self._is_stopping = True
        self._bell.knock()

    async def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Act on the store until stopped, or until a condition holds after a look at it."""
        watching = asyncio.create_task(self._watch_for_interruptions())
        try:
            await self.adopt()
            while not self._is_stopping and not until():
                await self._bell.wait(self._context.turn_s * (1.0 if self.is_busy else 2.5))
                if not self._is_stopping:
                    await self._turn_safely()
        finally:
            await end(watching)

    async def _watch_for_interruptions(self) -> None:
        interruptions = self._context.interruptions
        while True:
            await asyncio.sleep(self._context.interruptions_s)
            workers = self._all_workers()
            is_silent = any(worker.is_silent for worker in workers)
            if interruptions.have_been(is_silent=is_silent):
                log.info("this machine has slept, or its network has changed")
                for worker in workers:
                    worker.rouse()

    async def _turn_safely(self) -> None:
        try:
            await self.turn()
        except Exception:
            log.exception("a bug while looking at the store")
            await asyncio.sleep(self._context.turn_s)

    async def adopt(self) -> None:
        """Take over every run that is not over."""
        desk = self._context.desk
        self._prompts.clear()
        await self._looks.sweep()
        self._seen = await desk.ask(desk.store.revision)
        for run in await desk.ask(desk.store.active):
            self._route(run)
        await self._answer_wishes()

    async def turn(self) -> None:
        """Act on what has changed in the store since the last look."""
        desk = self._context.desk
        self._targets.clear()
        while changed := await desk.ask(desk.store.changed, self._seen):
            for run in changed:
                self._route(run)
            self._seen = changed[-1].revision
        for run_id in list(self._astray):
            self._route(self._astray.pop(run_id))
        await self._leave_detached()
        for name in {run.target for run in self._detached.values()}:
            if not self._is_detached(name):
                for run_id in [one.id for one in self._detached.values() if one.target == name]:
                    self._route(self._detached.pop(run_id))
        self._dismiss()
        await self._answer_wishes()

    async def has_work(self) -> bool:
        """Whether the store or the targets' folders hold a wish, read afresh."""
        desk = self._context.desk
        workspace = self._context.workspace
        has_wish = bool(wishes(workspace) or actions_wished(workspace))
        active = await desk.ask(desk.store.active)
        if any(run.cancel_requested is not None for run in active):
            return True
        names = {run.target for run in active}
        return has_wish or not all(map(self._is_detached, names))

    async def close(self) -> None:
        """Let go of all targets."""
        workers = self._all_workers()
        self._workers, self._retired = {}, []
        closing = [worker.close() for worker in workers]
        await asyncio.gather(*closing, self._looks.close(), return_exceptions=True)

    async def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request of a front end."""
        match request.get("op"):
            case "secrets":
                values = {str(name): str(value) for name, value in request["values"].items()}
                self._context.box.put(str(request["run"]), values, self._context.clock())
                return {"ok": True}
            case "purge":
                return await self._purge(str(request["target"]))
            case "look":
                return await self._looks.look(request)
            case "answer":
                answer = request["answer"]
                given = None if answer is None else str(answer)
                keep = bool(request.get("keep"))
                return {"ok": self._prompts.answer(str(request["id"]), given, keep=keep)}
            case "stop":
                is_refused = bool(request.get("if_idle")) and self._is_at_work()
                if not is_refused:
                    self.is_told = True
                    self.stop()
                return {"ok": not is_refused}
            case "status":
                active = sum(len(worker.tickets) for worker in self._all_workers())
                return {"ok": True, "active": active, "version": __version__}
            case other:
                return {"ok": False, "error": f"this controller does not know {other!r}"}

    def _is_at_work(self) -> bool:
        """Whether a run is under way; one that only waits can as well wait for another."""
        tickets = (item for worker in self._all_workers() for item in worker.tickets.values())
        return any(item.stage is not Stage.WAITING for item in tickets)

    # -- routing -------------------------------------------------------------------------------

    def _route(self, run: Run) -> None:
        self._detached.pop(run.id, None)
        if run.is_final:
            self._context.box.drop(run.id)
            return
        try:
            holders = (item for item in self._all_workers() if run.id in item.tickets)
            worker = next(holders, None) or self._worker(run.target)
            worker.take(run)
        except ComputeError as exc:
            self._stray(run, exc)
        except Exception as exc:
            log.exception("a bug while taking the run %s for %s", run.id, run.target)
            self._stray(run, ConfigError(progress.bug(exc, "controller.log")))

    def _stray(self, run: Run, exc: ComputeError) -> None:
        """Deal with a run whose target cannot be had: detached, or its kind removed."""
        advance, update = self._context.desk.store.advance, self._context.desk.store.update
        line, now = progress.explain(exc), self._context.clock()
        if run.cancel_requested is not None:
            words = progress.canceled(run, f"its target could not be asked: {line}")
            self._write(advance, run.id, RunState.CANCELED, error=words, ended=now)
        elif self._is_detached(run.target):
            self._detached[run.id] = run
            goal = "send it" if run.state is RunState.QUEUED else "see how it ended"
            words = f"{DETACHED}; attach {run.target} again to {goal}"
            if run.reason != words:
                self._write(update, run.id, reason=words, retry_at=None)
        elif run.state is RunState.QUEUED:
            self._write(advance, run.id, RunState.FAILED, error=line, ended=now)
        else:
            self._astray[run.id] = run
            if run.reason != line:
                self._write(update, run.id, reason=line)

    def _is_detached(self, name: str) -> bool:
        try:
            return not self._context.targets.has(name)
        except ComputeError:
            return False  # a file that cannot be read says nothing

    async def _leave_detached(self) -> None:
        """Let go of targets that are not attached any more. Their runs go on there."""
        for worker in self._all_workers():
            name = worker.target.name
            if not self._is_detached(name):
                continue
            if self._workers.get(name) is worker:
                del self._workers[name]
            else:
                self._retired.remove(worker)
            self._prompts.forget(name)
            log.info("%s is detached, and not followed any more", name)
            run_ids = list(worker.tickets)
            await worker.close()
            desk = self._context.desk
            for run_id in run_ids:
                with contextlib.suppress(NotFoundError):
                    self._route(await desk.ask(desk.store.get, run_id))

    async def _purge(self, name: str) -> dict[str, Any]:
        try:
            await self._worker(name).purge()
        except ComputeError as exc:
            return {"ok": False, "error": as_error(exc)}
        except Exception as exc:
            log.exception("a bug while removing our files from %s", name)
            return {
                "ok": False,
                "error": as_error(DriverError(progress.bug(exc, "controller.log"))),
            }
        return {"ok": True}

    def _write(self, call: Callable[..., Run], *args: Any, **changes: Any) -> None:
        task = asyncio.create_task(self._context.desk.ask(call, *args, **changes))
        _keep(task)

    def _worker(self, name: str) -> Worker:
        """Return the worker of a target as it is attached now.

        One whose target was changed keeps its runs, and takes no new ones.
        """
        target = self._targets.get(name) or self._context.targets.get(name)
        self._targets[name] = target
        worker = self._workers.get(name)
        if worker is not None and worker.target == target:
            return worker
        if worker is not None:
            self._retired.append(self._workers.pop(name))
        self._workers[name] = Worker(self._context, target, self._driver(target))
        return self._workers[name]

    def _all_workers(self) -> list[Worker]:
        return [*self._workers.values(), *self._retired]

    def _dismiss(self) -> None:
        """Let go of workers whose target was changed and whose runs are over."""
        for worker in [item for item in self._retired if not item.is_busy]:
            self._retired.remove(worker)
            _keep(asyncio.create_task(worker.close()))

    def _driver(self, target: Target) -> Driver:
        folder = self._context.workspace.target(target.name)
        ask = self._prompts.asker(target.name)
        driver = make_driver(self._context, target, folder, python=self._python, ask=ask)
        before = self._looks.take(target)
        if before is not None:
            driver.take_over(before)
            _keep(asyncio.create_task(let_go(before)))
        return driver

    async def _answer_wishes(self) -> None:
        workspace = self._context.workspace
        for name in await asyncio.to_thread(wishes, workspace):
            take_wish(workspace, name)
            try:
                self._worker(name).check()
            except ComputeError as exc:
                answer = Answer(checked=self._context.clock(), error=as_error(exc))
                if not isinstance(exc, NotFoundError):
                    answer.target = name_of(self._context.targets.get(name))
                write_answer(workspace, name, answer)

        for name, action in (await asyncio.to_thread(actions_wished, workspace)).items():
            try:
                self._worker(name).manage(action)
            except ComputeError as exc:
                log.warning("%s: %s is not done: %s", name, action, exc.message)
                drop_action(workspace, name)

        for name in await asyncio.to_thread(targets_with_removals, workspace):
            with contextlib.suppress(ComputeError):
                self._worker(name).remove()


_tasks: set[asyncio.Task[Any]] = set()


def _keep(task: asyncio.Task[Any]) -> None:
    """Hold on to a task until it is done: the loop alone would let it be collected."""
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
