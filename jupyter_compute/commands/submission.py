"""The options of a submit, in one place for the shell, ``%submit`` and ``%%submit``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import Any

import click
from msgspec import Struct

from ..client import Client
from ..errors import ConfigError
from ..model import (
    CellCommand,
    Distribution,
    InputFile,
    Resources,
    Run,
)
from .grammar import Command, call
from .place import Place
from .result import Result

option = click.Option

_SPAN = re.compile(
    r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?\Z"
)
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\Z", re.IGNORECASE)
_GIGABYTES = {"k": 1e-6, "m": 1e-3, "": 1.0, "g": 1.0, "t": 1e3}


class Submission(Struct, frozen=True, kw_only=True):
    """What a submit line asks for.

    Attributes:
        words: What to run and its arguments; empty for a cell.
        takes: Names of variables to send along.
        brings: Names of variables to bring back.
        variable: The name under which the notebook keeps the run.
        waits: Whether to wait; ``None`` leaves it to the place.
        allow_pickle: Whether variables may travel as pickles.
        is_json: Whether ``--json`` was given.
    """

    words: tuple[str, ...] = ()
    target: str = "local"
    name: str = ""
    experiment: str = ""
    environment: str = ""
    resources: Resources = Resources()
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    params: dict[str, Any] = {}
    tags: dict[str, str] = {}
    source: str = ""
    follow_links: bool | None = None
    takes: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()
    variable: str = ""
    waits: bool | None = None
    allow_pickle: bool = False
    is_json: bool = False


def _minutes(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    text = value.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    clock = re.fullmatch(r"(\d+):([0-5]\d)(?::([0-5]\d))?", text)
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return hours * 60 + minutes + seconds / 60
    match = _SPAN.match(text.replace(" ", ""))
    if not match or not any(match.groups()):
        raise click.BadParameter(f"{value!r} is no time: 90 (minutes), 1h30m, 45s, 2:00:00")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 1440 + hours * 60 + minutes + seconds / 60


def _gigabytes(context: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    match = _AMOUNT.match(value.strip())
    if not match:
        raise click.BadParameter(f"{value!r} is no amount of memory: 4 (GB), 16GB, 500MB")
    return float(match[1]) * _GIGABYTES[match[2].lower()]


class _Pairs(click.Option):
    """An option that is given as ``NAME=VALUE``, any number of times."""

    def __init__(self, words: Sequence[str], *, value: str = "VALUE", **facts: Any) -> None:
        super().__init__(
            words, multiple=True, callback=self._read, metavar=f"NAME={value}", **facts
        )

    def _read(
        self, context: click.Context, param: click.Parameter, value: Sequence[str]
    ) -> dict[str, str]:
        pairs = {}
        for item in value:
            name, sign, rest = item.partition("=")
            if not sign or not name:
                # What was typed may be a secret, so it is not repeated.
                raise click.UsageError(f"{self.opts[0]} takes {self.metavar}", context)
            pairs[name] = rest
        return pairs


def _names(context: click.Context, param: click.Parameter, value: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip() for item in value for name in item.split(",")]
    for name in names:
        if not name.isidentifier():
            raise click.BadParameter(f"{name!r} is no name of a variable: x,y")
    return tuple(dict.fromkeys(names))


def _params(
    context: click.Context, param: click.Parameter, value: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    return {name: read_value(text) for name, text in value}


def read_value(text: str) -> Any:
    """Read a parameter's value: JSON or a Python constant, else the text itself."""
    constants = {"True": True, "False": False, "None": None}
    if text in constants:
        return constants[text]
    try:
        return json.loads(text)
    except ValueError:
        return text


def submit_options() -> list[click.Parameter]:
    """Make the parameters of a submit."""
    return [
        *_labels(),
        *_needs(),
        *_surroundings(),
        *_variables(),
        option(["--wait/--no-wait", "waits"], default=None, help="Wait until the run is over."),
        click.Argument(
            ["words"], nargs=-1, type=click.UNPROCESSED, metavar="[PROGRAM [-- ARGS]...]"
        ),
    ]


def _labels() -> list[click.Parameter]:
    return [
        option(["--target", "-t"], default="local", metavar="NAME", help="Where to run it."),
        option(["--name", "-n"], default="", help="What to call the run."),
        option(["--experiment", "-e"], default="", help="The label that groups runs."),
        _Pairs(["--tag", "tags"], help="Set a label."),
        option(
            ["--param", "-p", "params"],
            nargs=2,
            multiple=True,
            callback=_params,
            metavar="NAME VALUE",
            help="Set a parameter.",
        ),
    ]


