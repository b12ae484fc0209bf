"""How a command line is read: click, with errors that name the nearest word."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from ..errors import ConfigError
from ..options import nearest
from .place import Place
from .result import Result, Text


class HelpAsked(Exception):
    """``--help`` was given; carries the text."""


class Line:
    """What every command gets: its place, and whether ``--json`` was given."""

    def __init__(self, place: Place, is_json: bool) -> None:
        self.place = place
        self.client = place.client
        self.is_json = is_json

    def result(self, name: str, data: Any, *blocks: Any, **facts: Any) -> Result:
        """Make the answer of a command."""
        return Result(name, data, list(blocks), is_json=self.is_json, **facts)


def _show_help(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        raise HelpAsked(context.get_help())


def _help_option() -> click.Option:
    return click.Option(
        ["--help", "-h"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_help,
        help="Say what the command does.",
    )


def _json_option() -> click.Option:
    return click.Option(["--json", "is_json"], is_flag=True, help="Answer with JSON.")


class Command(click.Command):
    """A command with ``--help`` and ``--json``."""

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **{**facts, "add_help_option": False})
        self.params += [_json_option(), _help_option()]

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the summary whole: the list of commands wraps it."""
        return " ".join((self.help or "").partition("\n\n")[0].split())


class Grammar(click.Group):
    """All commands; without one, the targets are listed."""

    command_class = Command

    def __init__(self, *args: Any, **facts: Any) -> None:
        super().__init__(*args, **{**facts, "add_help_option": False})
        self.params.append(_help_option())

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        if self.get_command(context, args[0]) is None:
            names = self.list_commands(context)
            raise ConfigError(f"there is no command {args[0]!r}", hint=nearest(args[0], names))
        return super().resolve_command(context, args)

    def list_commands(self, context: click.Context) -> list[str]:
        """List the commands in the order in which they are defined."""
        return list(self.commands)


def answers(function: Callable[..., Result]) -> Callable[..., Result]:
    """Let a command's function take a :class:`Line` instead of click's context."""

    @functools.wraps(function)
    def call(*args: Any, is_json: bool = False, **options: Any) -> Result:
        place = click.get_current_context().find_object(Place)
        assert place is not None
        return function(Line(place, is_json), *args, **options)

    return call


def call(grammar: click.Command, argv: Sequence[str], place: Place, name: str) -> Any:
    """Run a command line and return what its function returns.

    Raises:
        ConfigError: The line is wrong.
        ComputeError: What the command raised.
    """
    try:
        with grammar.make_context(name, list(argv), obj=place) as context:
            return grammar.invoke(context)
    except HelpAsked as asked:
        text = str(asked)
        return Result("help", {"help": text}, [Text(text, is_code=True)])
    except click.ClickException as exc:
        _refuse(exc)


def _refuse(exc: click.ClickException) -> NoReturn:
    context = getattr(exc, "ctx", None)
    path = context.command_path if context is not None else ""
    hint = f"{path} --help" if path else ""
    if isinstance(exc, click.NoSuchOption):
        raise ConfigError(
            f"there is no option {exc.option_name!r}", hint=_near_option(exc)
        ) from None
    raise ConfigError(_lowered(exc.format_message()), hint=hint) from None


def _near_option(exc: click.NoSuchOption) -> str:
    context = exc.ctx
    if context is None:
        return ""
    options = [
        word
        for param in context.command.get_params(context)
        if isinstance(param, click.Option)
        for word in (*param.opts, *param.secondary_opts)
        if word.startswith("--")
    ]
    hint = nearest(exc.option_name, options)
    if context.command.name == "submit":
        told = "arguments of what is run come after --"
        is_close = hint.startswith("did you mean")
        hint = f"{hint} {told}" if is_close else f"{told}; {context.command_path} --help"
    return hint


def _lowered(message: str) -> str:
    message = message.rstrip(".")
    return message[:1].lower() + message[1:]
