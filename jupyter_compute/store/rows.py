"""A run as rows: written, changed and read inside a transaction that the caller holds."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from ..errors import ConfigError, NotFoundError
from ..model import CellCommand, NotebookCommand, Run, RunFacts, RunId
from ..options import nearest
from . import codec
from .codec import Body

_NEEDED = tuple(field.name for field in msgspec.structs.fields(Run) if field.required)
_COLUMNS = (
    "id, name, experiment, target, notebook, parent_id, snapshot_id, state, attempt,"
    " created, started, ended, revision"
)
_ASSIGNMENTS = ", ".join(f"{column.strip()} = ?" for column in _COLUMNS.split(","))
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))
_SELECT = """
    SELECT runs.key, runs.revision, records.body, records.environment, records.packages
    FROM runs JOIN records ON records.key = runs.key
"""


class Row(NamedTuple):
    """A run as it is stored."""

    key: int
    revision: int
    body: Body
    environment: Body
    packages: Body

    def run(self) -> Run:
        """Decode it."""
        return codec.decode_run(self.body, self.environment, self.packages, self.revision)


def find(connection: sqlite3.Connection, run_id: str) -> Row | None:
    """Find a run by its id."""
    return next(iter(_rows(connection, "WHERE runs.id = ?", (codec.plain(run_id),))), None)


def get(connection: sqlite3.Connection, run_id: RunId) -> Row:
    """Find a run by its id.

    Raises:
        NotFoundError: There is none.
    """
    row = find(connection, run_id)
    if row is None:
        raise not_found(connection, run_id)
    return row


def key_of(connection: sqlite3.Connection, run_id: RunId) -> int | None:
    """Find a run's key by its id."""
    found = connection.execute("SELECT key FROM runs WHERE id = ?", (codec.plain(run_id),))
    row = found.fetchone()
    return None if row is None else int(row[0])


def known_key(connection: sqlite3.Connection, run_id: RunId) -> int:
    """Find a run's key by its id.

    Raises:
        NotFoundError: There is no such run.
    """
    key = key_of(connection, run_id)
    if key is None:
        raise not_found(connection, run_id)
    return key


def not_found(connection: sqlite3.Connection, wanted: str) -> NotFoundError:
    """Make the error for a run that is not there, with the nearest one in the hint."""
    recent = connection.execute("SELECT id, name FROM runs ORDER BY key DESC LIMIT 500")
    hint = nearest(wanted, [word for row in recent for word in row if word])
    return NotFoundError(
        f"there is no run {wanted!r}",
        hint=hint if hint.startswith("did") else "jupyter compute runs lists them",
    )


def select(connection: sqlite3.Connection, where: str, values: Iterable[Any] = ()) -> list[Run]:
    """Read the runs that a clause names, in its order."""
    return [row.run() for row in _rows(connection, where, tuple(values))]


def by_key(connection: sqlite3.Connection, keys: list[int]) -> list[Run]:
    """Read runs in the order of the keys."""
    found: dict[int, Run] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ", ".join("?" * len(part))
        for row in _rows(connection, f"WHERE runs.key IN ({marks})", part):
            found[row.key] = row.run()
    return [found[key] for key in keys]


def _rows(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[Row]:
    found = connection.execute(_SELECT + where, values).fetchall()
    # A page of runs mostly shares its parts, and a lock file is large: each is read once.
    wanted = sorted({part for row in found for part in row[3:]})
    parts: dict[int, Body] = {}
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        marks = ", ".join("?" * len(some))
        parts.update(connection.execute(f"SELECT id, body FROM parts WHERE id IN ({marks})", some))
    if len(parts) < len(wanted):
        raise sqlite3.DatabaseError("malformed: a part of a run is missing")
    return [
        Row(key, revision, body, parts[environment], parts[packages])
        for key, revision, body, environment, packages in found
    ]


def bump(connection: sqlite3.Connection) -> int:
    """Take the next revision."""
    connection.execute("UPDATE counter SET revision = revision + 1")
    return int(connection.execute("SELECT revision FROM counter").fetchone()[0])


def insert(connection: sqlite3.Connection, run: Run) -> Run:
    """Write a run that is not there yet."""
    revision = bump(connection)
    raw = codec.builtins(run)
    body, environment, packages = _pack(raw)
    cursor = connection.execute(
        f"INSERT INTO runs ({_COLUMNS}) VALUES ({_MARKS})", _projection(run, revision)
    )
    key = cursor.lastrowid
    assert key is not None
    connection.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?)",
        (key, body, _part(connection, environment), _part(connection, packages)),
    )
    connection.execute("INSERT INTO search VALUES (?, ?)", (key, _search_text(run)))
    _write_tags(connection, key, run)
    _write_inputs(connection, key, run)
    _tally(connection, run, 1)
    return codec.decode_run(body, environment, packages, revision)


def change(connection: sqlite3.Connection, row: Row, changes: Mapping[str, Any]) -> Run:
    """Write some fields of a run, and leave what a newer version may have added as it is.

    Raises:
        ConfigError: There is no such field, or a value is of the wrong type.
    """
    unknown = set(changes) - set(Run.__struct_fields__)
    if unknown:
        raise ConfigError(f"a run has no field {sorted(unknown)[0]!r}")
    before = row.run()
    raw = codec.decode(row.body)
    raw["environment"] = codec.decode(row.environment) or codec.builtins(before.environment)
    facts = raw.setdefault("facts", {})
    facts["packages"] = codec.decode(row.packages)
    for name, value in changes.items():
        if name == "facts":
            _merge_facts(facts, value)
        else:
            raw[name] = codec.builtins(value)
    try:
        after = msgspec.convert(raw, Run)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"a run cannot take these values: {exc}") from exc
    msgspec.structs.force_setattr(after, "revision", before.revision)
    if after == before:
        return before
    return _rewrite(connection, row.key, before, after, raw)


