"""Looking after a database file: is it sound, set it aside, save what can be read."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ComputeError, StoreError
from ..model import Run
from . import rows
from .database import refuse_foreign
from .events import SAID

if TYPE_CHECKING:
    from .store import Store

_BESIDE = ("-wal", "-shm", "-journal")


def integrity(path: Path) -> list[str]:
    """Look for damage in a database file; a line for each, none if it is sound or not there.

    Reads the whole file once, changes nothing, and may run while others use it.
    """
    if not path.exists():
        return []
    try:
        refuse_foreign(path)
        with closing(_read_only(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
            found += [
                f"a row of {table} belongs to nothing"
                for table, *_ in connection.execute("PRAGMA foreign_key_check").fetchmany(20)
            ]
            if found == ["ok"]:
                found += _miscounted(connection)
    except sqlite3.Error as exc:
        return [str(exc)]
    except StoreError as exc:
        return [exc.message]
    return [line for line in found if line != "ok"]


def set_aside(path: Path) -> Path | None:
    """Rename a damaged database with what belongs to it, so that a new one can be made.

    Only while nobody has it open. Returns the new name, or ``None`` if there was no database.

    Raises:
        StoreError: It cannot be renamed.
    """
    if not path.exists():
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    try:
        os.rename(path, aside)
        for ending in _BESIDE:
            beside = path.with_name(path.name + ending)
            if beside.exists():
                os.rename(beside, aside.with_name(aside.name + ending))
    except OSError as exc:
        raise StoreError(
            f"the store {str(path)!r} cannot be set aside: {exc.strerror or exc}",
            hint="look at the folder and its permissions",
        ) from exc
    return aside


def salvage(damaged: Path, store: Store) -> int:
    """Copy every run that can still be read from a damaged database; returns how many were new.

    What a run said (events, metrics, offsets) comes along if all of it can be read. Otherwise
    none of it does, so that it is read again from its target.
    """
    found: dict[str, tuple[Run, int]] = {}
    saved = 0
    try:
        with closing(_read_only(damaged)) as connection:
            for (key,) in _walk(connection):
                try:
                    for run in rows.select(connection, "WHERE runs.key = ?", (key,)):
                        found[run.id] = run, key
                except (sqlite3.Error, ComputeError):
                    continue
            for run, key in sorted(found.values(), key=lambda pair: (pair[0].created, pair[1])):
                saved += store.restore(run, said=_said(connection, key))
    except sqlite3.Error:
        pass  # what was read until here is what there is
    return saved


def _said(connection: sqlite3.Connection, key: int) -> dict[str, list[tuple[Any, ...]]]:
    try:
        return {
            table: connection.execute(
                f"SELECT {columns} FROM {table} WHERE key = ? ORDER BY {order}", (key,)
            ).fetchall()
            for table, (columns, order) in SAID.items()
        }
    except sqlite3.Error:
        return {}


def _walk(connection: sqlite3.Connection) -> list[tuple[int]]:
    # The biggest key may sit on a damaged page, so each direction is tried as far as it goes.
    found: dict[int, None] = {}
    for order in ("ASC", "DESC"):
        try:
            for (key,) in connection.execute(f"SELECT key FROM records ORDER BY key {order}"):
                if key in found:
                    break
                found[key] = None
        except sqlite3.Error:
            continue
    return [(key,) for key in sorted(found)]


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10)


def _miscounted(connection: sqlite3.Connection) -> list[str]:
    counted = connection.execute(
        "SELECT target, state, count(*) FROM runs GROUP BY target, state"
    ).fetchall()
    noted = connection.execute("SELECT target, state, runs FROM tallies WHERE runs").fetchall()
    return [] if sorted(counted) == sorted(noted) else ["the runs are counted wrongly"]
