"""Attaches a target after a look at it, so that what is attached is known to work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ConflictError
from ..model import Target, TargetInfo
from .prompts import Asks
from .targets import TargetCalls, as_raised


class AttachCalls(TargetCalls):
    """Attach a target and look at it in one go."""

    def attach_checked(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any] | None = None,
        *,
        replace: bool = False,
        wait_s: float = 60.0,
        asks: Asks | None = None,
        tells: Callable[[str], None] = lambda line: None,
    ) -> tuple[Target, TargetInfo]:
        """Look at a place, and attach it under a name if it can be reached and lets us in.

        Args:
            name: The user's name for it.
            kind: One of :meth:`kinds`.
            options: The kind's options, as for :meth:`attach`.
            replace: As for :meth:`attach`.
            wait_s: Seconds to wait for the place, not counting those in which it asks.
            asks: Asks a person what the place asks; may block.
            tells: Is told what goes on, and what the place asks and is not asked here.

        Returns:
            The target, and what was found there; a problem found there keeps nobody from it.

        Raises:
            ConfigError: The name, the kind or an option is wrong; nothing was sent to it.
            ConflictError: The name or the place is attached already; nothing was sent to it.
            DriverError: It did not answer, or the answer is no; nothing is attached.
        """
        from ..controller.inspection import (  # noqa: PLC0415 - slow, and seldom needed
            Answer,
            name_of,
            write_answer,
        )

        cls = self.registry.driver(kind)
        asked = Target(name=name, kind=cls.kind, options=dict(options or {}))
        place = self.attached.attachable(asked, replace=replace)
        tells(f"looking at {place.resource_id}")
        looked = self.look(kind, options, name=name, wait_s=wait_s, asks=asks, tells=tells)
        if looked.error is not None:
            raise as_raised(looked.error, place)
        assert looked.info is not None
        self._make_way(name, place, looked.attached_as, replace=replace)
        target = self.attach(name, kind, options, replace=replace)
        answer = Answer(info=looked.info, checked=time.time(), target=name_of(target))
        write_answer(self.workspace, name, answer)
        return target, looked.info

    def _make_way(self, name: str, place: Target, other: str, *, replace: bool) -> None:
        """See that no other target stands for the same place under another address."""
        if other in ("", name):
            return
        if not replace:
            raise ConflictError(
                f"{place.resource_id} is already attached as {other!r}",
                hint=f"use {other!r}, or --replace",
            )
        if self.attached.get(other).resource_id != place.resource_id:
            self.attached.detach(other)
