"""The last run of each cell of a notebook."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from ..model import Run
from . import codec, rows

# Of a notebook with more runs than this, those that came before are not looked at.
_MOST = 20_000


class _Cell(Struct):
    cell_id: str = ""
    notebook: str = ""


class _Place(Struct):
    """The little of a run that says which cell of which notebook it is: the rest stays packed."""

    command: _Cell
    source: str = ""


_PLACE = msgspec.msgpack.Decoder(_Place)


def last_of_cells(connection: sqlite3.Connection, notebook: str) -> dict[str, Run]:
    """Return the last run of each cell, by the cell's id.

    Args:
        connection: Of the store.
        notebook: The notebook's absolute path. A run names it relative to its own source, which
            is the notebook's folder, one above, or any other.
    """
    wanted = {os.path.normpath(notebook), os.path.realpath(notebook)}

    @cache
    def is_meant(source: str, name: str) -> bool:
        path = os.path.normpath(os.path.join(source, name))
        return path in wanted or os.path.realpath(path) in wanted

    found: dict[str, int] = {}
    for key, place in _places(connection, wanted):
        cell = place.command
        if cell.cell_id and cell.cell_id not in found and is_meant(place.source, cell.notebook):
            found[cell.cell_id] = key
    runs = rows.by_key(connection, list(found.values()))
    return dict(zip(found, runs, strict=True))


def _places(connection: sqlite3.Connection, paths: set[str]) -> Iterator[tuple[int, _Place]]:
    names = sorted({name for path in paths for name in _names(path)})
    marks = ", ".join("?" * len(names))
    # A source beside the notebook's folder names it by a way that leads up first.
    sql = f"""
        SELECT runs.key, records.body FROM runs JOIN records ON records.key = runs.key
        WHERE notebook != '' AND (notebook IN ({marks}) OR notebook >= '../' AND notebook < '..0')
        ORDER BY runs.created DESC, runs.key DESC LIMIT {_MOST}
    """
    for key, body in connection.execute(sql, names):
        try:
            yield key, _place(body)
        except msgspec.MsgspecError:
            continue  # a newer version wrote it


def _place(body: codec.Body) -> _Place:
    if isinstance(body, bytes):
        return _PLACE.decode(body)
    raw: Any = codec.decode(body)
    return msgspec.convert(raw, _Place)


def _names(path: str) -> Iterator[str]:
    """Go through the names that sources above a path have for it."""
    parts = Path(path).parts[1:]
    for start in range(len(parts)):
        yield codec.plain(os.path.join(*parts[start:]))
    yield codec.plain(path)
