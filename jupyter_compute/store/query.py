"""Lists of runs: filters, sorts and cursors as SQL that stays fast with 100,000 runs."""

from __future__ import annotations

import base64
import json
import sqlite3
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..model import RunFilter, RunPage
from ..options import nearest
from . import codec, rows

SORTS = ("created", "started", "ended", "name", "state", "target", "experiment")

# With fewer hits than this the hits are listed and sorted; with more, walking the runs in the
# wanted order meets a page's worth of hits soon.
_FEW = 2000
_LONGEST_PAGE = 1000


class _Sort(NamedTuple):
    """An order that an index has: equal names, states… stand by time, and equal times by key."""

    columns: tuple[str, ...]
    direction: str

    @property
    def order(self) -> str:
        return ", ".join(f"{column} {self.direction}" for column in self.columns)

    @property
    def backwards(self) -> _Sort:
        return _Sort(self.columns, "ASC" if self.direction == "DESC" else "DESC")

    @property
    def after(self) -> str:
        marks = ", ".join("?" * len(self.columns))
        return f"({', '.join(self.columns)}) {'<' if self.direction == 'DESC' else '>'} ({marks})"


class _Where:
    """Conditions and their values."""

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.values: list[Any] = []

    def add(self, term: str, *values: Any) -> None:
        self.terms.append(term)
        self.values.extend(values)


def page(connection: sqlite3.Connection, wanted: RunFilter) -> RunPage:
    """Read one page of runs, the cursor to the next, and how many match in all.

    Raises:
        ConfigError: The sort, the cursor or the limit makes no sense.
    """
    sort = _read_sort(wanted.sort)
    if not 1 <= wanted.limit <= _LONGEST_PAGE:
        raise ConfigError(
            f"a page of {wanted.limit} runs is not possible", hint=f"1 to {_LONGEST_PAGE}"
        )
    if wanted.cursor and wanted.offset:
        raise ConfigError(
            f"a page begins at a cursor or at the offset {wanted.offset}, not at both",
            hint="leave one of them out",
        )
    if wanted.offset < 0:
        raise ConfigError(f"a list has no run {wanted.offset}", hint="an offset from 0 on")
    where = _conditions(connection, wanted)
    total = _total(connection, wanted, where)
    if wanted.cursor:
        where.add(sort.after, *_read_cursor(wanted, sort))
    found = _stretch(connection, wanted, where, sort, total)
    here = found[: wanted.limit]
    cursor = ""
    if len(found) > wanted.limit:
        cursor = _write_cursor(wanted.sort, here[-1])
    return RunPage(
        runs=tuple(rows.by_key(connection, [place[-1] for place in here])),
        cursor=cursor,
        total=total,
    )


def _conditions(connection: sqlite3.Connection, wanted: RunFilter) -> _Where:
    where = _Where()
    if wanted.target:
        where.add("target = ?", codec.plain(wanted.target))
    if wanted.experiment:
        name = codec.plain(wanted.experiment)
        # The index ignores case, the question does not.
        where.add("experiment = ? AND experiment = ? COLLATE BINARY", name, name)
    if wanted.notebook:
        where.add("notebook = ? AND notebook != ''", codec.plain(wanted.notebook))
    if wanted.parent_id:
        where.add("parent_id = ? AND parent_id != ''", codec.plain(wanted.parent_id))
    for name, value in wanted.tags.items():
        where.add(
            "key IN (SELECT key FROM tags WHERE name = ? AND value = ?)",
            codec.plain(name),
            codec.plain(value),
        )
    if wanted.text.strip():
        _add_text(connection, where, codec.plain(wanted.text.strip()).casefold())
    return where


def _add_text(connection: sqlite3.Connection, where: _Where, text: str) -> None:
    hits = connection.execute(
        "SELECT key FROM search WHERE instr(text, ?) LIMIT ?", (text, _FEW)
    ).fetchall()
    if len(hits) < _FEW:
        where.add(f"key IN ({', '.join(str(key) for (key,) in hits)})")
    else:
        where.add("(SELECT instr(text, ?) FROM search WHERE search.key = runs.key)", text)


