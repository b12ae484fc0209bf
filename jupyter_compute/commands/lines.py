"""All commands put together, and a line of them run."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Sequence
from typing import Any

import click

from ..errors import ConfigError
from . import care, kept, results, runs, targets
from .grammar import Command, Grammar, call
from .place import Place
from .result import Result
from .submission import HELP, submit_options

_COMMANDS: tuple[tuple[str, Callable[..., Result]], ...] = (
    ("targets", targets.targets),
    ("attach", targets.attach),
    ("detach", targets.detach),
    ("show", targets.show),
    ("check", targets.check),
    ("kinds", targets.kinds),
    ("answers", kept.answers),
    ("runs", runs.runs),
    ("run", runs.run),
    ("logs", results.logs),
    ("cancel", runs.cancel),
    ("wait", runs.wait),
    ("outputs", results.outputs),
    ("metrics", results.metrics),
    ("diff", results.diff),
    ("rerun", runs.rerun),
    ("delete", runs.delete),
    ("snapshot", care.snapshot),
    ("gc", care.gc),
    ("doctor", care.doctor),
    ("controller", care.controller),
)


@functools.cache
def make_grammar() -> Grammar:
    """Make the grammar that the shell and the notebook share.

    It is made once: click takes the parameters off a function that it makes a command of.
    """
    grammar = Grammar(
        "compute",
        help="Run cells, scripts and notebooks on any compute you can reach.",
        invoke_without_command=True,
        callback=_without_command,
        subcommand_metavar="COMMAND [ARGS]...",
    )
    grammar.add_command(Command("submit", params=submit_options(), callback=runs.submit, help=HELP))
    for name, function in _COMMANDS:
        settings: dict[str, Any] = {}
        if name == "attach":
            settings = {"ignore_unknown_options": True}
        grammar.command(name, context_settings=settings)(function)
    return grammar


def _without_command() -> Result | None:
    context = click.get_current_context()
    if context.invoked_subcommand is not None:
        return None
    return targets.targets(is_json=False)


def run_line(argv: str | Sequence[str], *, place: Place) -> Result:
    """Run a command line and return its answer. Blocks for as long as the command does.

    Args:
        argv: The words after ``%compute`` or ``jupyter compute``; a text is split as a shell
            would split it.
        place: Where it was typed.

    Raises:
        ConfigError: The line is wrong; the hint names the nearest word.
        ComputeError: What the command raised.
    """
    words = split(argv) if isinstance(argv, str) else list(argv)
    if words == ["--json"]:
        words = ["targets", "--json"]
    result = call(make_grammar(), words, place, place.program)
    assert isinstance(result, Result)
    return result


def split(line: str) -> list[str]:
    """Split a line into words as a shell would.

    Raises:
        ConfigError: A quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as exc:
        raise ConfigError(
            f"the line cannot be read: {str(exc).lower()}", hint="close the quote"
        ) from exc
