"""Values to and from the bytes that are stored."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from ..errors import ConfigError, StoreError
from ..model import Environment, Event, PythonEnvironment, Run, RunState

STATES = tuple(RunState)
"""A state is stored as its place here. The order is part of the tables."""

_RUN = msgspec.msgpack.Decoder(Run)
_EVENT = msgspec.msgpack.Decoder(Event)

Body = bytes | str
"""MessagePack, or JSON as text for the rare value that MessagePack cannot hold."""


def encode(value: Any) -> Body:
    """Encode anything made of the model's nouns.

    Numbers that are not finite keep their value. Text that is no valid Unicode (a file name with
    stray bytes) and integers beyond 64 bits go as JSON.

    Raises:
        ConfigError: A value in it is of a type that cannot be written down.
    """
    try:
        try:
            return msgspec.msgpack.encode(value, enc_hook=_plain_value)
        except (UnicodeEncodeError, OverflowError):
            return json.dumps(builtins(value))
    except (TypeError, ValueError, NotImplementedError) as exc:
        raise ConfigError(
            f"a value cannot be recorded: {exc}",
            hint="use numbers, text, lists and dictionaries",
        ) from exc


def builtins(value: Any) -> Any:
    """Turn nouns into dictionaries, lists and plain values.

    Raises:
        ConfigError: A value in it is of a type that cannot be written down.
    """
    try:
        return msgspec.to_builtins(value, enc_hook=_plain_value)
    except (TypeError, ValueError, NotImplementedError) as exc:
        raise ConfigError(
            f"a value cannot be recorded: {exc}",
            hint="use numbers, text, lists and dictionaries",
        ) from exc


def decode(body: Body) -> Any:
    """Decode to dictionaries, lists and plain values."""
    return json.loads(body) if isinstance(body, str) else msgspec.msgpack.decode(body)


def decode_run(body: Body, environment: Body, packages: Body, revision: int) -> Run:
    """Decode a run and join what is stored apart from it.

    Raises:
        StoreError: A newer version wrote something that this one does not know.
    """
    try:
        run = _RUN.decode(body) if isinstance(body, bytes) else _from_json(body, Run)
        msgspec.structs.force_setattr(run, "environment", _environment(environment))
        found = _packages(packages)
    except (msgspec.ValidationError, msgspec.DecodeError) as exc:
        raise StoreError(
            f"a run was written in a way that this version cannot read: {exc}",
            hint="upgrade jupyter_compute in this environment: pip install -U jupyter_compute",
        ) from exc
    if found:
        msgspec.structs.force_setattr(run.facts, "packages", found)
    msgspec.structs.force_setattr(run, "revision", revision)
    return run


def decode_event(body: Body) -> Event:
    """Decode an event.

    Raises:
        StoreError: A newer version wrote something that this one does not know.
    """
    try:
        event: Event = _EVENT.decode(body) if isinstance(body, bytes) else _from_json(body, Event)
        return event
    except (msgspec.ValidationError, msgspec.DecodeError) as exc:
        raise StoreError(
            f"an event was written in a way that this version cannot read: {exc}",
            hint="upgrade jupyter_compute in this environment: pip install -U jupyter_compute",
        ) from exc


def plain(text: str) -> str:
    """Make text that SQLite can hold and sort by; stray bytes become visible escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def shed(raw: dict[str, Any]) -> dict[str, Any]:
    """Drop what is empty: most fields of most runs are."""
    return {name: value for name, value in raw.items() if value is not None and value not in _EMPTY}


def _plain_value(value: Any) -> Any:
    # Parameters often come out of numpy; its scalars are numbers to whoever wrote them.
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return value.tolist()
    raise NotImplementedError(f"a {type(value).__module__}.{type(value).__qualname__}")


def _from_json(body: str, wanted: Any) -> Any:
    return msgspec.convert(json.loads(body), wanted)


_EMPTY: tuple[Any, ...] = ("", {}, [], ())


@lru_cache(maxsize=256)
def _environment(body: Body) -> Environment:
    raw = decode(body)
    environment: Environment = msgspec.convert(raw, Environment) if raw else PythonEnvironment()
    return environment


@lru_cache(maxsize=256)
def _packages(body: Body) -> dict[str, str]:
    return dict(decode(body))
