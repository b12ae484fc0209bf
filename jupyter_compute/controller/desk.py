"""The store's calls, in order, off the loop: a busy database must not freeze held polls."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from ..errors import StoreError
from ..store import Store

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Desk:
    """Calls the store from one thread, in the order of asking.

    Args:
        store: What is called.
        longest_s: The longest pause between tries while the store is locked or its disk full.
    """

    def __init__(self, store: Store, *, longest_s: float = 30.0) -> None:
        self.store = store
        self._longest_s = longest_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call, again and again as long as the store is locked or its disk is full."""
        pause = 0.2
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._thread, partial(call, *args, **kwargs))
            except StoreError as exc:
                log.warning("the store did not take it, tried again in %.1f s: %s", pause, exc)
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))
            pause = min(pause * 2, self._longest_s)

    def close(self) -> None:
        """Finish what was asked and let go of the thread. Blocks for that."""
        self._thread.shutdown(wait=True)
