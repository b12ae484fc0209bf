"""The near end of the pipe against a far end that is played in the same loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from jupyter_compute.drivers._agent import Agent, PipeLost, Refused
from jupyter_compute.runner.protocol import (
    ANSWER,
    DATA,
    DROP,
    ERROR,
    MARKER,
    MORE,
    REQUEST,
    Decoder,
    Frame,
    encode,
)


class PlayedPipe:
    """A pipe whose other end is a function that is given each frame."""

    def __init__(
        self,
        take: Callable[[PlayedPipe, Frame], None],
        protocols: Any = (1,),
        noise: bytes = b"noise\n" + MARKER[:5],
        **greeting: Any,
    ) -> None:
        self.reader = asyncio.StreamReader()
        self.writer: Any = self
        self.is_closed = False
        self.is_deaf = False
        self.frames: list[Frame] = []
        self._take = take
        self._decoder = Decoder()
        said = json.dumps({"protocols": protocols, **greeting}).encode()
        self.reader.feed_data(noise + b"\n" + MARKER + said + b"\n")

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            self.frames.append(frame)
            if self.is_deaf:
                continue
            if frame.head.get("op") in ("hello", "ping"):
                self.answer(frame)
            else:
                self._take(self, frame)

    def answer(self, frame: Frame, body: bytes = b"") -> None:
        self.reader.feed_data(encode(frame.id, ANSWER, {"op": frame.head.get("op")}, body))

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        self.is_closed = True

    async def last_words(self) -> str:
        return "exit code 3"


def ignore(pipe: PlayedPipe, frame: Frame) -> None:
    """Answer nothing."""


def echo(pipe: PlayedPipe, frame: Frame) -> None:
    if frame.kind == REQUEST:
        pipe.answer(frame, str(frame.head["n"]).encode())


def play(
    take: Callable[[PlayedPipe, Frame], None],
    act: Callable[[Agent, PlayedPipe], Awaitable[Any]],
    silence_s: float = 60.0,
) -> Any:
    async def whole() -> Any:
        pipe = PlayedPipe(take)
        agent = Agent(pipe, silence_s=silence_s)
        await agent.start({"root": "/"}, timeout_s=60)
        try:
            return await act(agent, pipe)
        finally:
            await agent.close()
            await agent.close()
            assert pipe.is_closed

    return asyncio.run(whole())


def test_answers_find_their_questions() -> None:
    async def act(agent: Agent, pipe: PlayedPipe) -> list[bytes]:
        calls = (agent.call({"op": "x", "n": n}) for n in range(20))
        return [answer.body for answer in await asyncio.gather(*calls)]

    assert play(echo, act) == [str(n).encode() for n in range(20)]


def test_pieces_are_joined_and_errors_are_raised() -> None:
    def take(pipe: PlayedPipe, frame: Frame) -> None:
        pipe.reader.feed_data(encode(frame.id, MORE, None, b"one "))
        pipe.reader.feed_data(encode(999, ANSWER, {}, b"for nobody"))
        if frame.head["n"]:
            head = {"code": "refused", "message": "no", "hint": "do", "digests": []}
            pipe.reader.feed_data(encode(frame.id, ERROR, head))
        else:
            pipe.answer(frame, b"two")

    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        assert (await agent.call({"op": "x", "n": 0})).body == b"one two"
        with pytest.raises(Refused) as caught:
            await agent.call({"op": "x", "n": 1})
        assert (caught.value.code, caught.value.hint) == ("refused", "do")

    play(take, act)


def test_an_end_fails_whatever_is_open_and_all_that_follows() -> None:
    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        call = asyncio.ensure_future(agent.call({"op": "x"}))
        await asyncio.sleep(0)
        pipe.reader.feed_eof()
        for lost in (call, agent.call({"op": "y"})):
            with pytest.raises(PipeLost, match="exit code 3"):
                await lost

    play(ignore, act)


def test_what_is_no_frame_is_an_end() -> None:
    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        call = asyncio.ensure_future(agent.call({"op": "x"}))
        await asyncio.sleep(0)
        pipe.reader.feed_data(b"\xff" * 100)
        with pytest.raises(PipeLost):
            await call

    play(ignore, act)


def test_a_call_that_is_given_up_is_dropped_there() -> None:
    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        call = asyncio.ensure_future(agent.call({"op": "x"}))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert [frame.kind for frame in pipe.frames] == [REQUEST, REQUEST, DROP]
        assert pipe.frames[1].id == pipe.frames[2].id

    play(ignore, act)


def test_a_long_stream_lets_others_in_between() -> None:
    def take(pipe: PlayedPipe, frame: Frame) -> None:
        if (frame.kind == REQUEST and "n" in frame.head) or (
            frame.kind == DATA and frame.body == b"last"
        ):
            pipe.answer(frame)

    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        data = iter([*[b"x" * 1000] * 50, b"last"])
        long = asyncio.ensure_future(agent.call({"op": "put"}, data=data, size=50_004))
        await agent.call({"op": "x", "n": 0})
        assert not long.done()
        await long

    play(take, act)


def test_quiet_is_not_silence_as_long_as_there_is_an_answer_to_ping() -> None:
    async def act(agent: Agent, pipe: PlayedPipe) -> None:
        call = asyncio.ensure_future(agent.call({"op": "x"}))
        while sum(frame.head.get("op") == "ping" for frame in pipe.frames) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert not call.done() and not agent.lost
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    play(ignore, act, silence_s=0.05)


def test_another_protocol_is_refused_with_a_hint() -> None:
    async def act() -> None:
        agent = Agent(PlayedPipe(ignore, protocols=[7]))
        with pytest.raises(Refused) as caught:
            await agent.start({}, timeout_s=60)
        assert "7" in caught.value.message and "upgrade" in caught.value.hint
        await agent.close()

    asyncio.run(act())


@pytest.mark.parametrize("size", [0, 10, 5_000, 300_000])
def test_noise_before_the_greeting_is_counted(size: int) -> None:
    async def act() -> tuple[int, float | None]:
        agent = Agent(PlayedPipe(ignore, noise=b"x" * size, login_s=0.25))
        await agent.start({}, timeout_s=60)
        await agent.close()
        return agent.noise, agent.login_s

    assert asyncio.run(act()) == (size, 0.25)


def test_a_pipe_that_is_doubted_and_says_nothing_is_given_up_and_one_that_answers_stays() -> None:
    async def act() -> None:
        pipe = PlayedPipe(ignore)
        agent = Agent(pipe, silence_s=600.0)
        await agent.start({}, timeout_s=60)
        call = asyncio.ensure_future(agent.call({"op": "x"}))
        await asyncio.sleep(0)
        for _ in range(3):
            agent.doubt(0.02)
            await asyncio.sleep(0.05)
            assert not agent.lost
        pipe.is_deaf = True
        agent.doubt(0.02)
        with pytest.raises(PipeLost, match="silent"):
            await call
        await agent.close()

    asyncio.run(act())
