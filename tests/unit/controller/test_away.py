"""A target that is away: what is said about it, and when it is tried again."""

from __future__ import annotations

import asyncio
import time

import msgspec
import pytest

from jupyter_compute.commands import wording
from jupyter_compute.controller.interruptions import Interruptions
from jupyter_compute.controller.line import Line
from jupyter_compute.display.text import heading_words
from jupyter_compute.display.view import RunPicture
from jupyter_compute.errors import TargetUnreachableError
from jupyter_compute.model import Run, RunState, ScriptCommand, new_run_id
from jupyter_compute.testing import FakeDriver, FakeEngine, hold, say
from jupyter_compute.testing.house import House

NEVER_S = 3600.0


class Machine:
    """Its clocks and its network, which a test moves."""

    def __init__(self) -> None:
        self.monotonic, self.boot, self.wall = 100.0, 100.0, 1e9
        self.network = b"wlan0"
        self.looks = 0

    def interruptions(self) -> Interruptions:
        return Interruptions(lambda: (self.monotonic, self.boot, self.wall), self._read_network)

    def _read_network(self) -> bytes:
        self.looks += 1
        return self.network


# -- what is noticed ---------------------------------------------------------------------------


def test_time_that_passes_is_no_interruption_and_sleep_is_one():
    machine = Machine()
    watched = machine.interruptions()
    for _ in range(5):
        machine.monotonic, machine.boot, machine.wall = (
            machine.monotonic + 50,
            machine.boot + 50,
            machine.wall + 50,
        )
        assert not watched.have_been(is_silent=False)
    machine.boot, machine.wall = machine.boot + 600, machine.wall + 600
    assert watched.have_been(is_silent=False)
    assert not watched.have_been(is_silent=False)


def test_a_paused_machine_whose_wall_clock_is_set_has_slept_and_one_set_back_has_not():
    machine = Machine()
    watched = machine.interruptions()
    machine.wall += 30
    assert watched.have_been(is_silent=False)
    machine.wall -= 3600
    assert not watched.have_been(is_silent=False)


def test_a_changed_network_counts_only_while_something_is_silent():
    machine = Machine()
    watched = machine.interruptions()
    machine.network = b"none"
    assert not watched.have_been(is_silent=False)
    assert not watched.have_been(is_silent=True)
    machine.network = b"wlan0"
    assert watched.have_been(is_silent=True)
    assert not watched.have_been(is_silent=True)


def test_the_clocks_of_this_machine_can_be_read():
    watched = Interruptions()
    assert not watched.have_been(is_silent=True)
    assert not watched.have_been(is_silent=True)


# -- when it is tried again --------------------------------------------------------------------


def test_many_calls_that_fail_together_are_one_silence():
    async def act():
        line = Line(None, lambda: 50.0, lambda: None, first_s=NEVER_S)

        async def fail(_):
            await asyncio.sleep(0)
            raise TargetUnreachableError("cut")

        calls = [asyncio.create_task(line.call(fail)) for _ in range(16)]
        for _ in range(40):
            await asyncio.sleep(0)
        retry_at = line.retry_at
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return retry_at

    assert 50.0 + 0.8 * NEVER_S <= asyncio.run(act()) <= 50.0 + 1.2 * NEVER_S


def test_a_line_that_is_hurried_is_tried_at_once_and_soon_again():
    async def act():
        tries = []
        line = Line(None, lambda: 50.0, lambda: None, first_s=NEVER_S / 100, longest_s=NEVER_S)

        async def fail(_):
            tries.append(1)
            raise TargetUnreachableError("cut")

        line.hurry()
        call = asyncio.create_task(line.call(fail))
        pauses = []
        for count in (1, 2, 3):
            for _ in range(20):
                await asyncio.sleep(0)
            assert len(tries) == count
            pauses.append(line.retry_at - 50.0)
            line.hurry()
            assert line.retry_at == 50.0
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return pauses

    assert all(pause <= 1.2 * NEVER_S / 100 for pause in asyncio.run(act()))


# -- what is said ------------------------------------------------------------------------------


def silent_run(**changes):
    run = Run(
        id=new_run_id(),
        experiment="e",
        name="n",
        target="t",
        snapshot_id="",
        command=ScriptCommand(path="x.py"),
        state=RunState.RUNNING,
        reason="no answer since 12:03, retrying in 8 s: no route",
        retry_at=1008.0,
    )
    return msgspec.structs.replace(run, **changes)


@pytest.mark.parametrize(
    ("now", "words"),
    [(1000.0, "in 8 s"), (1004.5, "in 4 s"), (1008.0, "now"), (2000.0, "now")],
)
def test_the_pause_is_counted_down_in_every_view(now, words):
    expected = f"no answer since 12:03, retrying {words}: no route"
    assert silent_run().reason_at(now) == expected
    assert heading_words(RunPicture(run=silent_run(), now=now)) == expected


def test_a_list_counts_down_too_and_what_is_over_is_left_alone():
    assert "retrying now" in wording.why(silent_run(retry_at=time.time() - 5))
    assert silent_run(retry_at=None).reason_at(2000.0) == silent_run().reason
    assert silent_run(state=RunState.COMPLETED).reason_at(2000.0) == silent_run().reason


# -- all of it together ------------------------------------------------------------------------


@pytest.fixture
def engine(tmp_path):
    return FakeEngine.named(str(tmp_path))


@pytest.fixture
def build(tmp_path):
    built = []

    def make(**changes):
        built.append(House(tmp_path / "w", FakeDriver, {"engine": str(tmp_path)}, **changes))
        return built[-1]

    yield make
    for house in built:
        house.close()


def play(house, scene):
    async def act():
        async with house.serving():
            return await scene()

    return asyncio.run(act())


def is_silent(run):
    return run.reason.startswith("no answer since") and run.retry_at is not None


@pytest.mark.parametrize("what", ["sleep", "network"])
def test_a_target_is_asked_anew_when_the_laptop_wakes_or_its_network_is_back(build, engine, what):
    machine = Machine()
    house = build(retry_s=NEVER_S, interruptions=machine.interruptions(), interruptions_s=0.01)

    async def scene():
        run = house.submit(say("one\n"), hold(), say("two\n"))
        await house.state(run.id, RunState.RUNNING)
        machine.network = b"none"
        engine.set_down(True)
        silent = await house.until(run.id, is_silent)
        assert silent.retry_at - time.time() > NEVER_S / 2
        looks = machine.looks
        while machine.looks < looks + 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        engine.release(run.id)
        engine.set_down(False)
        if what == "sleep":
            machine.boot += 600
        else:
            machine.network = b"wlan0"
        return await house.over(run.id)

    run = play(house, scene)
    assert (run.state, run.reason, run.retry_at) == (RunState.COMPLETED, "", None)
    assert house.file(run, "log") == b"one\ntwo\n"


def test_what_is_submitted_meanwhile_stays_queued_says_so_and_goes_when_there_is_an_answer(
    build, engine
):
    machine = Machine()
    house = build(retry_s=NEVER_S, interruptions=machine.interruptions(), interruptions_s=0.01)

    async def scene():
        first = house.submit(hold())
        await house.state(first.id, RunState.RUNNING)
        engine.set_down(True)
        await house.until(first.id, is_silent)
        second = house.submit(say("two"))
        waiting = await house.until(second.id, is_silent)
        assert waiting.state is RunState.QUEUED
        engine.release(first.id)
        engine.set_down(False)
        machine.boot += 600
        await house.over(first.id)
        return await house.over(second.id)

    run = play(house, scene)
    assert (run.state, run.reason) == (RunState.COMPLETED, "")
