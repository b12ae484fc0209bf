"""The life of a controller process: the lock, the sockets, idleness and the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable

from ..errors import ComputeError
from .context import Context
from .controller import Controller
from .doorbell import Doorbell
from .handover import Handover
from .lock import Lock

log = logging.getLogger(__name__)

_HOME_S = 5.0


class Service:
    """Runs a controller for as long as there is work, and some idle minutes more.

    Args:
        context: What the controller works with.
        lock: The workspace's lock, held.
        schema: The number of the store's schema.
        python: The interpreter that kinds which run on this machine use by default.
    """

    def __init__(
        self, context: Context, lock: Lock, *, schema: int, python: str = sys.executable
    ) -> None:
        self._context = context
        self._lock = lock
        self._schema = schema
        self._python = python
        self._bell = Doorbell(context.workspace)
        self._idle_since: float | None = None
        self._is_gone = False

    async def run(self) -> None:
        """Serve until idle for long enough, or told to stop."""
        while await self._shift():
            log.info("a wish came in the instant of going: staying")

    async def _shift(self) -> bool:
        """Serve once; return whether there is reason, and the right, to serve again.

        The order is what loses no wish: the lock is let go, then the store is read once more.
        A front end writes its wish, then tries the lock. If it finds the lock held, its wish
        was written before the lock was let go, and is seen here.
        """
        controller = Controller(self._context, self._bell, python=self._python)
        handover = Handover(self._context.workspace, controller.answer)
        facts = self._lock.declare(self._schema, self._python, self._context.clock())
        self._bell.open()
        await handover.open()
        log.info("a controller is here, version %s", facts.version)
        self._listen(controller)
        home = asyncio.create_task(self._watch_home(controller))
        self._idle_since = None
        try:
            await controller.run(until=lambda: self._is_idle(controller))
        finally:
            home.cancel()
            await handover.close()
            self._bell.close()
            await controller.close()
            if not self._is_gone:
                self._lock.release()
        if controller.is_told or self._is_gone:
            return False
        return await controller.has_work() and self._lock.take()

    def _is_idle(self, controller: Controller) -> bool:
        if controller.is_busy:
            self._idle_since = None
            return False
        now = time.monotonic()
        if self._idle_since is None:
            self._idle_since = now
        return now - self._idle_since >= self._context.settings.idle_minutes * 60

    def _listen(self, controller: Controller) -> None:
        def end() -> None:
            controller.is_told = True
            controller.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Only the main thread hears signals; a test may serve in another.
            with contextlib.suppress(RuntimeError, ValueError):
                loop.add_signal_handler(number, end)

    async def _watch_home(self, controller: Controller) -> None:
        """Go when the workspace is removed: nobody could ever reach this controller again."""
        while self._lock.is_in_place():  # noqa: ASYNC110  nobody tells of a removal
            await asyncio.sleep(_HOME_S)
        log.warning("the workspace is gone")
        self._is_gone = True
        controller.stop()
        await asyncio.sleep(_HOME_S)
        # The store's thread may be waiting for a disk that is no more.
        os._exit(1)


async def serve(make_context: Callable[[], Awaitable[Context]], lock: Lock, schema: int) -> int:
    """Serve a workspace whose lock is held; return the process's exit code."""
    try:
        context = await make_context()
    except ComputeError as exc:
        log.error("%s (%s)", exc.message, exc.hint)
        return 1
    try:
        await Service(context, lock, schema=schema).run()
    finally:
        context.desk.close()
    return 0
