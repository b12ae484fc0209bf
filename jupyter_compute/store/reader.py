"""Everything that is asked of the store and changes nothing."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import ConflictError
from ..model import Digest, Event, MetricEvent, Run, RunFilter, RunId, RunPage, RunState
from . import cells, codec, events, query, rows, snapshots
from .database import Database
from .snapshots import SnapshotRecord

# The class has a method named list.
_Runs = list[Run]
_RunIds = list[RunId]
_Events = list[tuple[int, Event]]
_Series = dict[str, list[MetricEvent]]


class Reader:
    """The questions; each sees one moment, and none waits for a writer.

    Raises:
        StoreError: By any method: damaged, closed, written by a newer version.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, run_id: RunId) -> Run:
        """Return a run by its id.

        Raises:
            NotFoundError: There is none.
        """
        with self._database.read() as connection:
            return rows.get(connection, run_id).run()

    def find(self, prefix: str) -> Run:
        """Return the run that a user means: by id, the beginning of one, or a name.

        Raises:
            NotFoundError: There is none; the hint names a similar one.
            ConflictError: Several are meant; the hint lists the newest.
        """
        text = codec.plain(prefix)
        with self._database.read() as connection:
            row = rows.find(connection, text)
            if row:
                return row.run()
            for where, values in (
                ("id >= ? AND id < ?", (text, text + "\U0010ffff")),
                ("name = ? AND name = ? COLLATE BINARY", (text, text)),
            ):
                found = connection.execute(
                    f"SELECT id FROM runs WHERE {where} ORDER BY key DESC LIMIT 4", values
                ).fetchall()
                if text and len(found) == 1:
                    return rows.get(connection, found[0][0]).run()
                if text and found:
                    ids = ", ".join(run_id for (run_id,) in found[:3])
                    raise ConflictError(
                        f"{prefix!r} can mean several runs",
                        hint=f"the newest: {ids}{', …' if len(found) > 3 else ''}",
                    )
            raise rows.not_found(connection, prefix)

    def list(self, filter: RunFilter) -> RunPage:
        """Return one page of runs, the cursor to the next, and how many match in all.

        Raises:
            ConfigError: The sort, the cursor or the limit makes no sense.
        """
        with self._database.read() as connection:
            return query.page(connection, filter)

    def last_of_cells(self, notebook: str) -> dict[str, Run]:
        """Return the last run of each cell of a notebook, by the cell's id.

        Args:
            notebook: Its absolute path.
        """
        with self._database.read() as connection:
            return cells.last_of_cells(connection, notebook)

    def active(self, target: str | None = None) -> _Runs:
        """Return all runs that are not over, in the order they were submitted."""
        where = "WHERE runs.state < 4" + ("" if target is None else " AND runs.target = ?")
        values = () if target is None else (codec.plain(target),)
        with self._database.read() as connection:
            return rows.select(connection, f"{where} ORDER BY runs.key", values)

    def counts(self) -> dict[RunState, int]:
        """Count the runs of each state."""
        return self._count("SELECT state, sum(runs) FROM tallies GROUP BY state")

    def count_active(self, target: str | None = None) -> dict[RunState, int]:
        """Count the runs of each state that are not over, on one target or all."""
        sql = "SELECT state, sum(runs) FROM tallies WHERE state < 4"
        sql += " GROUP BY state" if target is None else " AND target = ? GROUP BY state"
        return self._count(sql, *(() if target is None else (codec.plain(target),)))

    def revision(self) -> int:
        """Return a number that grows with every change; cheap enough to ask often."""
        with self._database.read() as connection:
            return int(connection.execute("SELECT revision FROM counter").fetchone()[0])

    def changed(self, since: int, limit: int = 1000) -> _Runs:
        """Return the runs that changed after a revision, in the order of their last change."""
        with self._database.read() as connection:
            where = "WHERE runs.revision > ? ORDER BY runs.revision LIMIT ?"
            return rows.select(connection, where, (since, limit))

    def deleted(self, since: int) -> _RunIds:
        """Return the ids of runs that were deleted after a revision, in that order."""
        with self._database.read() as connection:
            sql = "SELECT id FROM deleted WHERE revision > ? ORDER BY revision"
            return [run_id for (run_id,) in connection.execute(sql, (since,))]

    def offset(self, run_id: RunId, attempt: int, name: str) -> int:
        """Return how many bytes of ``events``, ``log`` or another file have been taken."""
        with self._database.read() as connection:
            key = rows.key_of(connection, run_id)
            return 0 if key is None else events.offset(connection, key, attempt, name)

    def events(
        self,
        run_id: RunId,
        *,
        types: Collection[str] = (),
        after: int = 0,
        limit: int = 10_000,
        attempt: int | None = None,
    ) -> _Events:
        """Return events in order, each with its sequence number.

        Args:
            run_id: Whose.
            types: Words such as ``metric``; all without.
            after: The sequence number to go on from.
            limit: How many at most.
            attempt: Of one attempt; of all without.

        Raises:
            NotFoundError: There is no such run.
        """
        with self._database.read() as connection:
            key = rows.known_key(connection, run_id)
            found = events.read(
                connection, key, types=types, after=after, limit=limit, attempt=attempt
            )
            return [(sequence, event) for sequence, _, event in found]

    def metrics(self, run_id: RunId, names: Collection[str] = ()) -> _Series:
        """Return whole series of metrics by name, over all attempts.

        Raises:
            NotFoundError: There is no such run.
        """
        with self._database.read() as connection:
            return events.metrics(connection, rows.known_key(connection, run_id), names)

    def last_metrics(self, run_ids: Collection[RunId]) -> dict[RunId, dict[str, float | str]]:
        """Return the last value of every metric of some runs; ``{}`` for one without."""
        with self._database.read() as connection:
            return events.last_metrics(connection, run_ids)

    def snapshot(self, snapshot_id: Digest) -> SnapshotRecord | None:
        """Return what is known of a snapshot."""
        with self._database.read() as connection:
            return snapshots.get(connection, snapshot_id)

    def snapshot_ids(self) -> set[Digest]:
        """Return the snapshots that kept runs need."""
        with self._database.read() as connection:
            return snapshots.kept(connection)

    def input_digests(self) -> set[Digest]:
        """Return the blobs that kept runs need beside their snapshots."""
        with self._database.read() as connection:
            return snapshots.inputs(connection)

    def _count(self, sql: str, *values: str) -> dict[RunState, int]:
        with self._database.read() as connection:
            found = connection.execute(sql, values).fetchall()
        return {codec.STATES[state]: count for state, count in found if count}
