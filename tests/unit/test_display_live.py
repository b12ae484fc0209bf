from __future__ import annotations

import io
import json
import os
import signal

import pytest
from display_fakes import RecordingScreen, ScriptedRun

from jupyter_compute.display.live import watch
from jupyter_compute.display.screens import HtmlScreen, TextScreen
from jupyter_compute.display.terminal import plain
from jupyter_compute.model import DisplayEvent, MetricEvent, ProgressEvent, RunState


def show(source: ScriptedRun) -> RecordingScreen:
    screen = RecordingScreen()
    watch(source, screen, clock=lambda: 120.0)
    return screen


def say(text: bytes):
    def step(run: ScriptedRun) -> None:
        run.text += text

    return step


def rich(text: str, **facts):
    return DisplayEvent(t=1.0, data={"text/plain": text}, **facts)


def interrupt(run: ScriptedRun) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_last_picture_has_the_whole_log() -> None:
    source = ScriptedRun(say(b"one\n"), say(b"10%\r"), say(b"20%\n"), ScriptedRun.end)
    screen = show(source)
    assert screen.is_closed
    assert [plain(line) for line in screen.pictures[-1].lines] == ["one", "20%"]
    assert screen.printed == source.text
    assert not screen.pictures[-1].is_live


def test_what_is_said_just_before_the_end_is_shown() -> None:
    def last(run: ScriptedRun) -> None:
        run.said.append(MetricEvent(t=1.0, name="loss", value=0.5))
        run.said.append(rich("table"))
        run.end()

    screen = show(ScriptedRun(last))
    assert screen.pictures[-1].metrics["loss"][0].value == 0.5
    assert [data["text/plain"] for data, _, _ in screen.bundles] == ["table"]


def test_rich_outputs_come_in_order_and_once_though_one_is_late() -> None:
    def start(run: ScriptedRun) -> None:
        run.said += [rich("1"), DisplayEvent(t=1.0, path="results/big.json"), rich("3")]

    def arrive(run: ScriptedRun) -> None:
        run.files["results/big.json"] = json.dumps({"data": {"text/plain": "2"}}).encode()

    screen = show(ScriptedRun(start, say(b"."), arrive, say(b"."), ScriptedRun.end))
    assert [data["text/plain"] for data, _, _ in screen.bundles] == ["1", "2", "3"]


def test_an_output_that_never_arrives_is_said_to_be_missing() -> None:
    source = ScriptedRun(ScriptedRun.end)
    source.said += [DisplayEvent(t=1.0, path="results/gone.json"), rich("after")]
    texts = [data["text/plain"] for data, _, _ in show(source).bundles]
    assert texts == ["(missing: results/gone.json)", "after"]


def test_an_update_goes_to_the_output_it_belongs_to() -> None:
    source = ScriptedRun(ScriptedRun.end)
    source.said += [rich("a", display_id="x"), rich("b", display_id="x", update=True)]
    (_, first, is_update), (_, second, then) = show(source).bundles
    assert first == second and first != "x"
    assert (is_update, then) == (False, True)


def test_the_first_interrupt_asks_to_cancel() -> None:
    source = ScriptedRun(
        interrupt, say(b"."), lambda run: run.end(RunState.CANCELED, error="canceled by me")
    )
    screen = show(source)
    assert source.cancels == 1
    assert screen.pictures[-1].run.state is RunState.CANCELED


def test_the_second_interrupt_leaves_the_run_alone() -> None:
    source = ScriptedRun(interrupt, interrupt)
    screen = show(source)
    assert source.cancels == 1
    assert screen.pictures[-1].run.state is RunState.RUNNING
    assert f"%compute run {source.now.id}" in screen.pictures[-1].note


def test_interrupts_are_handled_as_before_once_the_view_is_over() -> None:
    before = signal.getsignal(signal.SIGINT)
    show(ScriptedRun(ScriptedRun.end))
    assert signal.getsignal(signal.SIGINT) is before


def test_the_button_asks_to_cancel_once() -> None:
    screen = RecordingScreen()
    screen.pressed = True
    source = ScriptedRun(say(b"."), say(b"."), lambda run: run.end(RunState.CANCELED))
    watch(source, screen)
    assert source.cancels == 1


