"""What Slurm says of all our jobs: one question for all of them, now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping

from msgspec import Struct

from ..errors import DriverError, TargetUnreachableError
from ..model import RunId
from ._slurm_commands import command, rows_of, run_of, sacct, squeue
from ._slurm_states import Meaning, meaning_of, plain, why_waiting
from ._statuses import Executed

_SHORTEST_S, _LONGEST_S = 1.0, 30.0
_GROWTH = 1.5
_ASK_S = 60.0


class QueueRow(Struct, frozen=True, kw_only=True):
    """What Slurm says of one job.

    Attributes:
        job_id: Slurm's number.
        run_id: Whose job it is.
        attempt: The attempt that it was handed over for.
        state: Slurm's word.
        restarts: How often Slurm has put it back into the queue; each is another attempt.
        start: When it started, or will, as Slurm says it.
        reason: Why it waits.
    """

    job_id: str
    run_id: RunId
    attempt: int
    state: str
    restarts: int = 0
    start: str = ""
    reason: str = ""

    @property
    def meaning(self) -> Meaning:
        """What its state means."""
        return meaning_of(self.state)

    @property
    def words(self) -> str:
        """What it does, for people, with Slurm's own words first."""
        if self.meaning.state.value == "queued":
            return why_waiting(self.state, self.reason, self.start)
        return f"{self.state} ({self.meaning.words})"


class Queue:
    """The last answers of Slurm about our jobs. Silence leaves them as they were.

    Args:
        execute: Runs a command on the login node.
        place: Where Slurm's programs are there.
    """

    shortest_s = _SHORTEST_S

    def __init__(
        self, execute: Callable[..., Awaitable[Executed]], place: str, has_accounting: bool = True
    ) -> None:
        self._execute = execute
        self._place = place
        self._rows: dict[str, QueueRow] = {}
        self._absent: dict[str, float] = {}
        self._has_accounting = has_accounting
        self._interval_s = self.shortest_s
        self.due_at = 0.0
        self.trouble = ""
        """Why there is no answer; empty while there is one."""
        self.silent_since = 0.0

    def hurry(self) -> None:
        """Ask soon: something has been done, or is expected."""
        self._interval_s = self.shortest_s
        self.due_at = min(self.due_at, time.monotonic() + self.shortest_s)

    def row(self, job_id: str) -> QueueRow | None:
        """Return what was said last of a job by its number."""
        return self._rows.get(job_id)

    def rows_of_run(self, run_id: RunId) -> list[QueueRow]:
        """Return what was said last of all jobs of a run."""
        return [row for row in self._rows.values() if row.run_id == run_id]

    def absent_s(self, job_id: str) -> float:
        """Return for how long Slurm has answered without knowing a job; 0 if it knows it."""
        since = self._absent.get(job_id)
        return time.monotonic() - since if since is not None else 0.0

    async def refresh(self, ids: Collection[str], *, is_forced: bool = False) -> None:
        """Ask Slurm if it is time to.

        Args:
            ids: The numbers of the jobs that somebody waits for.
            is_forced: Whether it is time whenever it was asked last.

        Raises:
            TargetUnreachableError: The way there is cut.
        """
        if not is_forced and time.monotonic() < self.due_at:
            return
        before = self._rows
        try:
            await self._ask(ids)
        except TargetUnreachableError:
            raise
        except DriverError as exc:
            self.silent_since = self.silent_since or time.time()
            self.trouble = exc.message
        else:
            self.trouble, self.silent_since = "", 0.0
        changed = {key: row.state for key, row in before.items()} != {
            key: row.state for key, row in self._rows.items()
        }
        longer = min(self._interval_s * _GROWTH, _LONGEST_S)
        self._interval_s = self.shortest_s if changed else longer
        self.due_at = time.monotonic() + self._interval_s * random.uniform(0.9, 1.1)

    async def _ask(self, ids: Collection[str]) -> None:
        found = {row.job_id: row for row in _read(rows_of(await self._run(squeue())))}
        gone = [one for one in ids if one and one not in found]
        # What is over stays as it was said; it cannot begin again.
        over = {one: self._rows[one] for one in gone if _is_over(self._rows.get(one))}
        left = [one for one in gone if one not in over]
        if left and self._has_accounting:
            over.update({row.job_id: row for row in await self._accounted(left)})
        now = time.monotonic()
        self._absent = {one: self._absent.get(one, now) for one in left if one not in over}
        self._rows = {**found, **over}

    async def _accounted(self, ids: list[str]) -> list[QueueRow]:
        try:
            text = await self._run(sacct(ids))
        except TargetUnreachableError:
            raise
        except DriverError as exc:
            if "disabled" not in exc.message:
                raise
            self._has_accounting = False
            return []
        rows = []
        for line in text.splitlines():
            job_id, name, state = (*line.split("|"), "", "")[:3]
            ours = run_of(name)
            if ours and job_id in ids:
                word = state.split()[0] if state else ""
                rows.append(QueueRow(job_id=job_id, run_id=ours[0], attempt=ours[1], state=word))
        return rows

    async def _run(self, words: list[str]) -> str:
        done = await self._execute(command(words, self._place), timeout_s=_ASK_S)
        if done.timed_out:
            raise DriverError(f"{words[0]} gave no answer in {_ASK_S:g} s")
        if done.exit_code:
            said = plain(done.stderr.decode(errors="replace"))
            raise DriverError(f"{words[0]}: {said or f'exit code {done.exit_code}'}")
        return done.stdout.decode(errors="replace")


def _read(rows: Iterable[Mapping[str, str]]) -> Iterable[QueueRow]:
    for row in rows:
        ours = run_of(row["Name"])
        if ours is not None:
            restarts = row["RestartCnt"]
            yield QueueRow(
                job_id=row["JobID"],
                run_id=ours[0],
                attempt=ours[1],
                state=row["State"],
                restarts=int(restarts) if restarts.isdigit() else 0,
                start=row["StartTime"],
                reason=row["Reason"],
            )


def _is_over(row: QueueRow | None) -> bool:
    return row is not None and row.meaning.is_over
