"""What things are called: digests, run ids, states."""

from __future__ import annotations

import secrets
from enum import Enum
from typing import Union

Digest = str
"""A sha256 in lower-case hex."""

RunId = str
"""Names a run everywhere: the store, the target's folder, the engine's own job."""

JsonValue = Union[None, bool, int, float, str, list["JsonValue"], dict[str, "JsonValue"]]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_run_id() -> RunId:
    """Make a run id: ``r`` and nine characters, so that any engine takes it as a name."""
    return "r" + "".join(secrets.choice(_ALPHABET) for _ in range(9))


class RunState(str, Enum):
    """Where a run stands. Forward only within an attempt."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self in _FINAL

    @property
    def rank(self) -> int:
        """The place in the order; the three final states share the last."""
        return _RANK[self]


_FINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELED})
_RANK = {state: min(place, 4) for place, state in enumerate(RunState)}
