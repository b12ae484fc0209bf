from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from jupyter_compute.commands import make_grammar
from jupyter_compute.errors import CODES

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
COMMANDS = make_grammar().commands


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_described_with_its_options_and_its_json(name: str) -> None:
    text = sections()[name]
    for param in COMMANDS[name].params:
        if isinstance(param, click.Option) and param.name not in ("help", "is_json"):
            for word in (*param.opts, *param.secondary_opts):
                assert f"`{word}`" in text, word
    assert "```json" in text or "JSON:" in text


def test_no_option_is_described_that_is_not_there() -> None:
    shared = {"--json", "--help", "-h"}
    for name, text in sections().items():
        if name not in COMMANDS:
            continue
        known = {word for param in COMMANDS[name].params for word in param.opts}
        known |= {word for param in COMMANDS[name].params for word in param.secondary_opts}
        rows = re.findall(r"^\| (`-.*?) \|", text, flags=re.MULTILINE)
        said = {word for row in rows for word in re.findall(r"`(--?[\w-]+)`", row)}
        assert said <= known | shared, name


def test_no_command_is_described_that_is_not_there() -> None:
    assert set(sections()) - set(COMMANDS) == {"What all commands share"}


def test_every_error_and_its_exit_code_is_described() -> None:
    text = PAGE.read_text("utf-8")
    for error, code in CODES.items():
        assert f"| {code.exit_code} | `{error.__name__}` |" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert all(param.help for param in command.params if isinstance(param, click.Option))
