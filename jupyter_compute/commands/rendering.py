"""Results as text, as HTML and as JSON."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Sequence

from .result import Block, Cell, Column, Fields, Result, Table, Text

_COLORS = {"good": "32", "bad": "31", "busy": "36", "dim": "2", "strong": "1"}
_CSS = {
    "good": "color:var(--jp-success-color1,#2e7d32)",
    "bad": "color:var(--jp-error-color1,#d32f2f)",
    "busy": "color:var(--jp-info-color1,#0277bd)",
    "dim": "opacity:0.65",
    "strong": "font-weight:bold",
}
_LEAST = 6


def render_json(result: Result) -> str:
    """Return the data as JSON in ASCII; bytes that are no UTF-8 stand as lone surrogates."""
    return json.dumps(result.data, indent=2)


def render_text(result: Result, *, width: int | None = None, color: bool = False) -> str:
    """Return the blocks for a terminal.

    Args:
        result: What a command answered.
        width: Columns of the terminal; ``None`` shortens nothing.
        color: Whether escape sequences may color it.
    """
    return "\n".join(_text(block, width, color) for block in result.blocks)


def render_html(result: Result) -> str:
    """Return the blocks as HTML without scripts; every text is escaped."""
    return "\n".join(_html(block) for block in result.blocks)


def visible(text: str) -> str:
    r"""Return a text in which nothing moves the cursor: ``a\nb`` for a line break in a name."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


# -- text ----------------------------------------------------------------------------------------


def _text(block: Block, width: int | None, color: bool) -> str:
    if isinstance(block, Table):
        return _table(block, width, color)
    if isinstance(block, Fields):
        return _fields(block, width, color)
    lines = [
        "".join(char if char in "\t" or char.isprintable() else _escaped(char) for char in line)
        for line in block.text.split("\n")
    ]
    return "\n".join(_paint(line, block.style or _diff_style(block, line), color) for line in lines)


def _diff_style(block: Text, line: str) -> str:
    if not block.is_code:
        return ""
    if line.startswith(("+++", "---")):
        return "strong"
    return {"+": "good", "-": "bad", "@": "busy"}.get(line[:1], "")


def _table(table: Table, width: int | None, color: bool) -> str:
    if not table.rows:
        return _paint(table.empty, "dim", color)
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    widths = _widths(table.columns, rows, width)
    head = [
        Cell(column.title if column.is_name else column.title.upper(), "dim")
        for column in table.columns
    ]
    return "\n".join(_line(table.columns, row, widths, color) for row in [head, *rows])


def _line(
    columns: Sequence[Column], row: Sequence[Cell], widths: Sequence[int], color: bool
) -> str:
    parts = []
    for place, (column, cell, width) in enumerate(zip(columns, row, widths, strict=True)):
        text = _shortened(cell.text, width)
        space = " " * (width - _cells(text))
        is_last = place == len(columns) - 1
        painted = _paint(text, cell.style, color)
        parts.append(space + painted if column.is_number else painted + ("" if is_last else space))
    return "  ".join(parts).rstrip()


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int | None
) -> list[int]:
    widths = [
        max(_cells(column.title), *(_cells(row[place].text) for row in rows))
        for place, column in enumerate(columns)
    ]
    if width is None:
        return widths
    for giving in (True, False):
        while sum(widths) + 2 * (len(widths) - 1) > width:
            places = [
                place
                for place, column in enumerate(columns)
                if (column.gives_way or not giving) and widths[place] > _LEAST
            ]
            if not places:
                break
            widest = max(places, key=lambda place: widths[place])
            widths[widest] -= 1
    return widths


def _fields(fields: Fields, width: int | None, color: bool) -> str:
    if not fields.values:
        return ""
    left = max(_cells(visible(name)) for name in fields.values)
    lines = []
    for name, value in fields.values.items():
        cell = _cell(value)
        text = cell.text if width is None else _shortened(cell.text, max(width - left - 2, 20))
        space = " " * (left - _cells(visible(name)) + 2)
        lines.append(_paint(visible(name), "dim", color) + space + _paint(text, cell.style, color))
    return "\n".join(line.rstrip() for line in lines)


def _cell(cell: Cell | str) -> Cell:
    text, style = (cell, "") if isinstance(cell, str) else (cell.text, cell.style)
    return Cell(visible(text), style)


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(_char_cells(char) for char in text)


def _char_cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _shortened(text: str, width: int) -> str:
    if _cells(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _char_cells(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + "…"


def _paint(text: str, style: str, color: bool) -> str:
    if not color or style not in _COLORS or not text:
        return text
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m"


# -- HTML ----------------------------------------------------------------------------------------


def _html(block: Block) -> str:
    if isinstance(block, Table):
        return _html_table(block)
    if isinstance(block, Fields):
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(visible(name))}</th>"
            f"{_html_cell(value, 'left')}</tr>"
            for name, value in block.values.items()
        )
        return f"<table class='jp-compute-fields'>{rows}</table>"
    text = html.escape("\n".join(visible(line) for line in block.text.split("\n")))
    if block.is_code:
        return f"<pre>{text}</pre>"
    return f"<div style='{_CSS.get(block.style, '')};white-space:pre-wrap'>{text}</div>"


def _html_table(table: Table) -> str:
    if not table.rows:
        return f"<div style='{_CSS['dim']}'>{html.escape(table.empty)}</div>"
    sides = ["right" if column.is_number else "left" for column in table.columns]
    head = "".join(
        f"<th style='text-align:{side}'>{html.escape(column.title)}</th>"
        for column, side in zip(table.columns, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(_html_cell(cell, side) for cell, side in zip(row, sides, strict=True))
        + "</tr>"
        for row in table.rows
    )
    return (
        f"<table class='jp-compute-table'><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _html_cell(cell: Cell | str, side: str) -> str:
    shown = _cell(cell)
    return (
        f"<td style='text-align:{side};{_CSS.get(shown.style, '')}'>{html.escape(shown.text)}</td>"
    )
