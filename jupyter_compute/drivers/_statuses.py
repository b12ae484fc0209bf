"""What an agent says about a run."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ..model import JobStatus, RunState


class Known(NamedTuple):
    """A status that the agent gave, and its mark for it."""

    status: JobStatus
    mark: str


def status_of(found: Any) -> JobStatus:
    """Understand a status; one that makes no sense says nothing about how its run ended."""
    try:
        return msgspec.convert(found, JobStatus)
    except msgspec.ValidationError as exc:
        return JobStatus(state=RunState.RUNNING, reason=f"its status is not understood: {exc}")
