"""Reading a file from far away: what comes next is asked for while a piece is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from .ending import end as stop

_AHEAD = 2


async def read_on(
    read: Callable[[int], Coroutine[Any, Any, bytes]],
    offset: int,
    end: int,
    has_room: Callable[[], bool],
) -> AsyncGenerator[bytes, None]:
    """Read from an offset to an expected end, or until there is nothing; may go beyond it.

    Args:
        read: Returns bytes from an offset, as many as whoever gives them likes.
        offset: Where to begin.
        end: Up to where it is known to go.
        has_room: Whether one more piece may be asked for before it is needed.
    """
    ahead: dict[int, asyncio.Task[bytes]] = {}
    try:
        while offset < end:
            asked = ahead.pop(offset, None)
            data = await (asked if asked is not None else read(offset))
            if not data:
                return
            length, offset = len(data), offset + len(data)
            # The next pieces are as long as this one, or what was asked for is of no use.
            wanted = [offset + number * length for number in range(_AHEAD)]
            await stop(*(ahead.pop(at) for at in set(ahead) - set(wanted)))
            for at in wanted:
                if at < end and at not in ahead and has_room():
                    ahead[at] = asyncio.create_task(read(at))
            yield data
    finally:
        await stop(*ahead.values())