def test_a_new_attempt_begins_a_new_log() -> None:
    def again(run: ScriptedRun) -> None:
        run.change(attempt=2, state=RunState.QUEUED)
        run.text = b"second\n"

    screen = show(ScriptedRun(say(b"a very long first log\n"), again, ScriptedRun.end))
    assert [plain(line) for line in screen.pictures[-1].lines] == ["second"]


def test_a_notebook_sees_one_output_that_changes_in_place() -> None:
    published = []
    screen = HtmlScreen(lambda *facts: published.append(facts))
    watch(ScriptedRun(say(b"hello\n"), ScriptedRun.end), screen)
    assert len({display_id for _, _, display_id, _ in published}) == 1
    assert [update for _, _, _, update in published] == [False] + [True] * (len(published) - 1)
    data = published[-1][0]
    assert "hello" in data["text/html"] and "completed" in data["text/html"]
    assert "hello" in data["text/plain"] and "completed" in data["text/plain"]


class FakeTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_log_as_it_is_and_a_status_line_in_place() -> None:
    stream = FakeTerminal()
    source = ScriptedRun(say(b"\x1b[31mred\x1b[0m\n"), say(b"no end"), ScriptedRun.end)
    source.said.append(ProgressEvent(t=1.0, fraction=0.5))
    watch(source, TextScreen(stream, lambda *facts: None))
    text = stream.getvalue()
    assert "\x1b[31mred\x1b[0m\n" in text
    assert "\r\x1b[2K▶ running" in text
    assert text.splitlines()[-1].startswith("✓ completed")
    assert "html" not in text


def test_a_pipe_gets_lines_and_no_cursor_moves() -> None:
    stream = io.StringIO()
    watch(ScriptedRun(say(b"out"), ScriptedRun.end), TextScreen(stream, lambda *facts: None))
    lines = stream.getvalue().splitlines()
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()
    assert lines[0].startswith("▶ running") and "out" in lines and lines[-1].startswith("✓")


class Asking:
    """Asks one question, at once, and has its answer two looks later."""

    def __init__(self) -> None:
        self.left = 2
        self.is_new = True

    def note(self) -> str:
        self.left -= 1
        return "gpu1 asks: Password?" if self.left >= 0 else ""

    def has_news(self) -> bool:
        return self.is_new

    def attend(self) -> None:
        self.is_new = False


def test_the_view_says_what_the_target_asks_while_it_asks() -> None:
    screen, steps = RecordingScreen(), [say(b".")] * 4
    watch(ScriptedRun(*steps, ScriptedRun.end), screen, attendant=Asking())
    notes = [picture.note for picture in screen.pictures]
    assert notes[:2] == ["", "gpu1 asks: Password?"] and notes[-1] == ""
    assert screen.asides == 1


def test_a_pipe_gets_a_line_with_what_the_target_asks() -> None:
    stream, steps = io.StringIO(), [say(b".\n")] * 4
    screen = TextScreen(stream, lambda *facts: None)
    watch(ScriptedRun(*steps, ScriptedRun.end), screen, attendant=Asking())
    (line,) = [one for one in stream.getvalue().splitlines() if "asks" in one]
    assert line.endswith("gpu1 asks: Password?")


def test_a_question_at_a_terminal_has_a_line_of_its_own() -> None:
    stream = FakeTerminal()
    source = ScriptedRun(say(b"no end"), ScriptedRun.end)
    screen = TextScreen(stream, lambda *facts: None)
    screen.log(b"no end")
    screen.step_aside()
    assert stream.getvalue().endswith("no end\x1b[0m\n")
    watch(source, screen)


@pytest.mark.parametrize("state", list(RunState))
def test_no_state_is_told_by_color_alone(state: RunState) -> None:
    from jupyter_compute.display.words import SYMBOLS  # noqa: PLC0415

    assert len(set(SYMBOLS.values())) == len(RunState)
    assert SYMBOLS[state]


def test_a_stream_that_knows_few_characters_gets_others_for_them() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    watch(
        ScriptedRun(say("é\n".encode()), ScriptedRun.end), TextScreen(stream, lambda *facts: None)
    )
    stream.flush()
    assert b"? completed" in raw.getvalue()


def test_a_view_that_breaks_does_not_look_live() -> None:
    def break_down(run: ScriptedRun) -> None:
        raise OSError("the disk is gone")

    screen = RecordingScreen()
    with pytest.raises(OSError):
        watch(ScriptedRun(break_down), screen)
    assert screen.is_closed
    assert "No longer watched" in screen.pictures[-1].note