def touch(connection: sqlite3.Connection, key: int) -> int:
    """Say that something that belongs to the run has changed."""
    revision = bump(connection)
    connection.execute("UPDATE runs SET revision = ? WHERE key = ?", (revision, key))
    return revision


def remove(connection: sqlite3.Connection, row: Row) -> None:
    """Delete a run and everything that belongs to it."""
    run = row.run()
    _tally(connection, run, -1)
    connection.execute("DELETE FROM runs WHERE key = ?", (row.key,))
    connection.execute("INSERT INTO deleted VALUES (?, ?)", (bump(connection), run.id))


def recount(connection: sqlite3.Connection) -> None:
    """Derive anew what is derived from the runs."""
    connection.execute("DELETE FROM tallies")
    connection.execute(
        "INSERT INTO tallies SELECT target, state, count(*) FROM runs GROUP BY target, state"
    )
    connection.execute(
        "DELETE FROM parts WHERE id NOT IN"
        " (SELECT environment FROM records UNION SELECT packages FROM records)"
    )


def _rewrite(
    connection: sqlite3.Connection, key: int, before: Run, after: Run, raw: dict[str, Any]
) -> Run:
    revision = bump(connection)
    body, environment, packages = _pack(raw)
    connection.execute(
        f"UPDATE runs SET {_ASSIGNMENTS} WHERE key = ?", (*_projection(after, revision), key)
    )
    connection.execute(
        "UPDATE records SET body = ?, environment = ?, packages = ? WHERE key = ?",
        (body, _part(connection, environment), _part(connection, packages), key),
    )
    text = _search_text(after)
    if text != _search_text(before):
        connection.execute("UPDATE search SET text = ? WHERE key = ?", (text, key))
    if after.tags != before.tags:
        _write_tags(connection, key, after)
    if after.inputs != before.inputs:
        _write_inputs(connection, key, after)
    if (after.target, after.state) != (before.target, before.state):
        _tally(connection, before, -1)
        _tally(connection, after, 1)
    return codec.decode_run(body, environment, packages, revision)


def _pack(raw: dict[str, Any]) -> tuple[Body, Body, Body]:
    raw = dict(raw)
    facts = dict(raw.get("facts") or {})
    environment = codec.encode(raw.pop("environment"))
    packages = codec.encode(facts.pop("packages", {}))
    raw.pop("revision", None)
    raw["facts"] = codec.shed(facts)
    # What has no default must be there to be read back, though it be empty.
    needed = {name: raw.get(name, "") for name in _NEEDED}
    return codec.encode({**codec.shed(raw), **needed}), environment, packages


def _projection(run: Run, revision: int) -> tuple[Any, ...]:
    plain = codec.plain
    return (
        plain(run.id),
        plain(run.name),
        plain(run.experiment),
        plain(run.target),
        plain(_notebook(run)),
        plain(run.parent_id or ""),
        plain(run.snapshot_id),
        codec.STATES.index(run.state),
        run.attempt,
        run.created,
        math.inf if run.started is None else run.started,
        math.inf if run.ended is None else run.ended,
        revision,
    )


def _notebook(run: Run) -> str:
    if isinstance(run.command, CellCommand):
        return run.command.notebook
    return run.command.path if isinstance(run.command, NotebookCommand) else ""


def _search_text(run: Run) -> str:
    tags = (f"{name}={value}" for name, value in run.tags.items())
    words = (run.id, run.name, run.experiment, *tags, run.error)
    return codec.plain("\n".join(words)).casefold()


def _part(connection: sqlite3.Connection, body: Body) -> int:
    digest = hashlib.sha256(body.encode() if isinstance(body, str) else body).digest()[:16]
    found = connection.execute("SELECT id FROM parts WHERE digest = ?", (digest,)).fetchone()
    if found:
        return int(found[0])
    cursor = connection.execute("INSERT INTO parts (digest, body) VALUES (?, ?)", (digest, body))
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _write_tags(connection: sqlite3.Connection, key: int, run: Run) -> None:
    connection.execute("DELETE FROM tags WHERE key = ?", (key,))
    connection.executemany(
        "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)",
        [(key, codec.plain(name), codec.plain(value)) for name, value in run.tags.items()],
    )


def _write_inputs(connection: sqlite3.Connection, key: int, run: Run) -> None:
    connection.execute("DELETE FROM inputs WHERE key = ?", (key,))
    connection.executemany(
        "INSERT OR IGNORE INTO inputs VALUES (?, ?)", [(key, file.digest) for file in run.inputs]
    )


def _tally(connection: sqlite3.Connection, run: Run, step: int) -> None:
    connection.execute(
        "INSERT INTO tallies VALUES (?, ?, ?)"
        " ON CONFLICT (target, state) DO UPDATE SET runs = runs + excluded.runs",
        (codec.plain(run.target), codec.STATES.index(run.state), step),
    )


def _merge_facts(facts: dict[str, Any], more: RunFacts | Mapping[str, Any]) -> None:
    given = codec.shed(codec.builtins(more))
    phases = {**facts.get("phases", {}), **given.get("phases", {})}
    facts.update(given)
    if phases:
        facts["phases"] = phases
