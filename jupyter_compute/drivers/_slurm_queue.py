"""What Slurm says of all our jobs: one question for all of them, now and then."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from msgspec import Struct

from ..errors import DriverError, TargetUnreachableError
from ..model import RunId
from ._slurm_commands import command, rows_of, run_of, sacct, squeue
from ._slurm_states import Meaning, meaning_of, plain, why_waiting
from ._statuses import Executed

_SHORTEST_S, _LONGEST_S = 2.0, 30.0
_GROWTH = 1.5
_BREATH_S = 0.5
_ASK_S, _PATIENCE_S = 60.0, 2.0


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
        self._ids: Mapping[str, RunId] = {}
        self._asking: asyncio.Task[None] | None = None
        self._is_known = False
        self._interval_s = self.shortest_s
        self._asked_at = 0.0
        self.due_at = 0.0
        self.trouble = ""
        """Why there is no answer; empty while there is one."""
        self.silent_since = 0.0

    def hurry(self) -> None:
        """Ask soon: something has been done, or is expected."""
        self._interval_s = self.shortest_s
        # However many things are done, Slurm is not asked more often for it.
        soon = max(self._asked_at + self.shortest_s, time.monotonic() + _BREATH_S)
        self.due_at = min(self.due_at, soon)

    def row(self, job_id: str, run_id: RunId) -> QueueRow | None:
        """Return what was said last of a job by its number, if it is still that run's.

        A controller that was killed gives a number again that it had not written down.
        """
        found = self._rows.get(job_id)
        return found if found is not None and found.run_id == run_id else None

    def rows_of_run(self, run_id: RunId) -> list[QueueRow]:
        """Return what was said last of all jobs of a run."""
        return [row for row in self._rows.values() if row.run_id == run_id]

    def absent_s(self, job_id: str) -> float:
        """Return for how long Slurm has answered without knowing a job; 0 if it knows it."""
        since = self._absent.get(job_id)
        return time.monotonic() - since if since is not None else 0.0

    async def refresh(
        self, ids: Mapping[str, RunId] | None = None, *, is_forced: bool = False
    ) -> None:
        """Ask Slurm if it is time to.

        A question that was asked goes on when its caller gives up: who comes next waits for it.
        Where Slurm takes long, callers go on with its last answer meanwhile.

        Args:
            ids: The numbers of the jobs that somebody waits for, and whose they are; by default
                those of the last question.
            is_forced: Whether it is time whenever it was asked last.

        Raises:
            TargetUnreachableError: The way there is cut.
        """
        self._ids = self._ids if ids is None else ids
        if is_forced and self._asking is not None:
            # It may tell of what was before.
            await asyncio.wait({self._asking})
        if not is_forced and time.monotonic() < self.due_at:
            return
        if self._asking is None:
            self._asking = asyncio.create_task(self._refresh(self._ids), name="squeue")
            self._asking.add_done_callback(self._answered)
        asking = self._asking
        may_go_on = self._is_known and not is_forced
        await asyncio.wait({asking}, timeout=_PATIENCE_S if may_go_on else None)
        if asking.done():
            asking.result()

    def _answered(self, asking: asyncio.Task[None]) -> None:
        self._asking = None
        if not asking.cancelled():
            # Taken, should nobody wait for it any more.
            asking.exception()

    async def _refresh(self, ids: Mapping[str, RunId]) -> None:
        before = self._rows
        self._asked_at = time.monotonic()
        try:
            await self._ask(ids)
        except TargetUnreachableError:
            raise
        except DriverError as exc:
            self.silent_since = self.silent_since or time.time()
            self.trouble = exc.message
        else:
            self.trouble, self.silent_since, self._is_known = "", 0.0, True
        changed = {key: row.state for key, row in before.items()} != {
            key: row.state for key, row in self._rows.items()
        }
        longer = min(self._interval_s * _GROWTH, _LONGEST_S)
        self._interval_s = self.shortest_s if changed else longer
        self.due_at = time.monotonic() + self._interval_s * random.uniform(0.9, 1.1)

    async def _ask(self, ids: Mapping[str, RunId]) -> None:
        found = {row.job_id: row for row in _read(rows_of(await self._run(squeue())))}
        over: dict[str, QueueRow] = {}
        left: dict[str, RunId] = {}
        for one, run_id in ids.items():
            known = self.row(one, run_id)
            if not one or (one in found and found[one].run_id == run_id):
                continue
            # What is over stays as it was said; it cannot begin again.
            if known is not None and known.meaning.is_over:
                over[one] = known
            else:
                left[one] = run_id
        if left and self._has_accounting:
            over.update({row.job_id: row for row in await self._accounted(left)})
        now = time.monotonic()
        self._absent = {one: self._absent.get(one, now) for one in left if one not in over}
        self._rows = {**over, **found}

    async def _accounted(self, ids: Mapping[str, RunId]) -> list[QueueRow]:
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
            if ours and ids.get(job_id) == ours[0]:
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
