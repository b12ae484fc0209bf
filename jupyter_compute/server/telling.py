"""Tells the event bus what changes, and Jupyter that it is not idle."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from ..errors import ComputeError
from .events import SCHEMA_ID
from .watching import Watch
from .workers import Workers

_LIVE_S = 0.05
_IDLE_S = 0.25
_TROUBLE_S = 5.0
_BUSY_AFTER_CHANGE_S = 30.0


class Teller:
    """One task on the server's loop that looks at the workspace while the server runs.

    Args:
        workers: Where the looking is done.
        emit: Emits a message on the event bus; called on the loop.
        report: Called every now and then while runs are active.
        log: Where trouble is written.
    """

    def __init__(
        self,
        workers: Workers,
        emit: Callable[..., Any],
        report: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._workers = workers
        self._watch = Watch(workers.client, workers.workspace)
        self._emit = emit
        self._report = report
        self._log = log
        self._sequence = 0
        self._changed = float("-inf")
        self._trouble = ""

    @property
    def is_live(self) -> bool:
        """Whether runs are active."""
        return self._watch.is_live

    async def run(self) -> None:
        """Look and tell until cancelled. Trouble is written down once and looked past."""
        while True:
            pause_s = await self._once()
            await asyncio.sleep(pause_s)

    async def _once(self) -> float:
        try:
            messages = await self._workers.call(self._watch.look)
            self._trouble = ""
        except ComputeError as exc:
            if exc.message != self._trouble:
                self._log.warning("changes cannot be followed: %s %s", exc.message, exc.hint)
                self._trouble = exc.message
            return _TROUBLE_S
        except Exception:
            self._log.exception("changes cannot be followed")
            return _TROUBLE_S
        for message in messages:
            self._sequence += 1
            message.update(seq=self._sequence, time=time.time())
            self._emit(schema_id=SCHEMA_ID, data=message)
        if self._watch.is_live:
            self._report()
        now = time.monotonic()
        if messages or self._watch.is_live:
            self._changed = now
        return _LIVE_S if now - self._changed < _BUSY_AFTER_CHANGE_S else _IDLE_S
