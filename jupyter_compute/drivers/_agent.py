"""The near end of the pipe to a target's agent."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from ..runner.protocol import (
    ANSWER,
    BODY_LIMIT,
    DATA,
    DROP,
    ERROR,
    MARKER,
    MORE,
    PROTOCOLS,
    REQUEST,
    Decoder,
    Frame,
    ProtocolError,
    encode,
)

CLOSED = "the pipe was closed"
"""Why a call fails whose driver is closed meanwhile."""

_READ = 256 * 1024
_MOST_PARTS = 4096
_NOISE = 4096
_GREETING_LIMIT = 64 * 1024
_HEAD_LIMIT = 16 * 1024 * 1024
_ANSWER_LIMIT = 64 * 1024 * 1024
"""More than an answer ever needs: a machine that sends more is up to something."""
_INLINE = 64 * 1024


class PipeLost(Exception):
    """The pipe ended or is silent; nothing is known about what was asked."""


class Refused(Exception):
    """The agent answered, and the answer is no.

    Args:
        head: The head of its answer: ``code``, ``message``, ``hint`` and more.
    """

    def __init__(self, head: Mapping[str, Any]) -> None:
        super().__init__(str(head.get("message", "")))
        self.code = str(head.get("code", "failed"))
        self.message = str(head.get("message", ""))
        self.hint = str(head.get("hint", ""))
        self.head = head


class Reader(Protocol):
    """Where bytes come from."""

    async def read(self, n: int = -1, /) -> bytes:
        """Return some bytes, at most ``n``; none at the end."""
        ...


class Pipe(Protocol):
    """A byte pipe to an agent that is being started at its other end."""

    reader: Reader
    writer: asyncio.StreamWriter

    async def close(self) -> None:
        """Let go of it; repeatable. Returns when nothing is left of it on this machine."""
        ...

    async def last_words(self) -> str:
        """Say how it ended: exit code, and what was written to standard error."""
        ...


class Answer(NamedTuple):
    """What the agent answered."""

    head: dict[str, Any]
    body: bytes


class _Pending(NamedTuple):
    future: asyncio.Future[Answer]
    parts: list[bytes]


class Agent:
    """Speaks to one agent. After it is lost, another one is made.

    Args:
        pipe: An open pipe.
        silence_s: After so many seconds without a byte, while something is asked, the agent is
            asked whether it is there; after as many again it is given up.

    Attributes:
        hello: The head of its answer to ``hello``.
        lost: Why it is lost; empty as long as it is not.
        noise: How many bytes came before its greeting.
        login_s: What the login files and Python's start took there; ``None`` if not known.
    """

    def __init__(self, pipe: Pipe, *, silence_s: float = 20.0) -> None:
        self.pipe = pipe
        self.hello: dict[str, Any] = {}
        self.lost: str = ""
        self.noise = 0
        self.login_s: float | None = None
        self.silence_s = silence_s
        self._ids = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._decoder = Decoder(_HEAD_LIMIT)
        self._writing = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None
        self._heard = self._watched = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._asked = False

    # -- beginning and end ---------------------------------------------------------------------

    async def start(self, hello: Mapping[str, Any], *, timeout_s: float) -> None:
        """Wait for the greeting, agree on a protocol and say hello.

        Args:
            hello: The head of the request, without the protocol.
            timeout_s: How long to wait for the greeting.

        Raises:
            PipeLost: There is no agent at the other end.
            Refused: There is, and it does not take us.
        """
        greeting, rest = await self._greeting(timeout_s)
        login_s = greeting.get("login_s")
        self.login_s = login_s if isinstance(login_s, float) else None
        offered = greeting.get("protocols")
        common = [one for one in PROTOCOLS if isinstance(offered, list) and one in offered]
        if not common:
            raise Refused(
                {
                    "code": "version",
                    "message": f"the agent speaks the protocols {offered}, "
                    f"this version {list(PROTOCOLS)}",
                    "hint": "upgrade the older of the two installations of jupyter_compute",
                }
            )
        self._reading = asyncio.create_task(self._read(rest), name="agent pipe")
        answer = await self.call({"op": "hello", "protocol": max(common), **hello})
        self.hello = answer.head

    async def _greeting(self, timeout_s: float) -> tuple[dict[str, Any], bytes]:
        buffer = bytearray()
        try:
            return await asyncio.wait_for(self._find_greeting(buffer), timeout_s)
        except (asyncio.TimeoutError, TimeoutError):
            said = f"no greeting within {timeout_s:.0f} s"
            raise PipeLost(_joined(said, buffer, "")) from None
        except (OSError, ValueError, RecursionError) as exc:
            raise PipeLost(f"no greeting that is understood: {exc}") from exc

    async def _find_greeting(self, buffer: bytearray) -> tuple[dict[str, Any], bytes]:
        while True:
            data = await self.pipe.reader.read(_READ)
            if not data:
                raise PipeLost(_joined("", buffer, await self.pipe.last_words()))
            buffer += data
            start = buffer.find(MARKER)
            end = buffer.find(b"\n", start) if start >= 0 else -1
            if end >= 0:
                # The line break in front of the marker is the agent's own.
                self.noise += max(0, start - 1)
                greeting = json.loads(buffer[start + len(MARKER) : end])
                if not isinstance(greeting, dict):
                    raise ValueError("it is no object")
                return greeting, bytes(buffer[end + 1 :])
            if start >= 0 and len(buffer) - start > _GREETING_LIMIT:
                raise ValueError("it does not end")
            if start < 0 and len(buffer) > _NOISE:
                self.noise += len(buffer) - _NOISE
                del buffer[:-_NOISE]

    async def close(self) -> None:
        """Let go of the pipe; what is still asked fails. Repeatable."""
        self._lose(CLOSED)
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        await self.pipe.close()

    # -- asking --------------------------------------------------------------------------------

    async def call(
        self,
        head: Mapping[str, Any],
        *,
        data: Iterator[bytes] | None = None,
        size: int = 0,
        sent: asyncio.Event | None = None,
    ) -> Answer:
        """Ask, and wait for the answer.

        Args:
            head: The head of the request.
            data: Pieces of at most 1 MiB that follow it.
            size: How many bytes there are in ``data``; few are read here, many in a thread.
            sent: Set when all of it is on its way, so that what is asked next comes after it.

        Raises:
            PipeLost: No answer will come.
            Refused: The answer is no.
        """
        if self.lost:
            raise PipeLost(self.lost)
        id_ = next(self._ids)
        pending = _Pending(asyncio.get_running_loop().create_future(), [])
        self._pending[id_] = pending
        self._watch()
        try:
            await self._send(encode(id_, REQUEST, dict(head)))
            if data is not None:
                await self._stream(id_, pending, data, inline=size <= _INLINE)
            if sent is not None:
                sent.set()
            return await pending.future
        except (PipeLost, Refused):
            raise
        except BaseException:
            # Given up, or the data cannot be read: the other end must not wait for the rest.
            if not self.lost:
                with contextlib.suppress(OSError, RuntimeError):
                    self.pipe.writer.write(encode(id_, DROP))
            raise
        finally:
            self._pending.pop(id_, None)
            if pending.future.done() and not pending.future.cancelled():
                # Marked as seen, for a call that failed before it waited for its answer.
                pending.future.exception()

    async def _stream(
        self, id_: int, pending: _Pending, data: Iterator[bytes], *, inline: bool
    ) -> None:
        while not pending.future.done():
            piece = next(data, b"") if inline else await asyncio.to_thread(next, data, b"")
            if not piece:
                return
            for start in range(0, len(piece), BODY_LIMIT):
                await self._send(encode(id_, DATA, None, piece[start : start + BODY_LIMIT]))

    async def _send(self, frame: bytes) -> None:
        # One frame at a time, so that a long stream lets others in between.
        async with self._writing:
            if self.lost:
                raise PipeLost(self.lost)
            try:
                self.pipe.writer.write(frame)
                await self.pipe.writer.drain()
            except (OSError, RuntimeError) as exc:
                self._lose(f"the pipe broke: {exc}")
                raise PipeLost(self.lost) from exc

    # -- hearing -------------------------------------------------------------------------------

    async def _read(self, data: bytes) -> None:
        try:
            while True:
                for frame in self._decoder.feed(data):
                    self._take(frame)
                data = await self.pipe.reader.read(_READ)
                if not data:
                    break
                self._heard, self._asked = asyncio.get_running_loop().time(), False
            self._lose(_joined("the agent ended", b"", await self.pipe.last_words()))
        except (OSError, ProtocolError) as exc:
            self._lose(f"the pipe broke: {exc}")

    def _take(self, frame: Frame) -> None:
        pending = self._pending.get(frame.id)
        if pending is None or pending.future.done():
            return
        if frame.kind == MORE:
            pending.parts.append(frame.body)
            if len(pending.parts) * BODY_LIMIT > _ANSWER_LIMIT and (
                sum(map(len, pending.parts)) > _ANSWER_LIMIT or len(pending.parts) > _MOST_PARTS
            ):
                raise ProtocolError("an answer without end")
        elif frame.kind == ANSWER:
            body = b"".join((*pending.parts, frame.body)) if pending.parts else frame.body
            pending.future.set_result(Answer(frame.head, body))
        elif frame.kind == ERROR:
            pending.future.set_exception(Refused(frame.head))

    def _lose(self, why: str) -> None:
        self.lost = self.lost or why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for pending in self._pending.values():
            if not pending.future.done():
                pending.future.set_exception(PipeLost(self.lost))

    # -- silence -------------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._watched, self._asked = loop.time(), False
            self._timer = loop.call_later(self.silence_s, self._listen)

    def _listen(self) -> None:
        """Notice that the other end says nothing any more."""
        self._timer = None
        if self.lost or not self._pending:
            return
        loop = asyncio.get_running_loop()
        silent = loop.time() - max(self._heard, self._watched)
        if silent >= self.silence_s and self._asked:
            self._give_up(2 * self.silence_s)
            return
        if silent >= self.silence_s:
            self._asked = True
            self._ping()
        self._timer = loop.call_later(self.silence_s, self._listen)

    def doubt(self, limit_s: float) -> None:
        """Ask whether the other end is still there; without a byte in time it is given up."""
        if not self.lost and self._reading is not None:
            loop = asyncio.get_running_loop()
            self._ping()
            loop.call_later(limit_s, self._judge, loop.time(), limit_s)

    def _judge(self, asked: float, limit_s: float) -> None:
        if not self.lost and self._heard <= asked:
            self._give_up(limit_s)

    def _give_up(self, silent_s: float) -> None:
        self._lose(f"the agent has been silent for {silent_s:g} s")
        if self._reading is not None:
            self._reading.cancel()

    def _ping(self) -> None:
        # Not through the lock: a pipe that takes no byte is the very thing to notice.
        with contextlib.suppress(OSError, RuntimeError):
            self.pipe.writer.write(encode(next(self._ids), REQUEST, {"op": "ping"}))


def _joined(said: str, noise: bytes | bytearray, last_words: str) -> str:
    text = bytes(noise).decode(errors="replace").strip().splitlines()
    words = [said, *text[-1:], last_words]
    return "; ".join(word for word in words if word) or "the pipe ended at once"
