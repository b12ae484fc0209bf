"""A target asks where the user is: at the terminal that attaches, checks, submits or waits."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from leavings import places_with
from shell import PATIENCE_S, Shell
from terminal import terminal

from jupyter_compute.client import Client
from jupyter_compute.model import Prompt

KINDS = str(Path(__file__).parents[1] / "kinds")
SECRET = "open-sesame-at-the-terminal"
CODE = "code-161803"
KIND = ("--kind", "showcase", "--host", "asks", "--user")

T = TypeVar("T")


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asking") / "compute"


@pytest.fixture(scope="module", autouse=True)
def controller_ends(shared_home: Path) -> Iterator[None]:
    yield
    with Client(shared_home) as client:
        assert client.stop_controller(PATIENCE_S)


@pytest.fixture
def shell(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose user has installed a kind that asks, and no keyring."""
    folder = tmp_path / "source"
    folder.mkdir()
    monkeypatch.syspath_prepend(KINDS)
    monkeypatch.setenv("PYTHONPATH", KINDS)
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(shared_home))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("NO_COLOR", "1")
    return Shell(folder, shared_home)


def until(find: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def open_prompt(client: Client, target: str) -> Prompt:
    return until(lambda: next((one for one in client.prompts() if one.target == target), None))


def answer_all(client: Client, target: str) -> None:
    """Answer what a target asks, somewhere else."""
    first = open_prompt(client, target)
    client.answer(first.id, SECRET)
    second = until(lambda: next((p for p in client.prompts() if p.id != first.id), None))
    client.answer(second.id, CODE)


def hello(shell: Shell) -> str:
    shell.write("hello.py", "print('hello')")
    return "hello.py"


# -- attach ----------------------------------------------------------------------------------------


def test_attach_asks_at_the_terminal_and_ends_with_a_target_that_was_looked_at(
    shell: Shell,
) -> None:
    with terminal(shell.folder, ["attach", "box", *KIND, "ann"]) as user:
        user.until("looking at showcase://ann@asks:22")
        user.until("box: Password for ann@asks")
        user.type(SECRET)
        user.until("Keep it in a file that only you can read, ")
        user.until("[y/N]")
        user.type("")
        user.until("box: The code")
        user.type(CODE)
        assert user.code() == 0
    assert SECRET not in user.shown and "Traceback" not in user.shown
    assert "box: showcase at showcase://ann@asks:22" in user.shown
    assert "cores" in user.shown
    state = shell.ok("show", "box", "--json").json
    assert state["info"]["host"] == "asks" and state["error"] is None
    # What was found is known: the first run asks nothing.
    assert "hello" in shell.ok("submit", "--wait", "--target", "box", hello(shell)).text
    # The password that has just been given opens the target once more; nobody keeps it.
    with terminal(shell.folder, ["check", "box"]) as user:
        user.until("box: The code")
        assert "Password" not in user.shown
        user.type(CODE)
        assert user.code() == 0
    assert places_with(SECRET, shell.home, shell.folder) == []
    shell.ok("detach", "box")


def test_a_kept_answer_is_listed_by_its_name_and_forgotten_with_its_target(shell: Shell) -> None:
    with terminal(shell.folder, ["attach", "box", *KIND, "kim"]) as user:
        user.until("Password for kim@asks")
        user.type(SECRET)
        user.until("[y/N]")
        user.type("y")
        user.until("The code")
        user.type(CODE)
        assert user.code() == 0
    kept = shell.home / "kept-answers.toml"
    assert places_with(SECRET, shell.home, shell.folder) == [kept]
    name = "showcase://kim@asks:22 password"
    listed = shell.ok("answers")
    assert name in listed.text and "box" in listed.text and SECRET not in listed.text
    assert shell.ok("answers", "--json").json == {
        "answers": [{"name": name, "target": "box", "in": str(kept)}]
    }
    refused = shell.run("answers", "--forget", "showcase password")
    assert refused.code == 3 and name in refused.err
    shell.ok("detach", "box")
    assert shell.ok("answers").text == "no answers are kept\n"
    assert places_with(SECRET, shell.home, shell.folder) == []


def test_kept_answers_are_forgotten_one_by_one_or_all_at_once(shell: Shell) -> None:
    kept = shell.home / "kept-answers.toml"
    names = ("a", "b", "c")
    kept.write_text("".join(f'[{one}]\ntarget = "x"\nanswer = "{SECRET}"\n' for one in names))
    kept.chmod(0o600)
    assert shell.run("answers", "--forget", "a", "--forget-all").code == 2
    assert shell.ok("answers", "--forget", "b", "--json").json == {"forgotten": ["b"]}
    assert shell.ok("answers", "--forget-all").text == "a: forgotten\nc: forgotten\n"
    assert not kept.exists()
    kept.write_text(f'[a]\ntarget = "x"\nanswer = "{SECRET}"\n')
    kept.chmod(0o644)
    refused = shell.run("answers")
    assert refused.code == 2 and "others may have read" in refused.err and "chmod" in refused.err
    findings = shell.ok("doctor", "--json").json["findings"]
    (found,) = [one for one in findings if one["subject"] == "kept answers"]
    assert found["level"] == "warning" and "chmod 600" in found["remedy"]
    kept.unlink()


def test_who_is_not_let_in_attaches_nothing_unless_they_insist(shell: Shell) -> None:
    words = ["attach", "shut", *KIND, "bob"]
    with terminal(shell.folder, words) as user:
        user.until("shut: Password for bob@asks")
        user.type("wrong")
        user.until("[y/N]")
        user.type("y")
        user.until("shut: that was not accepted. Password for bob@asks")
        user.press(b"\x03")
        assert user.code() == 10
    assert "--no-check attaches it all the same" in user.shown
    assert "Traceback" not in user.shown
    assert shell.ok("answers").text == "no answers are kept\n"
    assert shell.run("show", "shut").code == 3
    insisted = shell.ok(*words, "--no-check")
    assert "check shut" in insisted.text
    shell.ok("detach", "shut")


def test_a_place_that_does_not_answer_is_not_attached(shell: Shell) -> None:
    answer = shell.run("attach", "far", "--kind", "showcase", "--host", "nowhere")
    assert answer.code == 9
    assert "is it switched on?; --no-check attaches it all the same" in answer.err
    assert shell.run("show", "far").code == 3


def test_what_is_wrong_there_is_said_with_what_to_do_and_the_target_is_attached(
    shell: Shell,
) -> None:
    answer = shell.ok("attach", "ill", "--kind", "showcase", "--host", "ill", "--json")
    assert answer.json["is_usable"] is False and answer.json["info"]["problems"]
    assert shell.ok("show", "ill", "--json").json["info"] == answer.json["info"]
    shell.ok("detach", "ill")


def test_nothing_is_asked_for_a_name_or_a_place_that_is_taken(shell: Shell) -> None:
    shell.ok("attach", "taken", *KIND, "cyd", "--no-check")
    for words in (["taken", *KIND, "dan"], ["other", *KIND, "cyd"], ["x/y", *KIND, "eve"]):
        answer = shell.run("attach", *words)
        assert answer.code in (2, 4) and "looking" not in answer.err, answer
    shell.ok("detach", "taken")


# -- wait ------------------------------------------------------------------------------------------


def test_whoever_waits_for_a_run_is_asked_what_its_target_asks(shell: Shell) -> None:
    shell.ok("attach", "manned", *KIND, "fay", "--no-check")
    words = ["submit", "--wait", "--target", "manned", hello(shell)]
    with terminal(shell.folder, words) as user:
        user.until("manned: Password for fay@asks")
        user.type(SECRET)
        user.until("[y/N]")
        user.type("n")
        user.until("manned: The code")
        user.type(CODE)
        user.until("hello")
        assert user.code() == 0
    assert places_with(SECRET, shell.home, shell.folder) == []
    shell.ok("detach", "manned")


@pytest.mark.parametrize("way", ["submit", "wait", "logs"])
def test_where_nobody_can_be_asked_a_line_says_what_is_asked_and_where_to_answer(
    shell: Shell, way: str
) -> None:
    name = f"alone-{way}"
    shell.ok("attach", name, *KIND, f"gus-{way}", "--no-check")
    submit = ["submit", "--target", name, hello(shell)]
    words = [*submit, "--wait"]
    if way != "submit":
        run_id = shell.ok(*submit, "--json").json["id"]
        words = ["wait", run_id] if way == "wait" else ["logs", "--follow", run_id]
    program = shell.start(*words, stdin=subprocess.DEVNULL)
    with Client(shell.home) as client:
        open_prompt(client, name)
        assert program.stderr is not None
        lines = iter(program.stderr.readline, b"")
        told = next(line.decode() for line in lines if b"asks" in line)
        assert told == (
            f"{name} asks: Password for gus-{way}@asks (answer it in the sidebar, "
            f"or in a terminal: jupyter compute check {name})\n"
        )
        # Who submits and does not wait is told as well.
        left = shell.ok(*submit)
        assert f"{name} asks: Password for gus-{way}@asks" in left.text
        answer_all(client, name)
        out, err = program.communicate(timeout=PATIENCE_S)
        assert program.returncode == 0, err
        assert b"hello" in out or way == "wait"
        client.wait(client.last_run().id)
    shell.ok("detach", name)


def test_a_question_that_is_answered_elsewhere_leaves_the_terminal(shell: Shell) -> None:
    shell.ok("attach", "busy", *KIND, "hal", "--no-check")
    words = ["submit", "--wait", "--target", "busy", hello(shell)]
    with (
        Client(shell.home) as client,
        terminal(shell.folder, words) as one,
        terminal(shell.folder, words) as other,
    ):
        for user in (one, other):
            user.until("busy: Password for hal@asks")
        client.answer(open_prompt(client, "busy").id, SECRET)
        for user in (one, other):
            user.until("busy: that has been answered already")
            user.until("busy: The code")
        one.type(CODE)
        other.until("busy: that has been answered already")
        for user in (one, other):
            user.until("hello")
            assert user.code() == 0
    shell.ok("detach", "busy")


def test_who_declines_fails_the_run_and_is_not_asked_on(shell: Shell) -> None:
    shell.ok("attach", "shy", *KIND, "ida", "--no-check")
    words = ["submit", "--wait", "--target", "shy", hello(shell)]
    with terminal(shell.folder, words) as user:
        user.until("shy: Password for ida@asks")
        user.press(b"\x03")
        assert user.code() != 0
    assert "did not answer" in user.shown and "asked the run to end" not in user.shown
    shell.ok("detach", "shy")
