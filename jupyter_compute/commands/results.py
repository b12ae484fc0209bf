"""Commands about what runs leave: logs, files, metrics, differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from ..errors import ConfigError, NotFoundError
from ..model import MetricEvent, OutputFile, Run
from ..options import nearest
from . import wording
from .grammar import Line, answers
from .rendering import visible
from .result import Cell, Column, Result, Row, Table, Text
from .runs import one_run, pick

_TAIL_BLOCK = 1 << 16


@one_run
@click.option("--follow", "-f", is_flag=True, help="Go on until the run is over.")
@click.option("--tail", type=click.IntRange(0), metavar="LINES", help="Only the last lines.")
@click.option("--offset", type=int, default=0, metavar="BYTES", help="Begin here.")
@click.option("--file", "name", default="log", metavar="PATH", help="A file under logs/.")
@click.option("--attempt", type=click.IntRange(1), help="An earlier attempt's.")
@answers
def logs(
    line: Line,
    run_id: str | None,
    is_last: bool,
    follow: bool,
    tail: int | None,
    offset: int,
    name: str,
    attempt: int | None,
) -> Result:
    """Print what a run has printed: stdout and stderr in order."""
    client = line.client
    run = pick(line, run_id, is_last)
    if follow and line.is_json:
        raise ConfigError("--follow and --json exclude each other", hint="poll with --offset")
    if follow and attempt not in (None, run.attempt):
        raise ConfigError(f"attempt {attempt} is over", hint="leave out --follow")
    if tail is not None:
        offset = _tail_offset(line, run, name, attempt, tail)
    if follow:
        attend = line.place.attendant(run.target).attend
        stream = client.follow(run.id, offset, name=name, meanwhile=attend)
        return line.result("logs", None, stream=stream)
    bytes_ = client.log(run.id, offset, name=name, attempt=attempt)
    if offset < 0:
        offset = max(0, client.log_size(run.id, name=name, attempt=attempt) + offset)
    data = {
        "id": run.id,
        "name": name,
        "attempt": attempt or run.attempt,
        "offset": offset,
        "next_offset": offset + len(bytes_),
        "text": bytes_.decode("utf-8", "surrogateescape"),
        "files": client.log_names(run.id),
        "is_final": run.is_final,
    }
    return line.result("logs", data, stream=iter([bytes_]))


def _tail_offset(line: Line, run: Run, name: str, attempt: int | None, lines: int) -> int:
    """Find where the last lines begin, reading from the end."""
    client = line.client
    end = client.log_size(run.id, name=name, attempt=attempt)
    last = client.log(run.id, max(0, end - 1), 1, name=name, attempt=attempt)
    needed, at = lines + (last == b"\n"), end
    while at > 0 and needed > 0:
        begin = max(0, at - _TAIL_BLOCK)
        block = client.log(run.id, begin, at - begin, name=name, attempt=attempt)
        while needed > 0 and block:
            found = block.rfind(b"\n")
            if found < 0:
                break
            needed -= 1
            if needed == 0:
                return begin + found + 1
            block = block[:found]
        at = begin
    return 0 if lines else end


@one_run
@click.argument("paths", nargs=-1)
@click.option("--download", "folder", metavar="FOLDER", help="Copy the files into this folder.")
@answers
def outputs(
    line: Line, run_id: str | None, is_last: bool, paths: Sequence[str], folder: str | None
) -> Result:
    """List the files that a run left, or copy them; PATHS are files or folders under outputs/."""
    if is_last and run_id is not None:
        paths, run_id = (run_id, *paths), None
    run = pick(line, run_id, is_last)
    left = line.client.outputs(run.id)
    if paths:
        chosen = {path: _below(path.rstrip("/"), left) for path in paths}
        for path, found in chosen.items():
            if not found and run.is_final:
                raise NotFoundError(
                    f"{run.id} left no file {path!r}",
                    hint=nearest(path, [one.path for one in left]) or "it left no files",
                )
        left = [one for one in left if any(one in found for found in chosen.values())]
    copies: list[Path] = []
    if folder is not None:
        copies = line.client.download(run.id, paths, line.place.source / folder)
    data = {
        "id": run.id,
        "outputs": msgspec.to_builtins(left),
        "downloaded": [str(path) for path in copies],
    }
    rows: list[Row] = [
        [one.path, wording.size(one.size), "" if one.is_here else Cell("not here", "dim")]
        for one in left
    ]
    columns = [Column("file", gives_way=True), Column("size", is_number=True), Column("")]
    blocks: list[Any] = [Table(columns, rows, empty=f"{run.id} left no files")]
    if folder is not None:
        noun = "file" if len(copies) == 1 else "files"
        blocks.append(Text(f"{len(copies)} {noun} copied to {visible(folder)}"))
    return line.result("outputs", data, *blocks)


def _below(path: str, left: Sequence[OutputFile]) -> list[OutputFile]:
    """Choose a file, or the files of a folder; ``outputs/`` may be left out."""
    return [
        one
        for one in left
        if one.path in (path, f"outputs/{path}")
        or one.path.startswith((f"{path}/", f"outputs/{path}/"))
    ]


@one_run
@click.argument("names", nargs=-1)
@answers
def metrics(line: Line, run_id: str | None, is_last: bool, names: Sequence[str]) -> Result:
    """Show the numbers, lists and tables that a run logged."""
    if is_last and run_id is not None:
        names, run_id = (run_id, *names), None
    client = line.client
    run = pick(line, run_id, is_last)
    series = client.metrics(run.id, names)
    tables = _wanted(client.tables(run.id), names)
    lists = _wanted(client.lists(run.id), names)
    data = {
        "id": run.id,
        "metrics": {
            name: [{"step": one.step, "t": one.t, "value": one.value} for one in events]
            for name, events in series.items()
        },
        "lists": lists,
        "tables": tables,
        "images": msgspec.to_builtins(client.images(run.id)),
    }
    known = {*series, *tables, *lists, *(image.name for image in client.images(run.id))}
    missing = [name for name in names if name not in known]
    if missing and run.is_final:
        every = {*client.metrics(run.id), *client.tables(run.id), *client.lists(run.id)}
        raise NotFoundError(
            f"{run.id} logged nothing named {missing[0]!r}",
            hint=nearest(missing[0], every) or "it logged nothing at all",
        )
    blocks: list[Any] = [_series_table(series, f"{run.id} logged no numbers")]
    for name, values in lists.items():
        blocks.append(Text(f"{name}: " + " ".join(wording.number(value) for value in values)))
    blocks += [_rows_table(name, rows) for name, rows in tables.items()]
    return line.result("metrics", data, *blocks)


def _wanted(found: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if not names or name in names}


def _series_table(series: Mapping[str, Sequence[MetricEvent]], empty: str) -> Table:
    rows: list[Row] = []
    for name, events in series.items():
        numbers = [one.value for one in events if isinstance(one.value, (int, float))]
        least, most = (min(numbers), max(numbers)) if numbers else ("", "")
        rows.append(
            [
                Cell(name, "strong"),
                wording.number(events[-1].value),
                wording.number(least),
                wording.number(most),
                str(len(events)),
                sparkline(numbers),
            ]
        )
    columns = [
        Column("metric", gives_way=True),
        Column("last", is_number=True),
        Column("least", is_number=True),
        Column("most", is_number=True),
        Column("values", is_number=True),
        Column(""),
    ]
    return Table(columns, rows, empty=empty)


def sparkline(numbers: Sequence[float], width: int = 24) -> str:
    """Draw a series with block characters."""
    finite = [one for one in numbers if abs(one) < float("inf")]
    if len(finite) < 2:
        return ""
    step = max(1.0, len(finite) / width)
    shown = [finite[int(place * step)] for place in range(min(width, len(finite)))]
    shown[-1] = finite[-1]
    low, high = min(shown), max(shown)
    scale = 7 / (high - low) if high > low else 0.0
    return "".join("▁▂▃▄▅▆▇█"[int((one - low) * scale)] for one in shown)


def _rows_table(name: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    titles = list(dict.fromkeys(title for row in rows for title in row))
    columns = [Column(f"{name}: {titles[0]}"), *map(Column, titles[1:])] if titles else []
    shown: list[Row] = [[wording.number(row.get(title, "")) for title in titles] for row in rows]
    return Table(columns, shown if titles else [], empty=f"{name}: no columns")


@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--no-text", is_flag=True, help="Leave out what changed inside files.")
@answers
def diff(line: Line, first: str, second: str, no_text: bool) -> Result:
    """Show how two runs differ: files, parameters, environment, metrics."""
    found = line.client.diff(first, second)
    data = msgspec.to_builtins(found)
    if no_text:
        data["texts"] = {}
    groups: list[tuple[str, Mapping[str, tuple[Any, Any]]]] = [
        ("", found.fields),
        ("param ", found.params),
        ("", found.environment),
        ("metric ", found.metrics),
    ]
    rows: list[Row] = [
        [Cell(prefix + name, "strong"), _word(one), _word(other)]
        for prefix, pairs in groups
        for name, (one, other) in pairs.items()
        if _word(one) != _word(other)
    ]
    columns = [
        Column("what", gives_way=True),
        Column(found.first, gives_way=True, is_name=True),
        Column(found.second, gives_way=True, is_name=True),
    ]
    blocks: list[Any] = []
    if rows or not found.files:
        blocks.append(Table(columns, rows, empty="they do not differ"))
    blocks += _files(found.files, {} if no_text else found.texts)
    return line.result("diff", data, *blocks)


def _files(files: Mapping[str, str], texts: Mapping[str, str]) -> Iterator[Table | Text]:
    if not files:
        return
    styles = {"added": "good", "removed": "bad"}
    rows: list[Row] = [
        [path, Cell(change, styles.get(change, ""))] for path, change in files.items()
    ]
    yield Table([Column("file", gives_way=True), Column("change")], rows)
    for text in texts.values():
        yield Text(text.rstrip("\n"), is_code=True)


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(_word, value))
    return "" if value is None else wording.number(value)
