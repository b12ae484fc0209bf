"""An agent that says what a test wants, at the other end of a pipe in the same loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from jupyter_compute.drivers._agent import Pipe
from jupyter_compute.drivers._host import Host
from jupyter_compute.drivers._host_driver import HostDriver
from jupyter_compute.runner.protocol import (
    ANSWER,
    DATA,
    MARKER,
    MORE,
    REQUEST,
    Decoder,
    Frame,
    encode,
)

Say = Callable[[Mapping[str, Any]], Any]
"""What is answered to a question: a head, a head and a body, or bytes as they stand."""

GREETING = b"\n" + MARKER + json.dumps({"protocols": [1]}).encode() + b"\n"


class Machine:
    """A machine that answers as a test wants.

    Attributes:
        greeting: What comes first.
        answers: How each operation is answered, beside the defaults.
        asked: Every question, in order.
        given: The bytes that were sent to it.
    """

    def __init__(self, greeting: bytes = GREETING, **answers: Say) -> None:
        self.greeting = greeting
        self.answers = answers
        self.asked: list[dict[str, Any]] = []
        self.given = b""

    def answer(self, frame: Frame) -> Iterable[bytes]:
        head, op = frame.head, str(frame.head.get("op"))
        self.asked.append(head)
        said = self.answers[op](head) if op in self.answers else self._honest(op, head)
        if said is None:
            return
        if isinstance(said, bytes):
            yield said
            return
        told, body = said if isinstance(said, tuple) else (said, b"")
        while len(body) > 1 << 20:
            yield encode(frame.id, MORE, None, body[: 1 << 20])
            body = body[1 << 20 :]
        yield encode(frame.id, ANSWER, told, body)

    def _honest(self, op: str, head: Mapping[str, Any]) -> Any:
        return {
            "hello": {"root": "/r", "host": "h", "protocol": 1},
            "facts": {"host": "h", "python": "3.11.7", "cpus": 2.0, "memory_bytes": 10**10},
            "missing": {"missing": [], "partial": {}},
            "put": {"stored": 0},
            "launch": {"job_id": "j/1", "is_new": True},
            "poll": {"statuses": {}, "unknown": []},
            "read": {"size": 0, "is_over": True},
            "list": {"jobs": []},
        }.get(op, {})


class PlayedPipe:
    """A pipe to a machine."""

    def __init__(self, machine: Machine) -> None:
        self.reader = asyncio.StreamReader(limit=1 << 30)
        self.writer: Any = self
        self._machine = machine
        self._decoder = Decoder()
        self.reader.feed_data(machine.greeting)

    def write(self, data: bytes) -> None:
        for frame in self._decoder.feed(data):
            if frame.kind == REQUEST:
                for piece in self._machine.answer(frame):
                    self.reader.feed_data(piece)
            if frame.kind == DATA or frame.body:
                self._machine.given += frame.body

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        if not self.reader.at_eof():
            self.reader.feed_eof()

    async def last_words(self) -> str:
        return "exit code 0"


class PlayedHost(Host):
    greeting_s = 5.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    async def open_pipe(self) -> Pipe:
        return PlayedPipe(self._machine)

    def describe(self) -> str:
        return "the machine"


class PlayedOptions(Struct, frozen=True, kw_only=True):
    """None."""


class HostileDriver(HostDriver):
    """A target on the machine that a test has set up."""

    kind: ClassVar[str] = "hostile"
    title: ClassVar[str] = "Hostile"
    Options: ClassVar[type[Struct]] = PlayedOptions
    machine: ClassVar[Machine]

    @classmethod
    def resource_id(cls, options: Struct) -> str:
        return "hostile"

    def make_host(self) -> Host:
        return PlayedHost(type(self).machine)

    def root(self) -> str:
        return "/r"
