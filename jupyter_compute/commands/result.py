"""What a command answers: plain data for programs, blocks for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ..model import Run


@dataclass(frozen=True)
class Cell:
    """A text of a table.

    Attributes:
        text: The text.
        style: ``good``, ``bad``, ``busy``, ``dim``, ``strong`` or nothing.
    """

    text: str
    style: str = ""


Row = list[Union[Cell, str]]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        is_number: Whether it is aligned to the right.
        gives_way: Whether it is shortened first when the table is too wide.
        is_name: Whether the heading is a name, such as a run's, and is shown as it is.
    """

    title: str
    is_number: bool = False
    gives_way: bool = False
    is_name: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings; ``empty`` is said when there are none."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: str = "nothing"


@dataclass(frozen=True)
class Fields:
    """Names and values, one a line."""

    values: Mapping[str, Cell | str]


@dataclass(frozen=True)
class Text:
    """A paragraph; ``is_code`` keeps it as it stands, and shows a unified diff in colors."""

    text: str
    style: str = ""
    is_code: bool = False


Block = Union[Table, Fields, Text]


@dataclass
class Result:
    """What a command answers.

    Attributes:
        name: The command, which names the shape of ``data``.
        data: The answer as JSON values; the documented, stable shape.
        blocks: The same for people.
        is_json: Whether ``--json`` was given.
        exit_code: What a shell gets.
        run: The run that the answer is about, for front ends that show it live.
        waits_for: The run whose end the caller asked to wait for.
        stream: Bytes to write as they come, before anything else is shown.
        variable: The name given with ``--as``.
    """

    name: str
    data: Any
    blocks: list[Block] = field(default_factory=list)
    is_json: bool = False
    exit_code: int = 0
    run: Run | None = None
    waits_for: Run | None = None
    stream: Iterator[bytes] | None = None
    variable: str = ""
