"""What an agent has told of runs: their statuses, and the bytes that came along with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..model import Job, JobStatus, RunId
from ._agent import Answer
from ._statuses import status_of

_FILES = ("log", "events")
_FEW = 64


class _Known(NamedTuple):
    """A status that the agent gave of an attempt, and its mark for it."""

    status: JobStatus
    mark: str
    attempt: int


class Statuses:
    """Asks only for what differs from what was told before."""

    def __init__(self) -> None:
        self._known: dict[RunId, _Known] = {}
        self._tails: dict[tuple[RunId, str], tuple[int, bytes]] = {}

    def keep(self, runs: Iterable[RunId]) -> None:
        """Forget all others."""
        kept = set(runs)
        self._known = {run: known for run, known in self._known.items() if run in kept}
        self._tails = {key: tail for key, tail in self._tails.items() if key[0] in kept}

    def request(
        self, wanted: Mapping[RunId, int], expected: Mapping[RunId, JobStatus], wait_s: float
    ) -> dict[str, Any]:
        """Make the request about runs and their attempts.

        Args:
            wanted: Which attempt of each run.
            expected: What the caller knows.
            wait_s: How long it may be held while that is still so.
        """
        rows = [self._row(run, attempt, expected.get(run)) for run, attempt in wanted.items()]
        if len(rows) > _FEW:
            # Their bytes would not fit into the answer, and the request would double.
            rows = [row[:3] for row in rows]
        return {"op": "poll", "jobs": rows, "wait_s": wait_s}

    def _row(self, run: RunId, attempt: int, expected: JobStatus | None) -> list[Any]:
        known = self._known.get(run)
        if known is None or known.status != expected or known.attempt != attempt:
            return [run, attempt, "", dict.fromkeys(_FILES, 0)]
        return [
            run,
            attempt,
            known.mark,
            {name: known.status.sizes.get(name, 0) for name in _FILES},
        ]

    def take(self, request: Mapping[str, Any], answer: Answer) -> dict[RunId, JobStatus]:
        """Return the statuses of all that were asked about and are known there."""
        attempts = {row[0]: row[1] for row in request["jobs"]}
        unknown = set(answer.head["unknown"])
        found = {
            row[0]: self._known[row[0]].status
            for row in request["jobs"]
            if row[2] and row[0] in self._known and row[0] not in unknown
        }
        for run, (mark, told) in answer.head["statuses"].items():
            if run in attempts:
                self._known[run] = _Known(status_of(told), str(mark), attempts[run])
                found[run] = self._known[run].status
        at = 0
        for run, name, offset, length in answer.head.get("tails", ()):
            if run in attempts and name in _FILES:
                self._tails[run, name] = (offset, answer.body[at : at + length])
            at += length
        return found

    def read(self, job: Job, name: str, offset: int) -> bytes | None:
        """Return what came along with a status: bytes, or that nothing more can come."""
        known = self._known.get(job.run_id)
        if known is None or known.attempt != job.attempt:
            return None
        start, data = self._tails.get((job.run_id, name), (0, b""))
        if start <= offset < start + len(data):
            return data[offset - start :]
        is_end = known.status.state.is_final and known.status.sizes.get(name) == offset
        return b"" if is_end else None

    def forget(self, run: RunId) -> None:
        """Know nothing of a run any more."""
        self._known.pop(run, None)
