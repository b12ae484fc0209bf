from __future__ import annotations

import json
import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.commands import Result, render_html, render_json, render_text, visible
from jupyter_compute.commands.result import Cell, Column, Fields, Table, Text

ANY_TEXT = st.text(st.characters(), max_size=30)
COLUMNS = [Column("run"), Column("name", gives_way=True), Column("size", is_number=True)]
ROWS = st.lists(st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT).map(list), max_size=5)


def cells(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(bool(unicodedata.combining(char)) for char in text)


@settings(deadline=None, max_examples=200)
@given(ROWS, st.integers(30, 120))
def test_a_table_is_never_wider_than_the_terminal(rows: list[list[str]], width: int) -> None:
    text = render_text(Result("x", None, [Table(COLUMNS, rows)]), width=width)
    assert all(cells(line) <= width for line in text.split("\n"))


@settings(deadline=None, max_examples=200)
@given(ROWS)
def test_no_text_moves_the_cursor_or_breaks_a_row(rows: list[list[str]]) -> None:
    blocks = [Table(COLUMNS, rows), Fields({"name": rows[0][0] if rows else ""})]
    text = render_text(Result("x", None, list(blocks)), color=False)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.encode("utf-8")
    assert len(text.split("\n")) == (len(rows) + 2 if rows else 2)


@settings(deadline=None, max_examples=200)
@given(ROWS)
def test_html_holds_no_tag_of_a_users_text(rows: list[list[str]]) -> None:
    blocks = [Table(COLUMNS, [["<script>", "'\"", "&"], *rows]), Text("<b>")]
    page = render_html(Result("x", None, list(blocks)))
    tags = set(re.findall(r"<\s*/?\s*(\w+)", page))
    assert tags <= {"table", "thead", "tbody", "tr", "th", "td", "div"}
    assert page.encode("utf-8")


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_json_carries_any_name_there_and_back(name: str) -> None:
    assert json.loads(render_json(Result("x", {"path": name}))) == {"path": name}


def test_bytes_that_are_no_text_are_shown_as_bytes() -> None:
    assert visible(b"a\xff\n".decode("utf-8", "surrogateescape")) == r"a\xff\n"


def test_colors_come_only_when_asked_for() -> None:
    result = Result("x", None, [Text("fine", style="good")])
    assert render_text(result) == "fine"
    assert render_text(result, color=True) == "\x1b[32mfine\x1b[0m"


def test_columns_are_aligned_whatever_their_colors() -> None:
    table = Table(COLUMNS, [[Cell("a", "good"), "first", "1"], ["bbb", "2", "100"]])
    plain = render_text(Result("x", None, [table]))
    assert plain.split("\n") == ["RUN  NAME   SIZE", "a    first     1", "bbb  2       100"]
    painted = render_text(Result("x", None, [table]), color=True)
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain
