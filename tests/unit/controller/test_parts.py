"""The controller's smaller parts."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.controller import progress, slots
from jupyter_compute.controller.desk import Desk
from jupyter_compute.controller.ending import end
from jupyter_compute.controller.events import parse, result_of
from jupyter_compute.controller.handover import SecretBox
from jupyter_compute.controller.launch import merged
from jupyter_compute.controller.line import Line
from jupyter_compute.controller.mirror import Mirror, check_name
from jupyter_compute.errors import (
    AuthenticationError,
    ComputeError,
    DriverError,
    LaunchError,
    StoreError,
    TargetUnreachableError,
)
from jupyter_compute.model import DisplayEvent, ErrorEvent, MetricEvent, RunFacts, VariableEvent

METRICS = [MetricEvent(t=1.0, name="loss", value=float(n)) for n in range(5)]
DATA = b"".join(
    json.dumps({"type": "metric", "t": 1.0, "name": "loss", "value": float(n)}).encode() + b"\n"
    for n in range(5)
)


# -- events ------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, len(DATA)), max_size=6))
def test_events_cut_at_any_byte_are_read_once_and_in_order(cuts):
    found, rest, at = [], b"", 0
    for cut in [*sorted(cuts), len(DATA)]:
        events, used = parse(rest + DATA[at:cut])
        rest, at = (rest + DATA[at:cut])[used:], cut
        found += events
    assert found == METRICS
    assert rest == b""


def test_a_line_that_is_no_event_of_ours_is_left_out_and_the_others_count():
    lines = [b"{broken", b'{"type": "later"}', b"", b"\xff\xfe", DATA.splitlines()[0]]
    assert parse(b"\n".join(lines) + b"\nhalf")[0] == METRICS[:1]


def test_a_file_of_results_is_named_as_it_is_read():
    assert result_of(DisplayEvent(t=0, path="results/a.json")) == "results/a.json"
    assert result_of(VariableEvent(t=0, name="x", path="x.npy")) == "results/x.npy"
    assert result_of(DisplayEvent(t=0)) == ""
    assert result_of(METRICS[0]) == ""


# -- mirror ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "",
        "state.json",
        "outputs",
        "outputs/",
        "outputs//a",
        "outputs/../log",
        "/outputs/a",
        "outputs/./a",
        "outputs/a\0b",
        "../outputs/a",
    ],
)
def test_a_name_that_is_no_file_of_a_run_is_refused(name, tmp_path):
    with pytest.raises(ComputeError, match="no file of a run"):
        check_name(name)
    with pytest.raises(ComputeError):
        Mirror(tmp_path).path(name)


def test_a_file_is_seen_only_when_all_of_it_is_here(tmp_path):
    mirror = Mirror(tmp_path / "1")
    name = "outputs/deep/model.bin"
    assert mirror.offset(name) == 0
    assert mirror.write(name, 0, b"half ") == 5
    assert not mirror.is_here(name)
    assert Mirror(tmp_path / "1").offset(name) == 5
    mirror.write(name, 5, b"and half")
    for _ in range(2):
        mirror.complete(name, 0o755)
    assert mirror.path(name).read_bytes() == b"half and half"
    assert mirror.path(name).stat().st_mode & 0o777 == 0o700
    mirror.complete("outputs/empty", 0o644)
    assert mirror.path("outputs/empty").read_bytes() == b""


def test_a_log_grows_in_place(tmp_path):
    mirror = Mirror(tmp_path)
    mirror.write("log", 0, b"one")
    mirror.write("log", 3, b"two")
    mirror.write("log", 3, b"two")
    assert (tmp_path / "log").read_bytes() == b"onetwo"
    assert mirror.offset("log") == 6


def test_gpus_are_remembered_and_a_broken_note_is_none(tmp_path):
    assert slots.recall(tmp_path) == ()
    slots.remember(tmp_path / "1", ("0", "3"))
    assert slots.recall(tmp_path / "1") == ("0", "3")
    (tmp_path / "gpus.json").write_text("[")
    assert slots.recall(tmp_path) == ()


# -- line --------------------------------------------------------------------------------------


class Scripted:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self, driver):
        self.calls += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def line(changes=None):
    def note():
        if changes is not None:
            changes.append(1)

    return Line(None, lambda: 1000.0, note, first_s=0.001, longest_s=0.002)


def test_a_call_without_an_answer_is_made_again_until_there_is_one():
    async def act():
        changes = []
        wire = line(changes)
        script = Scripted(*[TargetUnreachableError("gone")] * 4, "here")
        assert await wire.call(script) == "here"
        return script.calls, len(changes), wire.is_silent, wire.last_answer

    assert asyncio.run(act()) == (5, 5, False, 1000.0)


def test_one_caller_at_a_time_tries_a_silent_target():
    async def act():
        wire = line()
        trying = most = 0

        async def probe(driver):
            nonlocal trying, most
            if wire.is_silent:
                trying += 1
                most = max(most, trying)
                await asyncio.sleep(0.001)
                trying -= 1
                if len(tries) < 10:
                    tries.append(1)
                    raise TargetUnreachableError("gone")
            elif len(tries) < 10:
                tries.append(1)
                raise TargetUnreachableError("gone")
            return "here"

        tries: list[int] = []
        answers = await asyncio.gather(*(wire.call(probe) for _ in range(20)))
        return most, set(answers)

    assert asyncio.run(act()) == (1, {"here"})


def test_a_prober_that_is_canceled_hands_over():
    async def act():
        wire = Line(None, lambda: 0.0, lambda: None, first_s=0.05)
        first = asyncio.create_task(wire.call(Scripted(TargetUnreachableError("x"), "first")))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(wire.call(Scripted("second")))
        await asyncio.sleep(0.01)
        await end(first)
        return await asyncio.wait_for(second, 60)

    assert asyncio.run(act()) == "second"


def test_an_answer_that_is_no_is_raised_by_a_call_and_awaited_by_a_question():
    async def act():
        wire = line()
        with pytest.raises(LaunchError):
            await wire.call(Scripted(LaunchError("no")))
        refused = AuthenticationError("who are you", hint="log in")
        assert await wire.ask(Scripted(refused, DriverError("busy"), "fine")) == "fine"
        with pytest.raises(DriverError, match="no such file"):
            await wire.ask(Scripted(DriverError("no such file")), silent=(AuthenticationError,))

    asyncio.run(act())


def test_a_call_that_takes_too_long_counts_as_unanswered():
    async def act():
        wire = line()
        tries = []

        async def slow(driver):
            tries.append(1)
            await asyncio.sleep(0 if len(tries) > 2 else 600)
            return "here"

        return await wire.call(slow, limit_s=0.01), len(tries)

    assert asyncio.run(act()) == ("here", 3)


# -- desk, box, words --------------------------------------------------------------------------


def test_the_desk_asks_a_locked_store_again_and_passes_other_errors_on():
    class Locked:
        def __init__(self):
            self.tries = 0

        def advance(self, word, *, times):
            self.tries += 1
            if self.tries <= times:
                raise StoreError("locked by another process")
            return word

        def get(self):
            raise KeyError("r1")

    async def act():
        store = Locked()
        desk = Desk(store, longest_s=0.01)
        try:
            assert await desk.ask(store.advance, "done", times=1) == "done"
            with pytest.raises(KeyError):
                await desk.ask(store.get)
        finally:
            desk.close()
        return store.tries

    assert asyncio.run(act()) == 2


def test_secrets_are_kept_until_dropped_and_waited_for():
    async def act():
        box = SecretBox()
        waiting = asyncio.create_task(box.wait("r1", {"A", "B"}, 60.0))
        await asyncio.sleep(0)
        box.put("r1", {"A": "1"}, now=10.0)
        box.put("r1", {"B": "2"}, now=10.0)
        found = await waiting
        assert box.is_awaited(20.0)
        assert not box.is_awaited(200.0)
        box.drop("r1")
        box.drop("r1")
        assert await box.wait("r1", {"A"}, 0.0) == {}
        return {name: value.reveal() for name, value in found.items()}, repr(found)

    values, shown = asyncio.run(act())
    assert values == {"A": "1", "B": "2"}
    assert "1" not in shown


def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same():
    async def stubborn():
        for _ in range(3):
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                continue
        return "at last"

    async def act():
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        await end(task, None)
        return task.done()

    assert asyncio.run(act())


def test_facts_of_a_job_are_taken_over_by_name():
    facts = RunFacts(host="a", phases={"queue": 1.0})
    news = {"host": "b", "unheard": 1, "phases": {"run": 2.0}, "peak_memory_bytes": 5}
    found = merged(facts, news)
    assert (found.host, found.peak_memory_bytes) == ("b", 5)
    assert found.phases == {"queue": 1.0, "run": 2.0}


def test_the_lines_are_one_line_each():
    last = ErrorEvent(t=0, ename="ValueError", evalue="bad\n  luck")
    assert progress.why("exit code 1", last) == "exit code 1: ValueError: bad luck"
    assert progress.why("ValueError: bad luck", last) == "ValueError: bad luck"
    assert progress.why("", last) == "ValueError: bad luck"
    assert progress.why("signal\nSIGKILL", None) == "signal SIGKILL"
    error = LaunchError("no\nroom", hint="make\nroom")
    assert progress.explain(error) == "no room (make room)"
    noon = time.mktime((2026, 3, 1, 12, 3, 0, 0, 0, -1))
    silence = progress.silence(noon, 7.6, "no route\nto host", noon + 60)
    assert silence == "no answer since 12:03, retrying in 8 s: no route to host"
    later = progress.silence(noon, 0.0, "", noon + 86400)
    assert later == "no answer since 2026-03-01 12:03, retrying now"