def _needs() -> list[click.Parameter]:
    return [
        option(["--cpus"], type=float, help="Cores it needs."),
        option(["--gpus"], type=int, default=0, help="GPUs it needs."),
        option(["--memory"], callback=_gigabytes, metavar="GB", help="Memory it needs: 4, 500MB."),
        option(["--nodes"], type=int, default=1, help="Machines it needs."),
        option(["--processes"], type=int, default=1, help="Processes on each machine."),
        option(
            ["--distribution"],
            type=click.Choice([one.value for one in Distribution]),
            default="none",
            help="How its processes find each other.",
        ),
        option(
            ["--time-limit"],
            callback=_minutes,
            metavar="MINUTES",
            help="When to end it: 90, 1h30m, 45s.",
        ),
    ]


def _surroundings() -> list[click.Parameter]:
    return [
        option(
            ["--env", "environment"],
            default="",
            metavar="SPEC",
            help="What it runs in: requirements.txt, a lock, pyproject.toml, 'a,b==1' or a Python.",
        ),
        _Pairs(["--setenv", "env"], help="Set an environment variable."),
        _Pairs(
            ["--secret", "secrets"],
            value="REFERENCE",
            help="Set a variable to a secret: env:NAME, file:PATH, keyring:SERVICE/USER.",
        ),
        option(["--source", "-s"], default="", metavar="FOLDER", help="The folder to capture."),
        option(
            ["--follow-links/--no-follow-links"],
            default=None,
            help="Capture what links out of the folder lead to.",
        ),
    ]


def _variables() -> list[click.Parameter]:
    names: dict[str, Any] = {"multiple": True, "callback": _names, "metavar": "X,Y"}
    return [
        option(["--in", "takes"], help="Variables to send along (from a notebook).", **names),
        option(["--out", "brings"], help="Variables to bring back (to a notebook).", **names),
        option(["--pickle", "allow_pickle"], is_flag=True, help="Let variables travel as pickles."),
        option(
            ["--as", "variable"],
            default="",
            metavar="NAME",
            help="Keep the run under this name (in a notebook).",
        ),
    ]


def read_options(is_json: bool = False, **options: Any) -> Submission:
    """Turn the values of :func:`submit_options` into a submission."""
    resources = Resources(
        nodes=options.pop("nodes"),
        processes_per_node=options.pop("processes"),
        cpus=options.pop("cpus"),
        gpus=options.pop("gpus"),
        memory_gb=options.pop("memory"),
        time_limit_min=options.pop("time_limit"),
        distribution=Distribution(options.pop("distribution")),
    )
    variable = options["variable"]
    if variable and not variable.isidentifier():
        raise ConfigError(f"{variable!r} is no name of a variable", hint="--as run")
    return Submission(resources=resources, is_json=is_json, **options)


def parse_submission(argv: Sequence[str], place: Place, *, is_cell: bool) -> Submission | Result:
    """Read a submit line without submitting; the answer is a :class:`Result` for ``--help``.

    Raises:
        ConfigError: The line is wrong, or names no program although there is no cell.
    """
    command = Command("submit", params=submit_options(), callback=read_options, help=HELP)
    name = "%%submit" if is_cell else "%submit"
    asked = call(command, argv, place, name)
    if isinstance(asked, Result):
        return asked
    assert isinstance(asked, Submission)
    if is_cell and asked.words:
        raise ConfigError(
            f"a cell is submitted, so {asked.words[0]!r} has no place on the line",
            hint="%submit, with one %, submits a script or a notebook",
        )
    if not is_cell and not asked.words:
        raise ConfigError("there is nothing to run", hint="name a script, a notebook or a program")
    return asked


def send(
    place: Place,
    asked: Submission,
    *,
    code: str | None = None,
    inputs: Sequence[InputFile] = (),
) -> Run:
    """Submit what a line asks for, with a cell's code if there is one."""
    client: Client = place.client
    source = _source(place, asked)
    command: Sequence[str] | CellCommand = asked.words
    if code is not None:
        command = CellCommand(
            code=code,
            notebook=_within(source, place),
            cell_id=place.cell_id,
            outputs=asked.brings,
            allow_pickle=asked.allow_pickle,
        )
    return client.submit(
        command,
        source=source,
        target=asked.target,
        name=asked.name,
        experiment=asked.experiment,
        params=asked.params,
        environment=asked.environment or None,
        resources=asked.resources,
        env=asked.env,
        secrets=asked.secrets,
        inputs=inputs,
        tags=asked.tags,
        follow_links=asked.follow_links,
    )


def _within(source: str, place: Place) -> str:
    """Name the notebook as seen from the folder that is captured."""
    if not place.notebook:
        return ""
    return os.path.relpath(os.path.join(place.source, place.notebook), source)


def _source(place: Place, asked: Submission) -> str:
    return os.path.join(place.source, os.path.expanduser(asked.source))


HELP = """Submit a script, a notebook or any program; its arguments follow --.

The folder is captured first: later edits do not change the run.
"""
