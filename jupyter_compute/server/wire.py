"""Reads what a request asks for, and writes what it is answered with."""

from __future__ import annotations

import json
import typing
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, get_origin

import msgspec
from msgspec import Struct

from ..errors import ConfigError
from ..options import nearest
from .errors import TooLargeError

S = TypeVar("S", bound=Struct)

BODY_BYTES = 16 << 20

# Jupyter's own; a time stamp without a name is how its front end gets around caches.
_OTHERS = frozenset({"_xsrf", "token", "no_track_activity"})


def read_query(cls: type[S], arguments: Mapping[str, Sequence[bytes]]) -> S:
    """Read the part of an address behind the question mark.

    Raises:
        ConfigError: Something in it is unknown, given twice, or of the wrong type.
    """
    fields = _fields(cls)
    values: dict[str, Any] = {}
    for name, given in arguments.items():
        if name in _OTHERS or name.isdigit():
            continue
        if name not in fields:
            raise ConfigError(f"there is no query {name!r}", hint=nearest(name, fields))
        try:
            words = [value.decode("utf-8") for value in given]
        except UnicodeDecodeError as exc:
            raise ConfigError(f"the query {name!r} is no UTF-8") from exc
        if fields[name]:
            values[name] = words
        elif len(words) > 1:
            raise ConfigError(f"the query {name!r} is given {len(words)} times")
        else:
            values[name] = words[0]
    return _convert(values, cls, "query")


def read_body(cls: type[S], body: bytes, content_type: str) -> S:
    """Read a JSON body; an empty one is an empty object.

    Raises:
        ConfigError: It is no JSON, or something in it is unknown or of the wrong type.
    """
    if len(body) > BODY_BYTES:
        raise TooLargeError(
            f"a body of {len(body):,} bytes is too large", hint=f"at most {BODY_BYTES:,} bytes"
        )
    kind = content_type.partition(";")[0].strip().lower()
    if body.strip() and kind not in ("application/json", ""):
        raise ConfigError(f"the body is {kind!r}", hint="send application/json")
    try:
        values = msgspec.json.decode(body if body.strip() else b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ConfigError(f"the body is no JSON: {exc}", hint="send a JSON object") from exc
    return _convert(values, cls, "body")


def encode(value: Any) -> bytes:
    """Write an answer as JSON; bytes that are no UTF-8 in names survive as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


@lru_cache(maxsize=64)
def _fields(cls: type[Struct]) -> dict[str, bool]:
    """Return the names of a query's fields and whether each is a list."""
    hints = typing.get_type_hints(cls)
    return {name: get_origin(hints[name]) is list for name in cls.__struct_fields__}


def _convert(values: Any, cls: type[S], what: str) -> S:
    try:
        return msgspec.convert(values, cls, strict=what == "body")
    except msgspec.ValidationError as exc:
        raise ConfigError(f"the {what} is wrong: {exc}") from exc
    except (RecursionError, OverflowError) as exc:
        raise ConfigError(f"the {what} cannot be read: {exc}") from exc
