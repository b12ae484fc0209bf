"""The compute behind targets, where their kinds manage it."""

from __future__ import annotations

import time

from ..controller.provisioning import (
    ACTIONS,
    actions_wished,
    read_provisioning,
    wish_action,
)
from ..errors import ComputeError, ConfigError, ConflictError
from ..model import Provisioning, Target, TargetAction
from ..options import nearest
from .targets import TargetCalls, still_active

_DONE = {"create": "created", "start": "started", "stop": "stopped", "remove": "deleted"}


class ManageCalls(TargetCalls):
    """Create, start, stop and remove what stands behind targets."""

    def actions(self, name: str) -> list[TargetAction]:
        """List what can be done with the compute behind a target; often nothing."""
        try:
            can = self.registry.driver(self.attached.get(name).kind).actions
        except ComputeError:
            return []
        return [action for action in ACTIONS if action in can]

    def manage(self, name: str, action: str) -> Target:
        """Ask for something to be done with the compute behind a target; does not wait for it.

        A second call changes nothing. :meth:`provisioning` says how far it is.

        Args:
            name: The target.
            action: ``create``, ``start``, ``stop`` or ``remove``.

        Raises:
            ConflictError: The kind does not do that, another action is under way, or runs are
                active on what would be stopped or removed.
        """
        target = self.attached.get(name)
        act = next((one for one in ACTIONS if one == action), None)
        if act is None:
            raise ConfigError(f"there is no action {action!r}", hint=nearest(action, ACTIONS))
        if act not in self.actions(name):
            raise ConflictError(
                f"{name} cannot be {_DONE[act]} from here: the kind {target.kind} does not do that",
                hint="the machine behind it is managed elsewhere",
            )
        under_way = actions_wished(self.workspace).get(target.name)
        if under_way is not None and under_way != act:
            raise ConflictError(
                f"{name} cannot be {_DONE[act]} now: {under_way} is under way",
                hint="wait until that has ended",
            )
        active = len(self.store.active(target.name)) if act in ("stop", "remove") else 0
        if active:
            raise still_active(name, active)
        if under_way is None:
            wish_action(self.workspace, target, act, time.time())
        self._wake()
        return target

    def provisioning(self, name: str) -> Provisioning | None:
        """Return what was last done with the compute behind a target; ``None`` if nothing was."""
        return read_provisioning(self.workspace, self.attached.get(name))
