"""What the controller does with runs, over a fake engine that a test can steer."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import msgspec
import pytest

from jupyter_compute.controller import handover, inspection, slots
from jupyter_compute.controller.handover import Handover
from jupyter_compute.errors import DriverError, LaunchError, TargetUnreachableError
from jupyter_compute.model import Resources, RunState, Secret
from jupyter_compute.testing import (
    FakeDriver,
    FakeEngine,
    hold,
    leave,
    lose,
    pend,
    rest,
    say,
    tell,
    write,
)
from jupyter_compute.testing.house import House


@pytest.fixture
def engine(tmp_path):
    return FakeEngine.named(str(tmp_path))


@pytest.fixture
def build(tmp_path):
    built = []

    def make(root="workspace", options=None, **changes):
        options = {"engine": str(tmp_path), **(options or {})}
        changes = {"retry_s": 0.01, **changes}
        built.append(House(tmp_path / root, FakeDriver, options, **changes))
        return built[-1]

    yield make
    for house in built:
        house.close()


def play(house, scene):
    """Let a scene happen while a controller serves."""

    async def act():
        async with house.serving():
            return await scene()

    return asyncio.run(act())


@asynccontextmanager
async def reachable(house, controller):
    door = Handover(house.workspace, controller.answer)
    await door.open()
    try:
        yield
    finally:
        await door.close()


def test_runs_wait_for_a_slot_in_order_and_say_so(build, engine):
    house = build(options={"slots": 1})

    async def scene():
        first = house.submit(hold())
        await house.state(first.id, RunState.RUNNING)
        second, third = house.submit(hold()), house.submit(say("3"))
        for run in (second, third):
            await house.until(run.id, lambda run: run.reason == "waiting for a slot: 1 of 1 in use")
        engine.release(first.id)
        await house.state(second.id, RunState.RUNNING)
        assert house.store.get(third.id).state is RunState.QUEUED
        engine.release(second.id)
        return await house.over(third.id)

    assert play(house, scene).state is RunState.COMPLETED


def test_a_queued_run_is_canceled_at_once_and_never_launched(build, engine):
    house = build(options={"slots": 1})

    async def scene():
        first = house.submit(hold())
        await house.state(first.id, RunState.RUNNING)
        second = house.submit(say("never"))
        await house.until(second.id, lambda run: run.reason.startswith("waiting"))
        house.cancel(second.id)
        over = await house.over(second.id)
        engine.release(first.id)
        await house.over(first.id)
        return over

    run = play(house, scene)
    assert (run.state, run.error) == (RunState.CANCELED, "canceled by a test: before it started")
    assert (run.id, 1) not in engine.launches


def test_a_run_is_canceled_while_its_files_are_sent(build, engine):
    house = build()
    engine.fail("upload", TargetUnreachableError("cut"), times=10_000)

    async def scene():
        run = house.submit(say("never"))
        await house.until(run.id, lambda run: "no answer" in run.reason)
        house.cancel(run.id)
        return await house.over(run.id)

    run = play(house, scene)
    assert (run.state, run.error) == (RunState.CANCELED, "canceled by a test: before it started")
    assert not engine.launches


def test_a_run_that_can_never_fit_fails_and_says_why(build):
    house = build(options={"cpus": 2, "gpus": 0})

    async def scene():
        greedy = house.submit(resources=Resources(cpus=3))
        blind = house.submit(resources=Resources(gpus=1))
        return await house.over(greedy.id), await house.over(blind.id)

    greedy, blind = play(house, scene)
    assert greedy.state is RunState.FAILED
    assert greedy.error.startswith("it needs 3 cpus, the target has 2")
    assert blind.error.startswith("it needs 1 GPU, the target has none")


def test_no_gpu_is_given_twice_even_after_a_restart(build, engine):
    house = build(options={"slots": 8, "gpus": 3}, hold_s=0.2)

    async def first():
        run = house.submit(hold(), resources=Resources(gpus=2))
        await house.state(run.id, RunState.RUNNING)
        return run

    async def second():
        small = house.submit(hold(), resources=Resources(gpus=1))
        await house.state(small.id, RunState.RUNNING)
        blocked = house.submit(hold(), resources=Resources(gpus=1))
        await house.until(blocked.id, lambda run: run.reason == "waiting for 1 GPU: 0 of 3 free")
        for run in (large, small):
            engine.release(run.id)
        await house.state(blocked.id, RunState.RUNNING)
        engine.release(blocked.id)
        await house.over(blocked.id)
        return small

    large = play(house, first)
    small = play(house, second)
    given = [slots.recall(house.workspace.run(run.id) / "1") for run in (large, small)]
    assert given == [("0", "1"), ("2",)]


def test_silence_is_not_evidence(build, engine):
    house = build()

    async def scene():
        run = house.submit(say("one\n"), hold(), say("two\n"))
        await house.state(run.id, RunState.RUNNING)
        engine.set_down(True)
        silent = await house.until(run.id, lambda run: run.reason.startswith("no answer since"))
        assert silent.state is RunState.RUNNING
        assert silent.last_seen is not None
        engine.release(run.id)
        engine.set_down(False)
        return await house.over(run.id)

    run = play(house, scene)
    assert (run.state, run.reason) == (RunState.COMPLETED, "")
    assert house.file(run, "log") == b"one\ntwo\n"


def test_a_target_that_refuses_the_question_has_said_nothing_about_its_runs(build, engine):
    house = build()

    async def scene():
        run = house.submit(hold())
        await house.state(run.id, RunState.RUNNING)
        engine.fail("poll", DriverError("the quota of questions is used up"), times=3)
        engine.release(run.id)
        return await house.over(run.id)

    assert play(house, scene).state is RunState.COMPLETED


def test_a_launch_whose_answer_was_lost_is_one_job(build, engine):
    house = build()
    engine.fail("launch", TargetUnreachableError("cut"), times=2, after=True)

    async def scene():
        return await house.over(house.submit(say("once\n")).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert engine.launches == {(run.id, 1): 1}


def test_an_engine_that_says_no_fails_the_run_with_its_words_and_the_hint(build, engine):
    house = build()
    engine.fail("launch", LaunchError("no such partition: gpu", hint="one of: cpu, long"))

    async def scene():
        return await house.over(house.submit().id)

    run = play(house, scene)
    assert run.state is RunState.FAILED
    assert run.error == "no such partition: gpu (one of: cpu, long)"


def test_a_lost_job_is_started_again_and_not_forever(build, engine):
    house = build(requeues=2)

    async def scene():
        return await house.over(house.submit(say("once more\n"), lose()).id)

    run = play(house, scene)
    assert (run.state, run.attempt) == (RunState.FAILED, 3)
    assert "the node was lost" in run.error
    assert sorted(engine.launches) == [(run.id, 1), (run.id, 2), (run.id, 3)]
    for attempt in (1, 2, 3):
        log = house.workspace.run(run.id) / str(attempt) / "log"
        assert log.read_bytes() == b"once more\n"


def test_a_job_the_target_forgot_is_not_failed_but_can_be_canceled(build, engine, monkeypatch):
    monkeypatch.setattr("jupyter_compute.controller.worker._UNKNOWN_S", 0.05)
    house = build(hold_s=0.02)

    async def scene():
        run = house.submit(hold())
        await house.state(run.id, RunState.RUNNING)
        engine.forget(run.id)
        polls = engine.calls["poll"]
        while engine.calls["poll"] < polls + 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert house.store.get(run.id).state is RunState.RUNNING
        house.cancel(run.id)
        return await house.over(run.id)

    run = play(house, scene)
    assert run.state is RunState.CANCELED
    assert "did not know its job" in run.error


def test_a_bug_with_one_run_does_not_stop_the_others(build, engine):
    house = build()
    make_job = house.job

    def job(run, secrets):
        if run.name == "cursed":
            raise ZeroDivisionError("what a pity")
        return make_job(run, secrets)

    house._changes["make_job"] = job

    async def scene():
        cursed, sane = house.submit(name="cursed"), house.submit(say("fine"))
        return await house.over(cursed.id), await house.over(sane.id)

    cursed, sane = play(house, scene)
    assert sane.state is RunState.COMPLETED
    assert cursed.state is RunState.FAILED
    assert "ZeroDivisionError: what a pity" in cursed.error


def test_a_driver_that_fails_in_an_unforeseen_way_once_is_tried_again(build, engine):
    house = build()
    for method in ("upload", "launch", "poll", "read"):
        engine.fail(method, RuntimeError("a hiccup"))

    async def scene():
        return await house.over(house.submit(say("fine\n"), write("outputs/a", "b")).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert house.file(run, "log") == b"fine\n"


def test_secrets_reach_the_job_and_nothing_on_disk(build, engine):
    house = build()

    async def scene():
        run = house.submit(
            say("quiet\n"), secrets={"TOKEN": "env:MY_TOKEN", "KEY": "file:/some/where"}
        )
        given = {"TOKEN": Secret("swordfish-4711")}
        assert await asyncio.to_thread(handover.hand_over, house.workspace, run.id, given)
        return await house.over(run.id)

    async def act():
        async with house.serving() as controller, reachable(house, controller):
            return await scene()

    run = asyncio.run(act())
    assert run.state is RunState.COMPLETED
    values = {"TOKEN": "swordfish-4711", "KEY": "the value of file:/some/where"}
    assert engine.secrets[run.id] == values
    files = [path for path in house.workspace.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"swordfish" in path.read_bytes()]


def test_a_secret_that_nobody_hands_over_fails_the_run_and_is_named(build):
    house = build(patience_s=0.05)

    async def scene():
        return await house.over(house.submit(secrets={"TOKEN": "env:MY_TOKEN"}).id)

    run = play(house, scene)
    assert run.state is RunState.FAILED
    assert "TOKEN (env:MY_TOKEN)" in run.error
    assert "submit the run again" in run.error


def test_nobody_is_there_to_hand_secrets_to(build):
    house = build()
    assert not handover.hand_over(house.workspace, "r1", {"TOKEN": Secret("x")})


def test_a_run_for_a_target_that_is_not_attached_waits_and_can_be_canceled(build):
    house = build()

    async def scene():
        run = house.submit(target="elsewhere")
        waiting = await house.until(run.id, lambda run: run.is_detached)
        house.cancel(run.id)
        return waiting, await house.over(run.id)

    waiting, over = play(house, scene)
    assert waiting.state is RunState.QUEUED
    assert waiting.reason == "its target is detached; attach elsewhere again to send it"
    assert over.state is RunState.CANCELED


def test_a_run_whose_target_is_detached_meanwhile_waits_for_it(build, engine):
    house = build()

    async def start():
        run = house.submit(hold())
        await house.state(run.id, RunState.RUNNING)
        return run

    async def scene():
        waiting = await house.until(run.id, lambda run: run.is_detached)
        assert waiting.state is RunState.RUNNING
        house.targets.update(targets)
        engine.release(run.id)
        return await house.over(run.id)

    run = play(house, start)
    targets, house.targets = house.targets, {}
    over = play(house, scene)
    assert (over.state, over.reason) == (RunState.COMPLETED, "")


def test_runs_of_a_detached_target_go_on_there_and_are_caught_up_when_it_is_attached_again(
    build, engine
):
    house = build(options={"slots": 2})

    async def scene():
        runs = [house.submit(say("one\n"), hold(), say("two\n")) for _ in range(2)]
        late = house.submit(say("late\n"))
        for run in runs:
            await house.state(run.id, RunState.RUNNING)
        targets, house.targets = house.targets, {}
        for run in (*runs, late):
            await house.until(run.id, lambda run: run.is_detached)
        assert house.store.get(late.id).state is RunState.QUEUED
        for run in runs:
            assert house.store.get(run.id).state is RunState.RUNNING
            engine.release(run.id)
        house.targets = targets
        return [await house.over(run.id) for run in (*runs, late)]

    overs = play(house, scene)
    assert [run.state for run in overs] == [RunState.COMPLETED] * 3
    assert [run.reason for run in overs] == [""] * 3
    assert house.file(overs[0], "log") == b"one\ntwo\n"
    assert set(engine.launches.values()) == {1}


def test_what_a_controller_said_of_a_silent_target_is_taken_back_by_the_next(build, engine):
    house = build(hold_s=0.2)

    async def marked(error):
        while True:
            found = inspection.read_answer(house.workspace, "there").error or {}
            if found.get("error") == error:
                return
            await asyncio.sleep(0.01)

    async def first():
        run = house.submit(hold())
        await house.state(run.id, RunState.RUNNING)
        engine.set_down(True)
        await house.until(run.id, lambda run: run.retry_at is not None)
        await marked("TargetUnreachableError")
        return run

    async def second():
        told = await house.until(run.id, lambda run: run.reason == "")
        await marked(None)
        engine.release(run.id)
        await house.over(run.id)
        return told

    run = play(house, first)
    engine.set_down(False)
    told = play(house, second)
    assert (told.state, told.retry_at) == (RunState.RUNNING, None)


def test_a_check_that_is_wished_for_is_answered_in_a_file(build, engine):
    house = build(options={"gpus": 2})

    async def answer(check):
        inspection.wish(house.workspace, "there")
        while True:
            found = inspection.read_answer(house.workspace, "there")
            if found is not None and check(found):
                return found
            await asyncio.sleep(0.01)

    async def scene():
        good = await asyncio.wait_for(answer(lambda found: found.info is not None), 60)
        engine.set_down(True)
        bad = await asyncio.wait_for(answer(lambda found: found.error is not None), 60)
        return good, bad

    good, bad = play(house, scene)
    assert good.info.gpus == ("Fake GPU 0", "Fake GPU 1")
    assert bad.error["error"] == "TargetUnreachableError"
    assert bad.info == good.info
    assert not inspection.wishes(house.workspace)


def test_a_disk_that_takes_nothing_delays_the_end_and_loses_nothing(build, engine):
    house = build()

    async def scene():
        run = house.submit(hold(), say("whole\n"))
        await house.state(run.id, RunState.RUNNING)
        blocker = house.workspace.run(run.id) / "1" / "log"
        blocker.mkdir(parents=True)
        engine.release(run.id)
        stuck = await house.until(run.id, lambda run: "this machine's disk" in run.reason)
        assert not stuck.is_final
        blocker.rmdir()
        return await house.over(run.id)

    run = play(house, scene)
    assert (run.state, run.reason) == (RunState.COMPLETED, "")
    assert house.file(run, "log") == b"whole\n"


def test_the_exception_completes_the_line_that_says_why(build):
    house = build()
    event = {"type": "error", "ename": "ValueError", "evalue": "bad\nluck"}

    async def scene():
        return await house.over(house.submit(tell(event), leave(1)).id)

    assert play(house, scene).error == "exit code 1: ValueError: bad luck"


def test_a_result_is_here_before_the_event_that_speaks_of_it(build, engine):
    house = build()
    event = {"type": "image", "name": "plot", "path": "results/plot.png"}

    async def scene():
        run = house.submit(write("results/plot.png", "pixels"), tell(event), hold())
        while not house.store.events(run.id):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        data = house.file(run, "results/plot.png")
        engine.release(run.id)
        await house.over(run.id)
        return data

    assert play(house, scene) == b"pixels"


def test_a_run_can_tag_itself_and_state_facts(build):
    house = build()
    events = [
        {"type": "tag", "name": "best", "value": "yes"},
        {"type": "facts", "facts": {"python": "3.12.1", "unheard": 1, "phases": {"run": 2.0}}},
        {"type": "from the future", "x": 1},
    ]

    async def scene():
        return await house.over(house.submit(*map(tell, events)).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert run.tags == {"best": "yes"}
    assert run.facts.python == "3.12.1"
    assert run.facts.host == "fake"
    assert {"queue", "upload", "run", "collect"} <= run.facts.phases.keys()


@pytest.mark.parametrize("path", ["outputs/../../../stolen", "/etc/stolen", "outputs", "log"])
def test_a_target_cannot_name_files_outside_of_the_run(build, tmp_path, path):
    house = build()

    async def scene():
        event = {"type": "output", "path": path, "size": 3}
        return await house.over(house.submit(tell(event), say("log\n")).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert house.file(run, "log") == b"log\n"
    assert not list(tmp_path.rglob("stolen"))


def test_outputs_over_the_limit_stay_and_the_run_says_so(build):
    house = build()
    house._changes["settings"] = house.context().settings.__class__(outputs_limit_mb=0.00001)

    async def scene():
        return await house.over(house.submit(write("outputs/big", "x" * 100)).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert "1 file stayed on the target" in run.reason


def test_hundreds_of_runs_are_adopted_by_one_question(build, engine):
    house = build(options={"slots": 2000})
    runs = [house.submit(hold()) for _ in range(300)]

    async def launch():
        for run in runs:
            await house.state(run.id, RunState.RUNNING)

    async def adopt():
        for run in runs:
            engine.release(run.id)
        for run in runs:
            await house.over(run.id)

    play(house, launch)
    engine.calls.clear()
    play(house, adopt)
    assert engine.calls["launch"] == 0
    assert engine.calls["poll"] < 100
    assert set(engine.launches.values()) == {1}


def test_a_chatty_run_is_heard_in_pieces_and_whole(build, engine):
    house = build()
    steps = [step for n in range(300) for step in (say(f"line {n}\n"), rest(0.001))]

    async def scene():
        return await house.over(house.submit(*steps).id)

    run = play(house, scene)
    assert house.file(run, "log") == "".join(f"line {n}\n" for n in range(300)).encode()
    assert json.loads(run.env["COMPUTE_TEST_STEPS"])


def test_a_target_that_was_changed_takes_new_runs_as_it_is_now(build, engine, tmp_path):
    house = build(options={"slots": 4})
    other = FakeEngine.named(f"{tmp_path}/other")

    async def scene():
        old = house.submit(hold())
        await house.state(old.id, RunState.RUNNING)
        target = house.targets["there"]
        options = {"engine": f"{tmp_path}/other"}
        house.targets["there"] = msgspec.structs.replace(target, options=options)
        new = await house.over(house.submit(say("new")).id)
        engine.release(old.id)
        return await house.over(old.id), new

    old, new = play(house, scene)
    assert (old.state, new.state) == (RunState.COMPLETED, RunState.COMPLETED)
    assert set(engine.launches) == {(old.id, 1)}
    assert set(other.launches) == {(new.id, 1)}


def test_a_cancel_that_is_refused_is_asked_again_and_silences_nothing(build, engine):
    house = build()
    engine.fail("cancel", DriverError("not now"), times=3)

    async def scene():
        run = house.submit(hold())
        await house.state(run.id, RunState.RUNNING)
        house.cancel(run.id)
        await house.until(run.id, lambda run: "not now" in run.reason or run.is_final)
        return await house.over(run.id)

    assert play(house, scene).state is RunState.CANCELED
    assert engine.calls["cancel"] >= 4


def test_a_run_in_the_engines_own_queue_is_queued_with_the_engines_word(build, engine):
    house = build(options={"slots": None})

    async def scene():
        run = house.submit(pend(600))
        pending = await house.until(run.id, lambda run: run.reason == "PENDING: Priority")
        assert (pending.state, pending.job_id) == (RunState.QUEUED, f"fake-{run.id}-1")
        return run

    async def end():
        house.cancel(run.id)
        return await house.over(run.id)

    run = play(house, scene)
    assert play(house, end).state is RunState.CANCELED
    assert engine.launches == {(run.id, 1): 1}


def test_a_queued_run_that_may_be_launched_is_looked_up_before_it_is_canceled(build, engine):
    house = build(options={"slots": None})
    run = house.submit(pend(600))
    house.store.update(run.id, job_id="launching")
    house.cancel(run.id)

    async def scene():
        return await house.over(run.id)

    assert play(house, scene).state is RunState.CANCELED
    performance = engine.performance(run.id)
    assert performance is None or performance.status.state is RunState.CANCELED


def test_odd_bytes_in_what_a_run_says_do_not_make_it_fail(build):
    house = build()
    odd = [
        {"type": "metric", "name": "a\udc80b", "value": 1.0},
        {"type": "metric", "name": "loss", "value": "NaN"},
        {"type": "metric", "name": "loss", "value": float("nan")},
        {"type": "output", "path": "outputs/a\udc80b", "size": 1},
        {"type": "tag", "name": "t\0g", "value": "\u2028"},
        {"type": "metric", "name": "good", "value": 2.0},
    ]

    async def scene():
        return await house.over(house.submit(*map(tell, odd)).id)

    run = play(house, scene)
    assert (run.state, run.error) == (RunState.COMPLETED, "")
    assert [event.value for event in house.store.metrics(run.id)["good"]] == [2.0]


def test_a_file_that_is_not_there_as_said_is_named_and_never_shown(build):
    house = build()

    async def scene():
        events = [
            {"type": "output", "path": "outputs/gone", "size": 5},
            {"type": "display", "path": "results/gone.json"},
        ]
        return await house.over(house.submit(*map(tell, events), write("outputs/a", "b")).id)

    run = play(house, scene)
    assert run.state is RunState.COMPLETED
    assert run.reason == (
        "outputs/gone could not be collected: only 0 of its 5 bytes are on the target"
    )
    assert house.file(run, "outputs/a") == b"b"
    attempt = house.workspace.run(run.id) / "1"
    assert not [path for path in attempt.rglob("*gone*") if path.is_file()]
