"""A look at a machine through its agent."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from ..errors import DriverError
from ..model import TargetInfo
from ._agent import Agent, Answer
from ._findings import Arrival, Findings, facts_of, problems_of, read_findings

_LAST_TIME = 1e12


class Seen(NamedTuple):
    """What a look found.

    Attributes:
        found: What is there.
        clock_s: By how much the clock there is ahead of ours, at least; ``None`` if not told.
        round_trip_s: What a question and its answer took.
    """

    found: Findings
    clock_s: float | None
    round_trip_s: float


async def look(
    call: Callable[[Mapping[str, Any]], Awaitable[Answer]],
    env: Mapping[str, str],
    *,
    is_brief: bool,
) -> Seen:
    """Ask an agent what is on its machine, and what time it is there.

    Raises:
        DriverError: The answer is no, or makes no sense.
    """
    answer = await call({"op": "facts", "env": dict(env), "brief": is_brief})
    try:
        found = read_findings(answer.head)
    except msgspec.ValidationError as exc:
        raise DriverError(
            f"what the agent found makes no sense: {exc}", hint="see which agent answers there"
        ) from exc
    began, before = time.monotonic(), time.time()
    there = (await call({"op": "ping"})).head.get("time")
    took = time.monotonic() - began
    return Seen(found, _ahead(there, before, took), took)


def arrived(arrival: Arrival, agent: Agent, seen: Seen, *, is_here: bool) -> Arrival:
    """Add what the agent and a look at its machine tell of the way there."""
    hello = agent.hello
    found = msgspec.structs.replace(
        arrival, root=str(hello.get("root", "")), place=str(hello.get("place", ""))
    )
    if is_here:
        return found
    return msgspec.structs.replace(
        found,
        noise=agent.noise,
        login_s=agent.login_s,
        clock_s=seen.clock_s,
        round_trip_s=seen.round_trip_s,
    )


def info_of(found: Findings, arrival: Arrival, resource_id: str, slots: int | None) -> TargetInfo:
    """Say what was found."""
    return TargetInfo(
        resource_id=resource_id,
        place=arrival.place,
        host=found.host,
        python=found.python,
        cpus=found.cpus,
        gpus=tuple(gpu.name for gpu in found.gpus.found),
        memory_gb=round(found.memory_bytes / 1e9, 1),
        slots=slots,
        facts=facts_of(found, arrival),
        problems=tuple(problems_of(found, arrival)),
    )


def _ahead(there: Any, before: float, took: float) -> float | None:
    if not isinstance(there, (int, float)) or not abs(there) < _LAST_TIME:
        return None
    # When within the round trip the clock was read is not known.
    apart = there - (before + took / 2)
    return math.copysign(max(abs(apart) - took / 2, 0.0), apart)
