"""Commands about targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from ..client import Client
from ..errors import ConfigError, DriverError, DriverNotInstalledError
from ..model import Target, TargetInfo
from . import wording
from .grammar import Line, answers
from .result import Cell, Column, Fields, Result, Row, Table, Text


def _target_data(client: Client, target: Target) -> dict[str, Any]:
    checked = client.last_check(target)
    active = client.active_on(target.name)
    return {
        **msgspec.to_builtins(target),
        "info": None if checked is None else msgspec.to_builtins(checked.info),
        "checked": None if checked is None else checked.checked,
        "error": None if checked is None else checked.error,
        "active": active,
    }


def _condition(data: Mapping[str, Any]) -> Cell:
    info = data["info"]
    if data["error"]:
        return Cell(data["error"]["message"], "bad")
    if info is None:
        return Cell("not checked yet", "dim")
    for problem in info["problems"]:
        return Cell(problem["message"], "bad" if problem["fatal"] else "")
    return Cell("ready", "good")


@answers
def targets(line: Line) -> Result:
    """List the targets."""
    listed = [_target_data(line.client, target) for target in line.client.targets()]
    columns = [
        Column("target"),
        Column("kind"),
        Column("host", gives_way=True),
        Column("python"),
        Column("cores", is_number=True),
        Column("gpus", is_number=True),
        Column("memory", is_number=True),
        Column("active", is_number=True),
        Column("state", gives_way=True),
    ]
    rows: list[Row] = []
    for data in listed:
        info = data["info"] or {}
        rows.append(
            [
                Cell(data["name"], "strong"),
                data["kind"],
                info.get("host", ""),
                info.get("python", ""),
                f"{info['cpus']:g}" if info.get("cpus") else "",
                str(len(info["gpus"])) if info.get("host") else "",
                f"{info['memory_gb']:.0f} GB" if info.get("memory_gb") else "",
                str(sum(data["active"].values())),
                _condition(data),
            ]
        )
    return line.result("targets", {"targets": listed}, Table(columns, rows))


@click.argument("name")
@answers
def show(line: Line, name: str) -> Result:
    """Show one target: its options, and what the last check found."""
    target = line.client.target(name)
    data = _target_data(line.client, target)
    fields: dict[str, Cell | str] = {
        "target": Cell(target.name, "strong"),
        "kind": target.kind,
        "place": target.resource_id,
        **{f"option {key}": str(value) for key, value in target.options.items()},
        "active": wording.values(data["active"]) or "nothing",
        "state": _condition(data),
        "checked": wording.ago(data["checked"]) or "not yet",
    }
    info = line.client.target_info(target.name)
    blocks = _info_blocks(info) if info is not None else []
    return line.result(
        "show", data, Fields({**fields, **(blocks[0].values if blocks else {})}), *blocks[1:]
    )


def _info_blocks(info: TargetInfo) -> list[Any]:
    fields: dict[str, Cell | str] = {
        "host": info.host,
        "python": info.python,
        # Where nothing could be looked at nothing is known, which is not the same as none.
        "cores": f"{info.cpus:g}" if info.cpus else "",
        "gpus": ", ".join(info.gpus) or ("none" if info.host else ""),
        "memory": f"{info.memory_gb:.0f} GB" if info.memory_gb else "",
        "slots": "" if info.slots is None else str(info.slots),
        **info.facts,
    }
    shown = Fields({name: value for name, value in fields.items() if value})
    problems = [
        Text(
            f"{one.message}" + (f"\n  {one.remedy}" if one.remedy else ""),
            "bad" if one.fatal else "",
        )
        for one in info.problems
    ]
    return [shown, *problems]


@click.argument("name")
@click.option(
    "--timeout",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
@answers
def check(line: Line, name: str, wait_s: float) -> Result:
    """Look at a target: what is there, and what is wrong with it."""
    info = line.client.check(name, wait_s, asks=line.place.asks, tells=line.place.tells)
    data = {"target": name, **msgspec.to_builtins(info), "is_usable": info.is_usable}
    return line.result("check", data, *_info_blocks(info), exit_code=0 if info.is_usable else 7)


@click.argument("kind", required=False)
@answers
def kinds(line: Line, kind: str | None) -> Result:
    """List the kinds of target, or the options of one kind."""
    names = line.client.kinds()
    if kind is None:
        rows: list[Row] = [[name] for name in names]
        return line.result("kinds", {"kinds": names}, Table([Column("kind")], rows))
    facts = line.client.kind(kind)
    return line.result("kinds", facts, _options_table(facts["options"]))


def _options_table(schema: Mapping[str, Any]) -> Table:
    schema = _resolved(schema)
    required = schema.get("required", [])
    rows: list[Row] = []
    for name, facts in schema.get("properties", {}).items():
        default = "required" if name in required else str(facts.get("default", ""))
        rows.append([f"--{name}", _type(facts), default, str(facts.get("description", ""))])
    columns = [
        Column("option"),
        Column("type"),
        Column("default"),
        Column("meaning", gives_way=True),
    ]
    return Table(columns, rows, empty="no options")


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found: Mapping[str, Any] = schema.get("$defs", {}).get(reference.rsplit("/", 1)[-1], {})
    return found


def _type(facts: Mapping[str, Any]) -> str:
    if "anyOf" in facts:
        return " or ".join(_type(one) for one in facts["anyOf"] if one.get("type") != "null")
    if "enum" in facts:
        return " | ".join(str(one) for one in facts["enum"])
    return str(facts.get("type", "value"))


@click.argument("name")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[--OPTION VALUE]...")
@click.option("--kind", "-k", default="", metavar="KIND", help="The sort of target.")
@click.option("--replace", is_flag=True, help="Take the place of a target that is attached.")
@click.option(
    "--check/--no-check",
    "is_checked",
    default=None,
    help="Look at it first, and ask what it asks; kinds that may ask are looked at by default.",
)
@answers
def attach(
    line: Line,
    name: str,
    words: Sequence[str],
    kind: str,
    replace: bool,
    is_checked: bool | None,
) -> Result:
    """Attach a target. `kinds KIND` lists the options of a kind."""
    if not kind:
        names = line.client.kinds()
        raise ConfigError("which kind of target?", hint="--kind " + " | ".join(names))
    options = _options(words)
    if line.client.registry.driver(kind).asks if is_checked is None else is_checked:
        return _attach_checked(line, name, kind, options, replace)
    target = line.client.attach(name, kind, options, replace=replace)
    hint = f"{line.place.program} check {target.name}"
    return line.result(
        "attach",
        msgspec.to_builtins(target),
        Text(f"{target.name}: {target.kind} at {target.resource_id}"),
        Text(hint, style="dim"),
    )


def _attach_checked(
    line: Line, name: str, kind: str, options: Mapping[str, Any], replace: bool
) -> Result:
    place = line.place
    try:
        target, info = line.client.attach_checked(
            name, kind, options, replace=replace, asks=place.asks, tells=place.tells
        )
    except DriverNotInstalledError:
        raise
    except DriverError as exc:
        hint = "; ".join(part for part in (exc.hint, "--no-check attaches it all the same") if part)
        raise type(exc)(exc.message, hint=hint, target=name, kind=kind) from None
    data = {
        **msgspec.to_builtins(target),
        "info": msgspec.to_builtins(info),
        "is_usable": info.is_usable,
    }
    attached = Text(f"{target.name}: {target.kind} at {target.resource_id}")
    return line.result("attach", data, attached, *_info_blocks(info))


def _options(words: Sequence[str]) -> dict[str, Any]:
    """Read ``--name value``, ``--name=value`` and a lone ``--name``, which means yes."""
    options: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise ConfigError(f"{word!r} is no option", hint="options look like --host gpu1")
        name, sign, value = word[2:].partition("=")
        name = name.replace("-", "_")
        if not sign:
            value = rest.pop(0) if rest and not rest[0].startswith("--") else "true"
        options[name] = value
    return options


@click.argument("name")
@click.option("--cancel", is_flag=True, help="End its runs first, and wait until they have ended.")
@click.option("--purge", is_flag=True, help="Remove our files there, too.")
@click.option(
    "--timeout",
    "wait_s",
    type=click.FloatRange(0),
    default=120.0,
    metavar="SECONDS",
    help="How long to wait for what it has to do.",
)
@answers
def detach(line: Line, name: str, cancel: bool, purge: bool, wait_s: float) -> Result:
    """Forget a target. Runs that are not over go on there unless `--cancel` is given."""
    client, place = line.client, line.place
    client.detach(
        name, cancel=cancel, purge=purge, wait_s=wait_s, asks=place.asks, tells=place.tells
    )
    left = [run.id for run in client.store.active(name)]
    blocks = [Text(f"{name}: detached" + (", our files there are removed" if purge else ""))]
    if left:
        runs = "1 run goes" if len(left) == 1 else f"{len(left)} runs go"
        words = f"{runs} on there; attach {name} again to see how it ended"
        blocks.append(Text(words, style="dim"))
    return line.result("detach", {"detached": name, "active": left}, *blocks)
