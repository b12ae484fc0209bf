"""The store: every wish of a front end and every fact about a run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ..errors import ConfigError, ConflictError
from ..model import Digest, Event, GitState, Run, RunId, RunState
from . import events, rows, snapshots
from .database import Database
from .reader import Reader
from .snapshots import SnapshotRecord

_EVEN_WHEN_OVER = frozenset({"tags", "facts", "last_seen"})
_FIXED = frozenset({"id", "state", "attempt", "created", "revision"})

# A submit writes its snapshot down a moment before its run.
_IN_FLIGHT_S = 3600.0


class Store(Reader):
    """Runs, their events and their history; for any number of threads and processes at once.

    Nothing here touches a network. A call blocks for a disk's answer, and at most for
    ``busy_s`` while another process holds the database. Every write is one transaction.

    Raises:
        StoreError: By any method: locked for too long, disk full, damaged, closed.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        super().__init__(database)
        self._clock = clock

    @classmethod
    def open(
        cls, path: Path, *, clock: Callable[[], float] = time.time, busy_s: float = 10.0
    ) -> Store:
        """Open a database, creating it or bringing it to this version.

        Args:
            path: The file; its folder must be there.
            clock: Seconds since the epoch.
            busy_s: How long to wait for another process's lock.

        Raises:
            StoreError: It is newer than this version (then it is left untouched), belongs to
                another program, is damaged or locked, or cannot be written.
        """
        return cls(Database(Path(os.path.abspath(path)), busy_s=busy_s), clock)

    def close(self) -> None:
        """Let go of the file; repeatable."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """The database's file."""
        return self._database.path

    @property
    def journal(self) -> str:
        """``wal``, or ``delete`` where the file system does not bear a write-ahead log."""
        return self._database.journal

    def add(self, run: Run) -> Run:
        """Write a new run as queued; it is on the disk when this returns.

        Adding an id again changes nothing and returns the run as stored.

        Raises:
            ConfigError: A parameter or tag is of a type that cannot be recorded.
        """
        with self._database.write(durable=True) as connection:
            found = rows.find(connection, run.id)
            if found:
                return found.run()
            created = run.created or self._clock()
            return rows.insert(
                connection, replace(run, state=RunState.QUEUED, created=created, attempt=1)
            )

    def restore(
        self, run: Run, *, said: Mapping[str, Sequence[tuple[Any, ...]]] | None = None
    ) -> bool:
        """Write a run as it is, such as one that only its target knew.

        Args:
            run: The run in any state and attempt.
            said: Rows of what it has said, from another database.

        Returns:
            Whether it was missing; one that is there already stays as it is.
        """
        with self._database.write() as connection:
            if rows.find(connection, run.id):
                return False
            rows.insert(connection, run)
            events.restore(connection, rows.known_key(connection, run.id), said or {})
            return True

    def advance(
        self, run_id: RunId, state: RunState, *, attempt: int | None = None, **changes: Any
    ) -> Run:
        """Move a run forward within its attempt, with other fields in the same transaction.

        A step backward, any step once the run is over, and one that speaks of another
        ``attempt`` change nothing and return the run as stored. The first step to ``running``
        sets ``started`` and the last sets ``ended``, unless given. ``facts`` are merged.

        Raises:
            NotFoundError: There is no such run.
            ConfigError: There is no such field.
        """
        with self._database.write() as connection:
            row = rows.get(connection, run_id)
            run = row.run()
            if run.is_final or state.rank < run.state.rank or attempt not in (None, run.attempt):
                return run
            now = self._clock()
            if state.rank >= RunState.RUNNING.rank and run.started is None and not state.is_final:
                changes.setdefault("started", now)
            if state.is_final:
                # A clock that was set back must not end a run before it began.
                began = changes.get("started", run.started)
                changes.setdefault("ended", max(now, run.created if began is None else began))
            return rows.change(connection, row, {**_allowed(changes), "state": state})

    def update(self, run_id: RunId, **changes: Any) -> Run:
        """Change fields without changing the state; ``facts`` are merged.

        Once the run is over only ``tags``, ``facts``, ``last_seen`` and emptying ``reason``
        have an effect.

        Raises:
            NotFoundError: There is no such run.
            ConfigError: There is no such field, or it is not changed this way.
        """
        with self._database.write() as connection:
            row = rows.get(connection, run_id)
            run = row.run()
            changes = _allowed(changes)
            if run.is_final:
                changes = {
                    name: value
                    for name, value in changes.items()
                    if name in _EVEN_WHEN_OVER or (name, value) == ("reason", "")
                }
            return rows.change(connection, row, changes)

    def request_cancel(self, run_id: RunId, by: str) -> Run:
        """Write the wish that a run ends; the first one who asks is remembered.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It is over.
        """
        with self._database.write() as connection:
            row = rows.get(connection, run_id)
            run = row.run()
            if run.is_final:
                raise ConflictError(f"the run {run.id} is over: it is {run.state.value}")
            if run.cancel_requested is not None:
                return run
            return rows.change(
                connection, row, {"cancel_requested": self._clock(), "canceled_by": by}
            )

    def requeue(self, run_id: RunId, reason: str, *, attempt: int | None = None) -> Run:
        """Begin the next attempt: queued again, with the reason why.

        Args:
            run_id: Which run.
            reason: Why, in the words shown to the user.
            attempt: The attempt that was lost. If the run is past it already, nothing changes.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It is over.
        """
        with self._database.write() as connection:
            row = rows.get(connection, run_id)
            run = row.run()
            if attempt not in (None, run.attempt):
                return run
            if run.is_final:
                raise ConflictError(f"the run {run.id} is over: it is {run.state.value}")
            again = {"state": RunState.QUEUED, "attempt": run.attempt + 1, "reason": reason}
            return rows.change(connection, row, {**again, "job_id": "", "started": None})

    def delete(self, run_id: RunId) -> None:
        """Delete a run that is over, with its events.

        Raises:
            NotFoundError: There is no such run.
            ConflictError: It is not over.
        """
        with self._database.write() as connection:
            row = rows.get(connection, run_id)
            run = row.run()
            if not run.is_final:
                raise ConflictError(
                    f"the run {run.id} is not over: it is {run.state.value}",
                    hint=f"first: jupyter compute cancel {run.id}",
                )
            rows.remove(connection, row)

    def append_events(
        self, run_id: RunId, attempt: int, new: Sequence[Event], *, start: int, end: int
    ) -> bool:
        """Store the events between two offsets of an attempt's stream, exactly once.

        The run counts as changed, so that :meth:`changed` tells followers of its metrics.

        Returns:
            Whether they were taken: ``False`` if the stream is not at ``start``, or the run has
            been deleted. Then ask :meth:`offset` and read on from there.
        """
        with self._database.write() as connection:
            key = rows.key_of(connection, run_id)
            if key is None:
                return False
            return events.append(connection, key, attempt, new, start=start, end=end)

    def set_offset(self, run_id: RunId, attempt: int, name: str, value: int) -> None:
        """Write how many bytes of a file have been taken; nothing for a run that is gone."""
        with self._database.write() as connection:
            key = rows.key_of(connection, run_id)
            if key is not None:
                events.set_offset(connection, key, attempt, name, value)

    def put_snapshot(
        self,
        snapshot_id: Digest,
        source: str,
        files: int,
        bytes: int,
        git: GitState | None = None,
    ) -> None:
        """Write what a snapshot was taken from; the last time counts."""
        record = SnapshotRecord(
            id=snapshot_id, source=source, files=files, bytes=bytes, git=git, taken=self._clock()
        )
        with self._database.write() as connection:
            snapshots.put(connection, record)

    def tidy(self) -> None:
        """Drop what no run needs and count anew what is counted; part of ``gc`` and ``doctor``."""
        with self._database.write() as connection:
            snapshots.forget(connection, before=self._clock() - _IN_FLIGHT_S)
            rows.recount(connection)


def _allowed(changes: dict[str, Any]) -> dict[str, Any]:
    fixed = _FIXED & set(changes)
    if fixed:
        raise ConfigError(f"the field {sorted(fixed)[0]!r} of a run is not changed this way")
    return changes
