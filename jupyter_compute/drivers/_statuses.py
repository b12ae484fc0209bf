"""What an agent says about a run, or about a command."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, ParamSpec, TypeVar

import msgspec

from ..errors import DriverError
from ..model import JobStatus, RunState

_LARGEST, _LARGEST_CODE = 1 << 60, 1 << 31
_LATEST = 32503680000.0
_MOST_FILES = 10_000

P = ParamSpec("P")
T = TypeVar("T")


def understood(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Let a method raise ``DriverError`` where an agent's answer has not the shape it must have."""

    @functools.wraps(method)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except (AttributeError, LookupError, TypeError, ValueError) as exc:
            raise DriverError(
                f"the agent's answer makes no sense: {type(exc).__name__}: {exc}",
                hint="is it really ours that answers there?",
            ) from exc

    return call


class Known(NamedTuple):
    """A status that the agent gave, and its mark for it."""

    status: JobStatus
    mark: str


class Executed(NamedTuple):
    """How a command on the target ended."""

    exit_code: int | None
    signal: int | None
    stdout: bytes
    stderr: bytes
    timed_out: bool = False


def status_of(found: Any) -> JobStatus:
    """Understand a status; one that makes no sense says nothing about how its run ended."""
    try:
        status = msgspec.convert(found, JobStatus)
    except msgspec.ValidationError as exc:
        return JobStatus(state=RunState.RUNNING, reason=f"its status is not understood: {exc}")
    sizes = {name: size for name, size in status.sizes.items() if 0 <= size <= _LARGEST}
    return msgspec.structs.replace(
        status,
        exit_code=_number(status.exit_code),
        signal=_number(status.signal),
        started=_time(status.started),
        ended=_time(status.ended),
        sizes=dict(itertools.islice(sizes.items(), _MOST_FILES)),
    )


def _number(value: int | None) -> int | None:
    return value if value is not None and abs(value) < _LARGEST_CODE else None


def _time(value: float | None) -> float | None:
    """Drop what no calendar has."""
    return value if value is not None and 0 <= value <= _LATEST else None
