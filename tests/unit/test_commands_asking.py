"""How a person is asked what a target wants to know."""

from __future__ import annotations

import getpass
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from IPython.core.error import StdinNotImplementedError

from jupyter_compute.client.prompts import told
from jupyter_compute.commands import ask_person
from jupyter_compute.model import Prompt, Reply

Answers = Callable[[str], str]


def prompt(kind: str, **facts: Any) -> Prompt:
    values: dict[str, Any] = {"id": "p1", "target": "gpu1", "message": "Well?", "created": 0.0}
    return Prompt(type=kind, **{**values, **facts})  # type: ignore[arg-type]


def saying(answer: str, heard: list[str]) -> Answers:
    def say(words: str) -> str:
        heard.append(words)
        return answer

    return say


def test_a_question_of_several_lines_is_told_on_one() -> None:
    assert told(prompt("confirm", message="Is it\nSHA256:abc?")).startswith(
        "gpu1 asks: Is it SHA256:abc? (answer it"
    )


def test_a_secret_is_not_typed_where_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(getpass, "getpass", saying("s", heard))
    assert ask_person(prompt("secret")) == Reply(answer="s")
    assert heard == ["gpu1: Well? "]


def test_text_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", saying(" 12 ", []))
    assert ask_person(prompt("text")) == Reply(answer=" 12 ")


@pytest.mark.parametrize(
    ("said", "meant"), [("y", "yes"), (" YES ", "yes"), ("n", "no"), ("", "no"), ("what", "no")]
)
def test_only_yes_is_yes(monkeypatch: pytest.MonkeyPatch, said: str, meant: str) -> None:
    heard: list[str] = []
    monkeypatch.setattr("builtins.input", saying(said, heard))
    assert ask_person(prompt("confirm")) == Reply(answer=meant)
    assert heard == ["gpu1: Well? [yes/no] "]


@pytest.mark.parametrize("error", [EOFError, KeyboardInterrupt])
def test_who_goes_declines(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    def leave(_: str) -> NoReturn:
        raise error

    monkeypatch.setattr("builtins.input", leave)
    monkeypatch.setattr(getpass, "getpass", leave)
    for kind in ("secret", "text", "confirm"):
        assert ask_person(prompt(kind)) == Reply(answer=None)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("keyring", "Keep it in the system keyring? [y/N] "),
        ("/home/ann/kept", "Keep it in a file that only you can read, /home/ann/kept? [y/N] "),
    ],
)
@pytest.mark.parametrize(("said", "is_kept"), [("y", True), ("", False), ("n", False)])
def test_whether_it_is_kept_is_asked_afterwards_and_says_where(
    monkeypatch: pytest.MonkeyPatch, place: str, words: str, said: str, is_kept: bool
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(getpass, "getpass", saying("s", []))
    monkeypatch.setattr("builtins.input", saying(said, heard))
    asked = prompt("secret", can_keep=True, keep_in=place)
    assert ask_person(asked) == Reply(answer="s", keep=is_kept)
    assert heard == [words]


def test_no_answer_is_not_offered_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", saying("", []))
    asked = prompt("secret", can_keep=True, keep_in="keyring")
    assert ask_person(asked) == Reply(answer="")


def test_a_question_that_is_asked_again_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(getpass, "getpass", saying("s", heard))
    ask_person(prompt("secret", again=True))
    assert heard == ["gpu1: that was not accepted. Well? "]


def test_what_a_target_says_does_not_move_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr("builtins.input", saying("", heard))
    ask_person(prompt("text", message="a\x1b[2J\rb\nc"))
    assert heard == ["gpu1: a\\x1b[2J\\rb\nc "]


def test_where_the_front_end_has_no_input_the_question_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: str) -> NoReturn:
        raise StdinNotImplementedError("this front end has no input")

    monkeypatch.setattr(getpass, "getpass", refuse)
    assert ask_person(prompt("secret")) is None


def test_a_person_is_left_in_peace_when_somebody_else_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entered = threading.Event()

    def wait(_: str) -> NoReturn:
        entered.set()
        threading.Event().wait()
        raise AssertionError

    monkeypatch.setattr("builtins.input", wait)
    before = signal.getsignal(signal.SIGINT)
    assert ask_person(prompt("text"), lambda: not entered.is_set()) == Reply(answer=None)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_declines_whatever_else_it_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> NoReturn:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()
        raise AssertionError

    monkeypatch.setattr("builtins.input", interrupted)
    presses: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: presses.append(number))
    try:
        assert ask_person(prompt("text")) == Reply(answer=None)
        assert presses == []
        os.kill(os.getpid(), signal.SIGINT)
        assert presses == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_away_from_the_main_thread_one_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", saying("12", []))
    heard: list[Reply | None] = []
    asking = threading.Thread(target=lambda: heard.append(ask_person(prompt("text"))))
    asking.start()
    asking.join()
    assert heard == [Reply(answer="12")]
