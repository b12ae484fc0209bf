"""Ending tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until they are over, whatever they end with.

    One cancellation is not enough: before Python 3.12 ``asyncio.wait_for`` swallows one that
    comes in the instant in which what it waits for is done.
    """
    live = {task for task in tasks if task is not None and not task.done()}
    while live:
        for task in live:
            task.cancel()
        _, live = await asyncio.wait(live, timeout=0.05)
    for ended in tasks:
        if ended is not None and not ended.cancelled():
            ended.exception()
