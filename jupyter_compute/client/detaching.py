"""Letting go of a target: its runs go on there, or are ended first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from ..controller import process
from ..controller.handover import ask
from ..errors import ConfigError, ConflictError, TargetUnreachableError
from ..kept import KeptAnswers
from ..model import Target
from .opening import Pace
from .prompts import Asks, Attendant, Waiting
from .runs import RunCalls
from .targets import TargetCalls, as_raised, still_active

_PURGE_S = 3600.0


class DetachCalls(RunCalls, TargetCalls):
    """Forget a target."""

    def detach(
        self,
        name: str,
        *,
        cancel: bool = False,
        purge: bool = False,
        wait_s: float = 120.0,
        is_wanted: Callable[[], bool] = lambda: True,
        asks: Asks | None = None,
        tells: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Forget a target and the answers kept for it. Runs that are not over go on there.

        They stay in the store as they are, and are taken up again when the target is attached
        anew under its name.

        Args:
            name: The target.
            cancel: Whether its runs are ended first; that is waited for.
            purge: Whether our files there are removed as well: runs, blobs and environments.
            wait_s: Seconds to wait for the end of its runs and for the removal each, not counting
                those in which the target asks.
            is_wanted: Whether to wait on; asked often.
            asks: Asks a person what the target asks; may block.
            tells: Is told what goes on, and what the target asks and is not asked here.

        Raises:
            ConfigError: It cannot be detached.
            ConflictError: Our files shall go and runs still need them.
            TargetUnreachableError: There was no answer in time. It stays attached.
            DriverError: The files cannot be removed. It stays attached.
        """
        target = self.attached.detachable(name)
        attendant = Attendant(self, target.name, asks, tells)
        if cancel:
            self._end_all(target, Waiting(attendant, wait_s), is_wanted)
        if purge:
            self._purge(target, Waiting(attendant, wait_s), is_wanted)
        self.attached.detach(name)
        # Runs that are not over say from now on that nobody follows them.
        self._resume(target.name)
        places = {target.name, target.resource_id} - {""}
        with contextlib.suppress(ConfigError):  # what is still kept stands in the list of it
            KeptAnswers(self.workspace).forget(lambda one: one.target in places)

    def _end_all(self, target: Target, waiting: Waiting, is_wanted: Callable[[], bool]) -> None:
        pace = Pace(longest_s=0.1)
        while active := self.store.active(target.name):
            for run in active:
                if run.cancel_requested is None:
                    with contextlib.suppress(ConflictError):  # it has just ended
                        self.cancel(run.id)
            if waiting.is_over or not is_wanted():
                runs = "1 run has" if len(active) == 1 else f"{len(active)} runs have"
                raise TargetUnreachableError(
                    f"{runs} not ended on {target.name} yet",
                    target=target.name,
                    kind=target.kind,
                    hint="it stays attached, and they end as soon as it answers; without cancel "
                    "it is detached and they go on",
                )
            self.keep_controller()
            pace.pause()

    def _purge(self, target: Target, waiting: Waiting, is_wanted: Callable[[], bool]) -> None:
        active = self.store.active(target.name)
        if active:
            raise still_active(target.name, len(active))
        process.ensure(self.workspace, wait=True)
        request = {"op": "purge", "target": target.name}

        def is_awaited() -> bool:
            return is_wanted() and not waiting.is_over

        reply = ask(self.workspace, request, timeout_s=_PURGE_S, is_wanted=is_awaited)
        if reply is None:
            raise TargetUnreachableError(
                f"nothing is known of the removal of our files on {target.name}: no answer",
                target=target.name,
                kind=target.kind,
                hint="it stays attached; try again, or detach it without purge",
            )
        if not reply.get("ok"):
            if not isinstance(reply.get("error"), dict):
                raise ConflictError(
                    "the controller is of another version, which removes nothing",
                    hint="jupyter compute controller --stop; runs go on, and a new one comes up",
                )
            raise as_raised(reply["error"], target)
