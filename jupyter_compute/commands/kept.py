"""The command about answers that are kept."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..errors import ConfigError
from ..kept import KEYRING
from .grammar import Line
from .grammar import answers as takes_line
from .result import Cell, Column, Result, Row, Table, Text


@click.option("--forget", "names", multiple=True, metavar="NAME", help="Forget this one.")
@click.option("--forget-all", is_flag=True, help="Forget them all.")
@takes_line
def answers(line: Line, names: Sequence[str], forget_all: bool) -> Result:
    """List the answers that are kept for what targets ask, or forget them; never show them."""
    if names and forget_all:
        raise ConfigError("--forget and --forget-all exclude each other")
    if names or forget_all:
        gone = line.client.forget_answers(*names)
        words = [Text(f"{name}: forgotten") for name in gone] or [Text("no answers are kept")]
        return line.result("answers", {"forgotten": gone}, *words)
    kept = line.client.kept_answers()
    rows: list[Row] = [
        [
            Cell(one.name, "strong"),
            one.target,
            "system keyring" if one.place == KEYRING else one.place,
        ]
        for one in kept
    ]
    data = {"answers": [{"name": one.name, "target": one.target, "in": one.place} for one in kept]}
    columns = [Column("answer"), Column("target"), Column("in", gives_way=True)]
    return line.result("answers", data, Table(columns, rows, empty="no answers are kept"))
