"""How a person is asked what a target wants to know."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import NoReturn

import pytest

from jupyter_compute.commands import ask_person
from jupyter_compute.model import Prompt

Answers = Callable[[str], str]


def prompt(kind: str) -> Prompt:
    return Prompt(id="p1", target="gpu1", type=kind, message="Well?", created=0.0)  # type: ignore[arg-type]


def saying(answer: str, heard: list[str]) -> Answers:
    def say(words: str) -> str:
        heard.append(words)
        return answer

    return say


def test_a_secret_is_not_typed_where_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(getpass, "getpass", saying("s", heard))
    assert ask_person(prompt("secret")) == "s"
    assert heard == ["gpu1: Well? "]


def test_text_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", saying(" 12 ", []))
    assert ask_person(prompt("text")) == " 12 "


@pytest.mark.parametrize(
    ("said", "meant"), [("y", "yes"), (" YES ", "yes"), ("n", "no"), ("", "no"), ("what", "no")]
)
def test_only_yes_is_yes(monkeypatch: pytest.MonkeyPatch, said: str, meant: str) -> None:
    heard: list[str] = []
    monkeypatch.setattr("builtins.input", saying(said, heard))
    assert ask_person(prompt("confirm")) == meant
    assert heard == ["gpu1: Well? [yes/no] "]


@pytest.mark.parametrize("error", [EOFError, KeyboardInterrupt])
def test_who_goes_declines(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    def leave(_: str) -> NoReturn:
        raise error

    monkeypatch.setattr("builtins.input", leave)
    monkeypatch.setattr(getpass, "getpass", leave)
    for kind in ("secret", "text", "confirm"):
        assert ask_person(prompt(kind)) is None
