from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_compute.controller.ahead import read_on

DATA = bytes(range(256)) * 4


async def collected(
    read: Callable[[int], Coroutine[Any, Any, bytes]], offset: int, end: int
) -> bytes:
    return b"".join([piece async for piece in read_on(read, offset, end, lambda: True)])


@given(st.integers(0, 1100), st.integers(0, 1100), st.lists(st.integers(1, 300), min_size=1))
def test_pieces_of_any_length_are_joined(offset: int, end: int, lengths: list[int]) -> None:
    asked = 0

    async def read(at: int) -> bytes:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return DATA[at : at + lengths[asked % len(lengths)]]

    found = asyncio.run(collected(read, offset, end))
    assert DATA[offset:].startswith(found)
    assert len(found) >= min(end, len(DATA)) - offset


def test_what_comes_next_is_asked_for_while_a_piece_is_on_its_way() -> None:
    async def act() -> None:
        answers: dict[int, asyncio.Future[bytes]] = {}

        async def read(at: int) -> bytes:
            answers[at] = asyncio.get_running_loop().create_future()
            return await answers[at]

        reading = asyncio.create_task(collected(read, 0, 50))
        for expected in ([0], [10, 20], [20, 30], [30, 40], [40]):
            while sorted(at for at in answers if not answers[at].done()) != expected:  # noqa: ASYNC110
                await asyncio.sleep(0)
            answers[expected[0]].set_result(b"0123456789")
        assert await reading == b"0123456789" * 5
        assert sorted(answers) == [0, 10, 20, 30, 40]

    asyncio.run(asyncio.wait_for(act(), 60))


def test_an_error_is_raised_where_it_belongs_and_nothing_is_left_behind() -> None:
    async def act() -> None:
        async def read(at: int) -> bytes:
            if at:
                raise OSError("no answer")
            return b"0123456789"

        seen = []
        with pytest.raises(OSError, match="no answer"):
            async for piece in read_on(read, 0, 50, lambda: True):
                seen.append(piece)
                await asyncio.sleep(0)
        assert seen == [b"0123456789"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(act())
