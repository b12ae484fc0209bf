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
    column: str
    direction: str

    @property
    def order(self) -> str:
        return f"{self.column} {self.direction}, key {self.direction}"


class _Where:
    """Conditions and their values."""

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.values: list[Any] = []

    def add(self, term: str, *values: Any) -> None:
        self.terms.append(term)
        self.values.extend(values)

    @property
    def sql(self) -> str:
        return f"WHERE {' AND '.join(self.terms)}" if self.terms else ""


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
    after = _read_cursor(wanted.cursor, wanted.sort) if wanted.cursor else None
    where = _conditions(connection, wanted)
    total = _total(connection, wanted, where)
    found = _keys(connection, wanted, where, sort, after)
    here = found[: wanted.limit]
    cursor = ""
    if len(found) > wanted.limit:
        cursor = _write_cursor(wanted.sort, here[-1][1], here[-1][0])
    return RunPage(
        runs=tuple(rows.by_key(connection, [key for key, _ in here])), cursor=cursor, total=total
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


def _keys(
    connection: sqlite3.Connection,
    wanted: RunFilter,
    where: _Where,
    sort: _Sort,
    after: tuple[Any, int] | None,
) -> list[tuple[int, Any]]:
    if after:
        sign = "<" if sort.direction == "DESC" else ">"
        where.add(f"({sort.column}, key) {sign} (?, ?)", *after)
    limit = wanted.limit + 1
    states = _states(wanted)
    # One ordered walk a state and a merge, instead of sorting every run of these states.
    groups = [[state] for state in states] if sort.column == "created" else [states]
    selects, values = [], []
    for group in groups or [[]]:
        terms = [*where.terms, *([_in_states(group)] if group else [])]
        selects.append(
            f"SELECT * FROM (SELECT key, {sort.column} FROM runs"
            + (f" WHERE {' AND '.join(terms)}" if terms else "")
            + f" ORDER BY {sort.order} LIMIT {limit})"
        )
        values.extend(where.values)
    sql = " UNION ALL ".join(selects)
    if len(selects) > 1:
        sql += f" ORDER BY {sort.order} LIMIT {limit}"
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
    return _Sort(name, "DESC" if text.startswith("-") else "ASC")


def _write_cursor(sort: str, value: Any, key: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, key]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        of, value, key = json.loads(text)
        is_ours = of == sort and isinstance(key, int) and isinstance(value, (str, int, float))
    except (ValueError, TypeError):
        is_ours = False
    if not is_ours:
        raise ConfigError("the cursor is not one of this list", hint="start again without a cursor")
    return value, key
