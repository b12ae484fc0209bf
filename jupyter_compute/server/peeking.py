"""The beginning of a file, as people want to see it. Blocks on the disk: for threads."""

from __future__ import annotations

import codecs
import csv
import io
import json
import mimetypes
from typing import Any, BinaryIO

from .answers import Peek

_TEXT_BYTES = 1 << 18
_NOTEBOOK_BYTES = 16 << 20
_ROWS = 200
_TABLES = {".csv": ",", ".tsv": "\t"}


def peek(path: str, size: int, file: BinaryIO) -> Peek:
    """Look at a file, and close it."""
    with file:
        mime = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if mime.startswith("image/"):
            return Peek(path=path, size=size, kind="image", mime=mime)
        if path.endswith(".ipynb") and size <= _NOTEBOOK_BYTES:
            data = file.read()
            notebook = _notebook(data)
            if notebook is not None:
                return Peek(path=path, size=size, kind="notebook", mime=mime, notebook=notebook)
        else:
            data = _read(file, _TEXT_BYTES)
    is_whole = size <= _TEXT_BYTES
    text = _text(data[:_TEXT_BYTES], is_whole)
    if text is None:
        return Peek(path=path, size=size, kind="binary", mime=mime, is_whole=not size)
    delimiter = _TABLES.get(path[-4:].lower())
    if delimiter:
        rows, are_all = _rows(text, delimiter, is_whole)
        if rows:
            return Peek(path=path, size=size, kind="table", mime=mime, rows=rows, is_whole=are_all)
    return Peek(path=path, size=size, kind="text", mime=mime, text=text, is_whole=is_whole)


def _read(file: BinaryIO, limit: int) -> bytes:
    pieces, left = [], limit
    while left and (piece := file.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _text(data: bytes, is_whole: bool) -> str | None:
    if b"\0" in data:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        # Where the text is cut, its last character may be cut in two.
        return decoder.decode(data, final=is_whole)
    except UnicodeDecodeError:
        return None


def _rows(text: str, delimiter: str, is_whole: bool) -> tuple[list[list[str]], bool]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if len(rows) == _ROWS:
                return rows, False
            rows.append(row)
    except csv.Error:
        return [], False
    return (rows, True) if is_whole else (rows[:-1], False)


def _notebook(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(found, dict) and isinstance(found.get("cells"), list)
    return found if is_one else None
