"""The client in threads, so that nothing it does holds up the server."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ..client import Client
from ..workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")

_QUICK = 8
_SLOW = 4
_WAITING = 16


class Workers:
    """Calls the client in threads: a bounded number of them, however many requests come.

    Looks at a store take a thread for a moment. What reads folders has threads of its own, and
    so has what waits for a target or for a person, so that it never stands in the way of the
    others.

    Args:
        workspace: The workspace; nothing is made or opened before the first call.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.client = Client(workspace)
        self.is_closed = False
        self._quick = ThreadPoolExecutor(_QUICK, "compute")
        self._slow = ThreadPoolExecutor(_SLOW, "compute-slow")
        self._waiting = ThreadPoolExecutor(_WAITING, "compute-waiting")

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what looks something up."""
        loop = asyncio.get_running_loop()
        call = functools.partial(function, *args, **kwargs)
        return await loop.run_in_executor(self._quick, call)

    async def call_slow(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what reads folders."""
        loop = asyncio.get_running_loop()
        call = functools.partial(function, *args, **kwargs)
        return await loop.run_in_executor(self._slow, call)

    async def call_waiting(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what waits for something out of our hands."""
        loop = asyncio.get_running_loop()
        call = functools.partial(function, *args, **kwargs)
        return await loop.run_in_executor(self._waiting, call)

    def close(self) -> None:
        """Take no more calls; what a thread is at, it ends."""
        self.is_closed = True
        for pool in (self._quick, self._slow, self._waiting):
            pool.shutdown(wait=False, cancel_futures=True)
        self.client.close()