def _total(connection: sqlite3.Connection, wanted: RunFilter, where: _Where) -> int:
    states = _states(wanted)
    only_text = wanted.text.strip() and len(where.terms) == 1 and not states
    if only_text and where.values:
        sql, values = "SELECT count(*) FROM search WHERE instr(text, ?)", where.values
    elif not where.terms or where.terms == ["target = ?"]:
        terms = [*where.terms, *([_in_states(states)] if states else [])]
        sql = "SELECT sum(runs) FROM tallies" + (f" WHERE {' AND '.join(terms)}" if terms else "")
        values = where.values
    else:
        terms = [*where.terms, *([_in_states(states)] if states else [])]
        sql, values = f"SELECT count(*) FROM runs WHERE {' AND '.join(terms)}", where.values
    return int(connection.execute(sql, values).fetchone()[0] or 0)


def _stretch(
    connection: sqlite3.Connection, wanted: RunFilter, where: _Where, sort: _Sort, total: int
) -> list[tuple[Any, ...]]:
    """Read a page's places in the list and the one behind it, from the end that is nearer."""
    count = wanted.limit + 1
    if not wanted.offset:
        return _keys(connection, wanted, where, sort, count)
    count = min(count, total - wanted.offset)
    if count <= 0:
        return []
    from_end = total - wanted.offset - count
    if wanted.offset <= from_end:
        return _keys(connection, wanted, where, sort, count, wanted.offset)
    return _keys(connection, wanted, where, sort.backwards, count, from_end)[::-1]


def _keys(
    connection: sqlite3.Connection,
    wanted: RunFilter,
    where: _Where,
    sort: _Sort,
    count: int,
    offset: int = 0,
) -> list[tuple[Any, ...]]:
    states = _states(wanted)
    # One ordered walk a state and a merge, instead of sorting every run of these states.
    groups = [[state] for state in states] if sort.columns[0] == "created" else [states]
    selects, values = [], []
    for group in groups or [[]]:
        terms = [*where.terms, *([_in_states(group)] if group else [])]
        selects.append(
            f"SELECT {', '.join(sort.columns)} FROM runs"
            + (f" WHERE {' AND '.join(terms)}" if terms else "")
            + f" ORDER BY {sort.order}"
        )
        values.extend(where.values)
    if len(selects) == 1:
        sql = f"{selects[0]} LIMIT {count} OFFSET {offset}"
        return connection.execute(sql, values).fetchall()
    parts = [f"SELECT * FROM ({select} LIMIT {count + offset})" for select in selects]
    sql = f"{' UNION ALL '.join(parts)} ORDER BY {sort.order} LIMIT {count} OFFSET {offset}"
    return connection.execute(sql, values).fetchall()


def _states(wanted: RunFilter) -> list[int]:
    return sorted({codec.STATES.index(state) for state in wanted.states})


def _in_states(states: list[int]) -> str:
    if len(states) == 1:
        return f"state = {states[0]}"
    return f"state IN ({', '.join(map(str, states))})"


def _read_sort(text: str) -> _Sort:
    name = text.removeprefix("-")
    if name not in SORTS:
        raise ConfigError(f"runs cannot be sorted by {text!r}", hint=nearest(name, SORTS))
    by_time = name in ("created", "started", "ended")
    columns = (name, "key") if by_time else (name, "created", "key")
    return _Sort(columns, "DESC" if text.startswith("-") else "ASC")


def _write_cursor(sort: str, place: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, *place]).encode()).decode().rstrip("=")


def _read_cursor(wanted: RunFilter, sort: _Sort) -> list[Any]:
    cursor = wanted.cursor
    try:
        of, *place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        is_ours = of == wanted.sort and len(place) == len(sort.columns)
        is_ours = is_ours and all(isinstance(value, str | int | float) for value in place)
        is_ours = is_ours and not any(
            isinstance(value, int) and abs(value) >= 1 << 62 for value in place
        )
    except (ValueError, TypeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise ConfigError("the cursor is not one of this list", hint="start again without a cursor")
    return list(place)
