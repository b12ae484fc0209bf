"""Targets: what is attached, and what is there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from .. import errors
from ..controller import process
from ..controller.handover import ask
from ..errors import ConflictError, DriverError, TargetUnreachableError
from ..model import Checked, Target, TargetInfo
from ..options import schema_of
from .opening import Pace
from .prompts import Asks, Attendant, PromptCalls, Waiting

if TYPE_CHECKING:
    from ..controller.inspection import Answer

_FOREVER_S = 24 * 3600.0


class TargetCalls(PromptCalls):
    """Attach, detach and look at targets."""

    def targets(self) -> list[Target]:
        """List the targets: ``local`` first, then the others by name."""
        return self.attached.list()

    def target(self, name: str) -> Target:
        """Return one target.

        Raises:
            NotFoundError: There is none of this name; the hint has the nearest one.
        """
        return self.attached.get(name)

    def attach(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any] | None = None,
        *,
        replace: bool = False,
    ) -> Target:
        """Attach a target under a name. Nothing is sent to it.

        Args:
            name: The user's name for it.
            kind: One of :meth:`kinds`.
            options: The kind's options; words are converted to what the options are.
            replace: Whether a target of this name, or another name for the same place, gives way.

        Raises:
            ConfigError: The name, the kind or an option is wrong.
            ConflictError: The name or the place is attached already.
        """
        driver = self.registry.driver(kind)
        target = Target(name=name, kind=driver.kind, options=dict(options or {}))
        self.attached.attach(target, replace=replace)
        self._resume(target.name)
        return self.attached.get(name)

    def update(self, name: str, options: Mapping[str, Any]) -> Target:
        """Replace the options of a target.

        Raises:
            ConfigError: An option is wrong; nothing has changed.
        """
        self.attached.update(name, dict(options))
        self._tell()
        return self.attached.get(name)

    def check(
        self,
        name: str,
        wait_s: float = 60.0,
        *,
        is_wanted: Callable[[], bool] = lambda: True,
        asks: Asks | None = None,
        tells: Callable[[str], None] = lambda line: None,
    ) -> TargetInfo:
        """Have the controller look at a target, and wait for what it finds.

        Args:
            name: The target.
            wait_s: Seconds to wait for the answer, not counting those in which the target asks.
            is_wanted: Whether to wait on; asked often.
            asks: Asks a person what the target asks; may block.
            tells: Is told of what the target asks and is not asked here.

        Raises:
            TargetUnreachableError: There was no answer in time.
            DriverError: The target could not be asked; the message says why.
        """
        from ..controller.inspection import read_answer, wish  # noqa: PLC0415 - slow, seldom needed

        target = self.attached.get(name)
        before = read_answer(self.workspace, target.name)
        wish(self.workspace, target.name)
        self._wake()
        pace = Pace(longest_s=0.05)
        waiting = Waiting(Attendant(self, target.name, asks, tells), wait_s)
        while is_wanted() and not waiting.is_over:
            checked = read_answer(self.workspace, target.name)
            if checked is not None and (before is None or checked.checked > before.checked):
                return _answer(target, checked)
            self.keep_controller()
            pace.pause()
        raise TargetUnreachableError(
            f"{target.name} has not been checked after {wait_s:.0f} s",
            target=target.name,
            kind=target.kind,
            hint="jupyter compute doctor says whether the controller works",
        )

    def look(
        self,
        kind: str,
        options: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        wait_s: float = 60.0,
        is_wanted: Callable[[], bool] = lambda: True,
        asks: Asks | None = None,
        tells: Callable[[str], None] = lambda line: None,
    ) -> Checked:
        """Have the controller look at a place before it is attached, and wait for what it finds.

        The options are handed over in memory; nothing of them is written anywhere.

        Args:
            kind: One of :meth:`kinds`.
            options: The kind's options, as for :meth:`attach`.
            name: What to call the place in messages.
            wait_s: Seconds to wait for the answer, not counting those in which the target asks.
            is_wanted: Whether to wait on; asked several times a second.
            asks: Asks a person what the place asks; may block.
            tells: Is told of what the place asks and is not asked here.

        Returns:
            What is there. That it does not answer, or says no, is told in it as an error.

        Raises:
            ConfigError: The kind or an option is wrong.
            ConflictError: A controller of another version is at work.
            ComputeError: None has come up for a long time.
        """
        cls = self.registry.driver(kind)
        asked = Target(name=name, kind=cls.kind, options=dict(options or {}))
        place = self.attached.examined(asked)
        found = _without_answer(place, wait_s)
        request = {"op": "look", "target": msgspec.to_builtins(place)}
        attendant = Attendant(self, name or place.resource_id, asks, tells)
        waiting, pace = Waiting(attendant, wait_s), Pace(longest_s=0.05)

        def is_awaited() -> bool:
            return is_wanted() and not waiting.is_over

        self._wake()
        while is_awaited():
            # One that is only coming up does not listen yet, one that is going does no more.
            self.keep_controller()
            reply = ask(self.workspace, request, timeout_s=_FOREVER_S, is_wanted=is_awaited)
            if reply is not None:
                found = _looked(reply)
                break
            pace.pause()
        return msgspec.structs.replace(found, attached_as=self._attached_as(place, found.info))

    def _attached_as(self, place: Target, info: TargetInfo | None) -> str:
        """Return the target that is the same place: by its address, or by the mark found there."""
        targets = self.targets()
        names = [one.name for one in targets if one.resource_id == place.resource_id]
        if info is not None and info.place:
            found = {one.name: self.last_check(one) for one in targets}
            names += [
                name
                for name, checked in found.items()
                if checked is not None and checked.info and checked.info.place == info.place
            ]
        return next(iter(names), "")

    def last_check(self, target: Target) -> Answer | None:
        """Return what the last check of a target said; ``None`` before the first one.

        What was said of another that had the name before, or other options, is not told.
        """
        from ..controller.inspection import name_of, read_answer  # noqa: PLC0415 - slow

        answer = read_answer(self.workspace, target.name)
        return None if answer is None or answer.target != name_of(target) else answer

    def target_info(self, name: str) -> TargetInfo | None:
        """Return what the last check of a target found, without asking it again."""
        checked = self.last_check(self.attached.get(name))
        return None if checked is None else checked.info

    def active_on(self, name: str) -> dict[str, int]:
        """Count the runs on a target that are not over, by state."""
        counts = self.store.count_active(self.attached.get(name).name)
        return {state.value: count for state, count in counts.items() if not state.is_final}

    def kinds(self) -> list[str]:
        """List the kinds of target that can be attached."""
        return self.registry.kinds()

    def kind(self, kind: str) -> dict[str, Any]:
        """Return the JSON Schema of a kind's options.

        Raises:
            ConfigError: There is no such kind.
            DriverNotInstalledError: It needs a package that is not installed.
        """
        driver = self.registry.driver(kind)
        schema: dict[str, Any] = json.loads(json.dumps(schema_of(driver.Options)))
        return {"kind": kind, "title": driver.title or kind, "options": schema}

    def _resume(self, name: str) -> None:
        """Have the runs followed that have waited for a target of this name."""
        if self.store.active(name):
            self._wake()
        else:
            self._tell()

    def _tell(self) -> None:
        """Have a running controller read the targets again; there may be none."""
        if process.facts(self.workspace) is not None:
            self._wake()

    def controller(self) -> dict[str, Any] | None:
        """Return what the running controller says about itself; ``None`` when there is none."""
        facts = process.facts(self.workspace)
        return None if facts is None else dict(msgspec.to_builtins(facts))

    def start_controller(self) -> None:
        """Start the controller if there is none, and wait until it holds the workspace."""
        process.ensure(self.workspace, wait=True)

    def stop_controller(self, timeout_s: float = 30.0) -> bool:
        """Stop the controller and wait for its end. Runs go on without it.

        Returns:
            Whether there is none any more.
        """
        return process.stop(self.workspace, timeout_s)


def _looked(reply: dict[str, Any]) -> Checked:
    if not reply.get("ok"):
        raise ConflictError(
            f"the controller is of another version: {reply.get('error', '')}",
            hint="jupyter compute controller --stop; runs go on, and a new one comes up",
        )
    return msgspec.convert(reply["checked"], Checked)


def _without_answer(place: Target, wait_s: float) -> Checked:
    error = {
        "error": TargetUnreachableError.__name__,
        "message": f"there was no answer after {wait_s:g} s",
        "hint": "see whether it can be reached from this machine, and try again",
    }
    return Checked(resource_id=place.resource_id, error=error)


def _answer(target: Target, answer: Answer) -> TargetInfo:
    if answer.error is not None:
        raise as_raised(answer.error, target)
    assert answer.info is not None
    return answer.info


def as_raised(error: Mapping[str, str], target: Target) -> DriverError:
    """Make the error again that the controller has met and put into words."""
    cls = getattr(errors, error["error"], DriverError)
    cls = cls if issubclass(cls, DriverError) else DriverError
    made: DriverError = cls(
        error["message"], hint=error["hint"], target=target.name, kind=target.kind
    )
    return made


def still_active(name: str, count: int) -> ConflictError:
    """Make the error for a target that runs still need."""
    runs = "1 run is" if count == 1 else f"{count} runs are"
    return ConflictError(
        f"{runs} still active on {name}",
        hint=f"cancel or wait for them: jupyter compute runs --active --target {name}",
    )
