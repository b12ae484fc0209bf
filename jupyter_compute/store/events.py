"""What runs say: events and how far each stream has been read, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..model import Event, MetricEvent, RunId
from . import codec, rows

SAID = {
    "events": ("attempt, type, name, body", "sequence"),
    "last_metrics": ("name, value", "name"),
    "offsets": ("attempt, name, value", "attempt, name"),
}
"""The tables with what runs say: their columns beside the run, and the order to read them in."""


def restore(
    connection: sqlite3.Connection, key: int, said: Mapping[str, Sequence[tuple[Any, ...]]]
) -> None:
    """Write what a run has said, as it was read from another database."""
    for table, found in said.items():
        columns = SAID[table][0]
        marks = ", ".join("?" * (columns.count(",") + 2))
        connection.executemany(
            f"INSERT INTO {table} (key, {columns}) VALUES ({marks})",
            [(key, *row) for row in found],
        )


def append(
    connection: sqlite3.Connection,
    key: int,
    attempt: int,
    events: Sequence[Event],
    *,
    start: int,
    end: int,
) -> bool:
    """Store what stands between two offsets of an attempt's stream, unless it is there already."""
    if offset(connection, key, attempt, "events") != start:
        return False
    connection.executemany(
        "INSERT INTO events (key, attempt, type, name, body) VALUES (?, ?, ?, ?, ?)",
        [
            (key, attempt, type_of(event), codec.plain(_name(event)), codec.encode(event))
            for event in events
        ],
    )
    last = {codec.plain(event.name): event for event in events if isinstance(event, MetricEvent)}
    connection.executemany(
        "INSERT OR REPLACE INTO last_metrics VALUES (?, ?, ?)",
        [(key, name, codec.encode(event.value)) for name, event in last.items()],
    )
    set_offset(connection, key, attempt, "events", end)
    if events:
        rows.touch(connection, key)
    return True


def offset(connection: sqlite3.Connection, key: int, attempt: int, name: str) -> int:
    """Read how far a stream has been taken; 0 if nothing has."""
    found = connection.execute(
        "SELECT value FROM offsets WHERE key = ? AND attempt = ? AND name = ?",
        (key, attempt, codec.plain(name)),
    ).fetchone()
    return int(found[0]) if found else 0


def set_offset(
    connection: sqlite3.Connection, key: int, attempt: int, name: str, value: int
) -> None:
    """Write how far a stream has been taken."""
    connection.execute(
        "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?, ?)",
        (key, attempt, codec.plain(name), value),
    )


def read(
    connection: sqlite3.Connection,
    key: int,
    *,
    types: Collection[str],
    after: int,
    limit: int,
    attempt: int | None,
) -> list[tuple[int, int, Event]]:
    """Read events in order: sequence, attempt, event."""
    where, values = ["key = ?", "sequence > ?"], [key, after]
    if types:
        where.append(f"type IN ({', '.join('?' * len(types))})")
        values.extend(types)  # type: ignore[arg-type]
    if attempt is not None:
        where.append("attempt = ?")
        values.append(attempt)
    found = connection.execute(
        f"SELECT sequence, attempt, body FROM events WHERE {' AND '.join(where)}"
        " ORDER BY sequence LIMIT ?",
        (*values, limit),
    )
    return [(sequence, of, codec.decode_event(body)) for sequence, of, body in found]


def metrics(
    connection: sqlite3.Connection, key: int, names: Collection[str]
) -> dict[str, list[MetricEvent]]:
    """Read the series of metrics.

    An attempt that repeats steps of the one before it replaces them from its first step on.
    """
    sql = "SELECT attempt, body FROM events WHERE key = ? AND type = 'metric'"
    if names:
        sql += f" AND name IN ({', '.join('?' * len(names))})"
    found = connection.execute(sql + " ORDER BY sequence", (key, *map(codec.plain, names)))
    series: dict[str, list[MetricEvent]] = {}
    seen: dict[str, int] = {}
    for attempt, body in found:
        event = codec.decode_event(body)
        assert isinstance(event, MetricEvent)
        points = series.setdefault(event.name, [])
        step = event.step
        if seen.setdefault(event.name, attempt) != attempt and step is not None:
            points[:] = [point for point in points if point.step is None or point.step < step]
        seen[event.name] = attempt
        points.append(event)
    return series


def last_metrics(
    connection: sqlite3.Connection, run_ids: Iterable[RunId]
) -> dict[RunId, dict[str, float | str]]:
    """Read the last value of every metric of some runs."""
    ids = list(run_ids)
    last: dict[RunId, dict[str, float | str]] = {run_id: {} for run_id in ids}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        found = connection.execute(
            "SELECT runs.id, m.name, m.value FROM last_metrics m JOIN runs ON runs.key = m.key"
            f" WHERE runs.id IN ({marks}) ORDER BY m.key, m.name",
            part,
        )
        for run_id, name, value in found:
            last[run_id][name] = codec.decode(value)
    return last


def type_of(event: Event) -> str:
    """Return the word an event is tagged with."""
    return str(event.__struct_config__.tag)


def _name(event: Event) -> str:
    name = getattr(event, "name", "")
    return name if isinstance(name, str) else ""
