"""The compute behind a target: created, started, stopped and removed where its kind manages it.

A front end that wants something done writes ``provisioning.json`` in the target's folder, then
``manage.wish`` with the action, and rings. The wish is gone once the action has ended, well or
not: a controller that is killed meanwhile leaves it to the next one, since a driver's methods may
be called twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import msgspec
from msgspec import Struct

from ..driver import Driver
from ..errors import DriverError
from ..model import Provisioning, Target, TargetAction
from ..workspace import Workspace

log = logging.getLogger(__name__)

ACTIONS: tuple[TargetAction, ...] = ("create", "start", "stop", "remove")


class _Page(Struct, kw_only=True):
    """The content of the file; the place says whether it is still about this target."""

    resource_id: str
    shown: Provisioning


def wish_action(workspace: Workspace, target: Target, action: TargetAction, now: float) -> None:
    """Ask for something to be done with the compute behind a target; repeatable."""
    workspace.target(target.name).mkdir(parents=True, exist_ok=True, mode=0o700)
    _show(workspace, target, Provisioning(action=action, state="queued", since=now))
    wish = workspace.target(target.name) / "manage.wish"
    part = wish.with_suffix(".part")
    part.write_text(action)
    part.replace(wish)


def actions_wished(workspace: Workspace) -> dict[str, str]:
    """Return what is wished for, by target."""
    found = {}
    for path in workspace.targets.glob("*/manage.wish"):
        try:
            found[path.parent.name] = path.read_text()
        except OSError:
            continue
    return found


def drop_action(workspace: Workspace, target: str) -> None:
    """Remove a wish, now that it is taken care of; repeatable."""
    (workspace.target(target) / "manage.wish").unlink(missing_ok=True)


def read_provisioning(workspace: Workspace, target: Target) -> Provisioning | None:
    """Return what was last done with the compute behind a target, and how far it is."""
    try:
        data = (workspace.target(target.name) / "provisioning.json").read_bytes()
        page = msgspec.json.decode(data, type=_Page)
    except (OSError, msgspec.MsgspecError):
        return None
    return page.shown if page.resource_id == target.resource_id else None


class Provisioner:
    """Does what is wished for with the compute behind one target, one thing at a time.

    Args:
        workspace: Where the wishes are.
        target: The target.
        driver: Its driver.
        clock: Seconds since the epoch.
        on_end: Called when something has been done.
    """

    def __init__(
        self,
        workspace: Workspace,
        target: Target,
        driver: Driver,
        clock: Callable[[], float],
        on_end: Callable[[], None],
    ) -> None:
        self._workspace = workspace
        self._target = target
        self._driver = driver
        self._clock = clock
        self._on_end = on_end
        self.task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being done."""
        return self.task is not None and not self.task.done()

    def start(self, action: str) -> None:
        """Do what is wished for unless something is being done; returns at once."""
        if not self.is_busy:
            self.task = asyncio.create_task(self._do(action))

    async def _do(self, action: str) -> None:
        act = next((one for one in ACTIONS if one == action), None)
        if act is None:
            drop_action(self._workspace, self._target.name)
            return
        began = Provisioning(action=act, state="running", since=self._clock())
        _show(self._workspace, self._target, began)
        words = ""
        try:
            await getattr(self._driver, act)()
        except DriverError as exc:
            words = f"{exc.message} ({exc.hint})" if exc.hint else exc.message
        except Exception as exc:
            log.exception("a bug in the kind %s", self._target.kind)
            words = f"a bug in the kind {self._target.kind}: {type(exc).__name__}: {exc}"
        ended = Provisioning(
            action=act, state="failed" if words else "done", message=words, since=self._clock()
        )
        _show(self._workspace, self._target, ended)
        drop_action(self._workspace, self._target.name)
        self._on_end()


def _show(workspace: Workspace, target: Target, shown: Provisioning) -> None:
    path = workspace.target(target.name) / "provisioning.json"
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(_Page(resource_id=target.resource_id, shown=shown)))
    part.replace(path)
