"""Commands about the workspace: snapshot, gc, doctor, controller."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from ..client.snapshots import rule_text
from ..errors import ConfigError
from ..model import Excluded, Preview, SizeEntry
from . import wording
from .grammar import Line, answers
from .result import Cell, Column, Fields, Result, Row, Table, Text

_SHOWN = 20
_CONTROLLER_FACTS = ("pid", "host", "started", "version", "python")


@click.argument("folder", required=False, default="")
@click.option("--explain", metavar="PATH", help="Say which rule decides about a path.")
@click.option(
    "--ignore", metavar="PATH", help="Leave a file or folder out from now on, in .amlignore."
)
@click.option(
    "--follow-links/--no-follow-links", default=None, help="Capture what links out lead to."
)
@answers
def snapshot(
    line: Line, folder: str, explain: str | None, ignore: str | None, follow_links: bool | None
) -> Result:
    """Show what a submit from a folder would capture; with --json, capture it."""
    source = line.place.source / folder
    client = line.client
    if explain is not None:
        return _explain(line, str(source), explain)
    if ignore is not None:
        return _ignore(line, str(source), ignore)
    preview = client.preview(source, follow_links=follow_links)
    if not line.is_json:
        return line.result("snapshot", None, *_preview_blocks(line, preview, follow_links))
    taken = client.snapshot(source, follow_links=follow_links)
    data = {
        "id": taken.id,
        "files": [msgspec.structs.asdict(file) for file in taken.files],
        "bytes": taken.bytes,
        "excluded": {one.path: _rule(one) for one in preview.excluded},
    }
    return line.result("snapshot", data)


def _rule(rule: Excluded) -> dict[str, Any]:
    return {"source": rule.source, "line": rule.line, "pattern": rule.pattern}


def _explain(line: Line, source: str, path: str) -> Result:
    found = line.client.explain(source, path)
    data = {
        "path": found.path,
        "is_included": found.is_included,
        "rule": None if found.rule is None else _rule(found.rule),
    }
    word = "is captured" if found.is_included else "is left out"
    because = f" by {rule_text(found.rule)}" if found.rule else ": no rule matches"
    place = os.path.join(os.path.abspath(os.path.expanduser(source)), found.path)
    doubt = "" if os.path.lexists(place) else "; there is no such file now"
    return line.result("explain", data, Text(f"{found.path} {word}{because}{doubt}"))


def _ignore(line: Line, source: str, path: str) -> Result:
    done = line.client.ignore(source, path)
    rest = "; the file is new and has the rules that git had" if done.created else ""
    data = {"line": done.line, "created": done.created}
    return line.result("ignore", data, Text(f"{done.line} is a line of .amlignore now{rest}"))


def _preview_blocks(line: Line, preview: Preview, follow_links: bool | None) -> list[Table | Text]:
    entries = line.client.size_tree(preview.source, follow_links=follow_links)[1:]
    shown = _worth_showing(entries)
    rows: list[Row] = [
        [
            "  " * one.path.rstrip("/").count("/") + _last_part(one.path),
            f"{one.files:,}" if one.path.endswith("/") else "",
            wording.size(one.bytes),
        ]
        for one in shown
    ]
    columns = [
        Column("path", gives_way=True),
        Column("files", is_number=True),
        Column("size", is_number=True),
    ]
    blocks: list[Table | Text] = [
        Text(f"{preview.source}: {preview.files:,} files, {wording.size(preview.bytes)}", "strong"),
        Table(columns, rows, empty="an empty folder"),
    ]
    if len(shown) < len(entries):
        blocks.append(Text(f"and {len(entries) - len(shown):,} smaller ones", "dim"))
    if preview.excluded:
        blocks.append(Text(f"{len(preview.excluded):,} left out:"))
        blocks.append(_excluded_table(preview.excluded))
    if len(preview.excluded) > _SHOWN:
        blocks.append(Text(f"and {len(preview.excluded) - _SHOWN:,} more: --json", "dim"))
    if preview.suggestions:
        blocks.append(Text("lines for .amlignore that would make it smaller:"))
        blocks.append(Text("\n".join(preview.suggestions), is_code=True))
    return blocks


def _worth_showing(entries: Sequence[SizeEntry]) -> list[SizeEntry]:
    """Choose the largest, with the folders that they stand in, in the order of the tree."""
    largest = sorted(entries, key=lambda one: -one.bytes)[:_SHOWN]
    wanted = {one.path for one in largest}
    for one in largest:
        parts = one.path.rstrip("/").split("/")
        wanted |= {"/".join(parts[:count]) + "/" for count in range(1, len(parts))}
    return [one for one in entries if one.path in wanted]


def _last_part(path: str) -> str:
    stem = path.rstrip("/")
    return path[stem.rfind("/") + 1 :]


def _excluded_table(excluded: Sequence[Excluded]) -> Table:
    rows: list[Row] = [[one.path, Cell(rule_text(one), "dim")] for one in excluded[:_SHOWN]]
    return Table([Column("left out", gives_way=True), Column("rule", gives_way=True)], rows)


@answers
def gc(line: Line) -> Result:
    """Remove the captured files that no kept run needs."""
    freed = line.client.gc()
    return line.result("gc", {"freed": freed}, Text(f"{wording.size(freed)} freed"))


@click.option("--rebuild", is_flag=True, help="Enter runs again that a lost store had.")
@answers
def doctor(line: Line, rebuild: bool) -> Result:
    """Look at everything that must work, and say what to do about what does not."""
    found = line.client.doctor(rebuild=rebuild)
    styles = {"ok": "good", "warning": "strong", "problem": "bad", "note": "dim"}
    rows: list[Row] = [
        [Cell(one.level, styles[one.level]), one.subject, one.message, Cell(one.remedy, "dim")]
        for one in found
    ]
    columns = [Column(""), Column("what"), Column("found", gives_way=True), Column("remedy")]
    is_well = all(one.level != "problem" for one in found)
    data = {"is_well": is_well, "findings": msgspec.to_builtins(found)}
    return line.result("doctor", data, Table(columns, rows), exit_code=0 if is_well else 1)


@click.option("--start", is_flag=True, help="Start it if there is none.")
@click.option("--stop", is_flag=True, help="Stop it; runs go on without it.")
@answers
def controller(line: Line, start: bool, stop: bool) -> Result:
    """Show the background process that acts for this workspace; it comes and goes by itself."""
    if start and stop:
        raise ConfigError("--start and --stop exclude each other")
    client = line.client
    was_running = client.controller() is not None
    if stop and not client.stop_controller():
        raise ConfigError("the controller does not stop", hint="end its process, then try again")
    if start:
        client.start_controller()
    facts = client.controller()
    data = {"is_running": facts is not None, **(facts or {})}
    if facts is None:
        is_news = stop and was_running
        text = "the controller has stopped" if is_news else "no controller is running"
        return line.result("controller", data, Text(text))
    shown = {name: str(facts[name]) for name in _CONTROLLER_FACTS if name in facts}
    if "started" in facts:
        shown["started"] = wording.moment(facts["started"])
    return line.result("controller", data, Fields({**shown}))
