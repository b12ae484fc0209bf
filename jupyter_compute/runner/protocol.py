"""Frames of the pipe between a driver and its target; both ends use this module."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

PROTOCOLS = (1,)
"""The protocols that this version speaks."""

MARKER = b"\0jupyter-compute-agent "
"""What comes before it on the pipe is login noise."""

REQUEST, DATA, DROP, ANSWER, MORE, ERROR = 1, 2, 4, 5, 6, 7

BODY_LIMIT = 1024 * 1024
HEAD_LIMIT = 64 * 1024 * 1024
_HEADER = struct.Struct(">IBII")


class ProtocolError(Exception):
    """What came over the pipe is no frame."""


class Frame(NamedTuple):
    """One frame."""

    id: int
    kind: int
    head: dict[str, Any]
    body: bytes


def encode(id_: int, kind: int, head: dict[str, Any] | None = None, body: bytes = b"") -> bytes:
    """Make the bytes of a frame; the body is at most ``BODY_LIMIT``."""
    if len(body) > BODY_LIMIT:
        raise ProtocolError(f"a body of {len(body)} bytes does not fit a frame")
    data = json.dumps(head).encode() if head else b""
    return b"".join((_HEADER.pack(id_, kind, len(data), len(body)), data, body))


class Decoder:
    """Makes frames of bytes as they arrive in pieces of any size.

    Args:
        head_limit: The largest head that is taken.
    """

    def __init__(self, head_limit: int = HEAD_LIMIT) -> None:
        self._buffer = bytearray()
        self._head_limit = head_limit

    @property
    def pending(self) -> int:
        """How many bytes were taken of a frame that is not complete yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes and yield the frames that are complete now.

        Raises:
            ProtocolError: The bytes are no frames; nothing after them can be understood.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _HEADER.size:
                id_, kind, head_length, body_length = _HEADER.unpack_from(buffer, start)
                if head_length > self._head_limit or body_length > BODY_LIMIT:
                    raise ProtocolError(f"a frame of {head_length + body_length} bytes")
                head_at = start + _HEADER.size
                body_at = head_at + head_length
                end = body_at + body_length
                if len(buffer) < end:
                    break
                head = _object(bytes(buffer[head_at:body_at]))
                body = bytes(memoryview(buffer)[body_at:end])
                start = end
                yield Frame(id_, kind, head, body)
        finally:
            del buffer[:start]


def _object(data: bytes) -> dict[str, Any]:
    if not data:
        return {}
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a head that is no JSON") from error
    if not isinstance(value, dict):
        raise ProtocolError("a head that is no object")
    return value
