from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.errors import ConfigError, ConflictError, NotFoundError, StoreError
from jupyter_compute.model import (
    CellCommand,
    GitState,
    InputFile,
    PackagesEnvironment,
    Resources,
    Run,
    RunFacts,
    RunState,
)
from jupyter_compute.store import Store

Q, P, R, F = RunState.QUEUED, RunState.PREPARING, RunState.RUNNING, RunState.FINALIZING
FINAL = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELED)


def test_an_added_run_is_queued_with_time_and_revision(store, clock, new_run):
    run = store.add(new_run(state=RunState.FAILED, attempt=7))
    assert (run.state, run.attempt, run.created, run.revision) == (Q, 1, clock.now, 1)
    assert store.get(run.id) == run


def test_adding_an_id_again_returns_what_is_stored(store, new_run):
    first = store.add(new_run(name="first"))
    again = store.add(new_run(id=first.id, name="second"))
    assert again == first
    assert store.revision() == first.revision


def test_every_field_comes_back_as_it_went_in(store, new_run, path, clock):
    run = new_run(
        command=CellCommand(code="x = 1\n'é\x00'", notebook="a/b c.ipynb", outputs=("x",)),
        params={"lr": 0.1, "nan": math.nan, "deep": [{"a": None}], "big": 2**70, "neg": -(2**63)},
        environment=PackagesEnvironment(requirements=("a==1",), files={"uv.lock": "x" * 9999}),
        resources=Resources(gpus=2, memory_gb=1.5),
        env={"A": ""},
        secrets={"T": "env:T"},
        inputs=(InputFile(path="x.npy", digest="b" * 64, size=3),),
        parent_id="rparent",
        tags={"a b": "c\nd", "": ""},
        git=GitState(repository="r", dirty=True),
        source="/home/\udcff/project",
        facts=RunFacts(packages={"numpy": "2"}, phases={"queue": 0.5}, peak_memory_bytes=2**40),
    )
    added = store.add(run)
    store.close()
    with Store.open(path, clock=clock) as again:
        found = again.get(run.id)
    assert math.isnan(found.params.pop("nan")) and math.isnan(run.params.pop("nan"))
    expected = {name: getattr(run, name) for name in Run.__struct_fields__}
    expected.update(created=added.created, revision=added.revision)
    assert {name: getattr(found, name) for name in Run.__struct_fields__} == expected


@pytest.mark.parametrize(
    "fields", [{"params": {"x": object()}}, {"tags": {"x": {object()}}}, {"params": {"x": print}}]
)
def test_a_value_that_cannot_be_written_down_is_refused_whole(store, new_run, fields):
    with pytest.raises(ConfigError, match="cannot be recorded"):
        store.add(new_run(**fields))
    assert (store.revision(), store.counts()) == (0, {})


def test_numbers_of_numpy_are_numbers(store, new_run):
    run = store.add(new_run(params={"lr": np.float64(0.5), "n": np.int64(3), "xs": np.arange(2)}))
    assert run.params == store.get(run.id).params == {"lr": 0.5, "n": 3, "xs": [0, 1]}


@pytest.mark.parametrize("method", ["get", "find", "events", "metrics", "delete", "update"])
def test_a_run_that_is_not_there_is_named_with_the_nearest(store, new_run, method):
    run = store.add(new_run())
    wrong = run.id[:-1] + "_"
    with pytest.raises(NotFoundError, match=wrong) as caught:
        getattr(store, method)(wrong)
    assert caught.value.hint == f"did you mean {run.id!r}?"


def test_a_run_is_found_by_id_prefix_or_name(store, new_run):
    run = store.add(new_run(id="rabc1", name="best one"))
    other = store.add(new_run(id="rabd2", name="rabc"))
    assert store.find("rabc1") == store.find("rabc") == store.find("best one") == run
    assert store.find("rabd2") == store.find("rabd") == other


def test_what_could_mean_several_runs_lists_the_newest(store, new_run):
    for number in range(5):
        store.add(new_run(id=f"rab{number}", name="train.py"))
    for text in ("rab", "r", "train.py"):
        with pytest.raises(ConflictError) as caught:
            store.find(text)
        assert caught.value.hint == "the newest: rab4, rab3, rab2, …"


@pytest.mark.parametrize("text", ["", "%", "_", "TRAIN.PY", "\x00", "\udc80", "' OR 1=1 --"])
def test_odd_text_finds_nothing(store, new_run, text):
    store.add(new_run())
    with pytest.raises(NotFoundError):
        store.find(text)


def test_a_run_goes_forward_and_times_are_kept(store, clock, new_run):
    run = store.add(new_run())
    clock.now += 5
    assert store.advance(run.id, P, reason="uploading").reason == "uploading"
    clock.now += 5
    assert store.advance(run.id, R, job_id="7").started == clock.now
    clock.now += 5
    done = store.advance(run.id, RunState.COMPLETED, exit_code=0, reason="")
    assert (done.ended, done.started, done.exit_code, done.job_id) == (
        clock.now, clock.now - 5, 0, "7",
    )  # fmt: skip


def test_a_backward_step_changes_nothing(store, new_run):
    run = store.add(new_run())
    running = store.advance(run.id, R)
    assert store.advance(run.id, Q, reason="late") == running
    assert store.advance(run.id, P, reason="late") == running
    assert store.revision() == running.revision


@pytest.mark.parametrize("state", FINAL)
@pytest.mark.parametrize("later", list(RunState))
def test_what_is_over_stays_over(store, new_run, state, later):
    run = store.add(new_run())
    done = store.advance(run.id, state, error="first")
    assert store.advance(run.id, later, error="second", exit_code=3) == done


def test_saying_the_same_again_is_no_change(store, new_run):
    run = store.add(new_run())
    first = store.advance(run.id, R, reason="x", facts=RunFacts(host="h"))
    assert store.advance(run.id, R, reason="x", facts=RunFacts(host="h")) == first
    assert store.update(run.id, reason="x", facts={"host": "h"}) == first
    assert store.revision() == first.revision


def test_word_of_a_lost_attempt_changes_nothing(store, new_run):
    run = store.add(new_run())
    store.advance(run.id, R, job_id="1")
    again = store.requeue(run.id, "preempted", attempt=1)
    assert (again.attempt, again.state, again.job_id, again.started) == (2, Q, "", None)
    assert store.advance(run.id, RunState.FAILED, attempt=1) == again
    assert store.requeue(run.id, "preempted", attempt=1) == again
    assert store.advance(run.id, R, attempt=2).state is R


def test_a_run_that_is_over_is_not_queued_again(store, new_run):
    run = store.add(new_run())
    store.advance(run.id, RunState.COMPLETED)
    with pytest.raises(ConflictError, match="completed"):
        store.requeue(run.id, "preempted")


def test_facts_are_merged(store, new_run):
    run = store.add(new_run(facts=RunFacts(submitted_by="me", phases={"snapshot": 0.1})))
    store.advance(run.id, R, facts={"host": "h", "phases": {"queue": 1.0}, "packages": {"a": "1"}})
    facts = store.advance(
        run.id, RunState.COMPLETED, facts=RunFacts(python="3.12", phases={"run": 2.0})
    ).facts
    assert facts == RunFacts(
        submitted_by="me",
        host="h",
        python="3.12",
        packages={"a": "1"},
        phases={"snapshot": 0.1, "queue": 1.0, "run": 2.0},
    )


def test_after_the_end_only_what_is_learned_late_is_taken(store, new_run):
    run = store.add(new_run())
    store.advance(run.id, RunState.FAILED, reason="exit", error="boom")
    late = store.update(
        run.id, tags={"a": "b"}, facts={"host": "h"}, last_seen=1.0, error="other", reason="more"
    )
    assert (late.tags, late.facts.host, late.last_seen) == ({"a": "b"}, "h", 1.0)
    assert (late.error, late.reason) == ("boom", "exit")
    assert store.update(run.id, reason="").reason == ""


@pytest.mark.parametrize(
    "changes",
    [{"id": "x"}, {"state": R}, {"nope": 1}, {"attempt": "x"}, {"exit_code": "x"}, {"tags": 3}],
)
def test_a_change_that_makes_no_sense_is_refused(store, new_run, changes):
    run = store.add(new_run())
    with pytest.raises(ConfigError):
        store.update(run.id, **changes)
    assert store.get(run.id) == run


def test_the_first_who_cancels_is_remembered(store, clock, new_run):
    run = store.add(new_run())
    asked = store.request_cancel(run.id, "ada")
    clock.now += 9
    assert store.request_cancel(run.id, "bob") == asked
    assert (asked.canceled_by, asked.cancel_requested) == ("ada", clock.now - 9)
    assert asked.state is Q
    store.advance(run.id, RunState.CANCELED)
    with pytest.raises(ConflictError, match="canceled"):
        store.request_cancel(run.id, "bob")


def test_only_what_is_over_is_deleted_and_then_all_of_it(store, new_run):
    run = store.add(new_run(tags={"a": "b"}))
    with pytest.raises(ConflictError, match="queued"):
        store.delete(run.id)
    since = store.advance(run.id, RunState.FAILED).revision
    store.set_offset(run.id, 1, "log", 5)
    store.delete(run.id)
    assert store.deleted(since) == [run.id]
    assert store.offset(run.id, 1, "log") == 0
    assert store.counts() == {}
    with pytest.raises(NotFoundError):
        store.get(run.id)


def test_a_clock_that_jumps_back_ends_nothing_before_it_began(store, clock, new_run):
    first = store.add(new_run())
    store.advance(first.id, R)
    clock.now -= 3600
    second = store.add(new_run())
    done = store.advance(first.id, RunState.COMPLETED)
    assert done.ended >= done.started
    assert second.revision < done.revision
    third = store.add(new_run())
    assert [run.id for run in store.active()] == [second.id, third.id]


def test_active_runs_stand_in_the_order_they_came(store, clock, new_run):
    ids = []
    for number in range(6):
        clock.now -= 1
        ids.append(store.add(new_run(target="ab"[number % 2])).id)
    store.advance(ids[0], RunState.FAILED)
    assert [run.id for run in store.active()] == ids[1:]
    assert [run.id for run in store.active("a")] == [ids[2], ids[4]]
    assert store.active("c") == []


def test_counts_are_by_state_and_target(store, new_run):
    runs = [store.add(new_run(target=name)) for name in "aab"]
    store.advance(runs[0].id, R)
    store.advance(runs[2].id, RunState.FAILED)
    assert store.counts() == {Q: 1, R: 1, RunState.FAILED: 1}
    assert store.count_active("a") == {Q: 1, R: 1}
    assert store.count_active("b") == {}
    assert store.count_active() == {Q: 1, R: 1}


def test_a_follower_sees_every_change_once(store, new_run):
    runs = [store.add(new_run()) for _ in range(4)]
    since = store.revision()
    assert store.changed(since) == []
    store.advance(runs[2].id, R)
    store.advance(runs[0].id, RunState.COMPLETED)
    store.advance(runs[2].id, F)
    changed = store.changed(since)
    assert [run.id for run in changed] == [runs[0].id, runs[2].id]
    assert store.changed(since, limit=1) == changed[:1]
    assert store.changed(changed[-1].revision) == []
    assert store.revision() == changed[-1].revision


def test_a_run_that_only_its_target_knew_is_taken_as_it_is(store, new_run):
    run = new_run(state=RunState.COMPLETED, attempt=3, created=5.0, started=6.0, ended=7.0)
    assert store.restore(run) is True
    assert store.restore(run) is False
    found = store.get(run.id)
    assert (found.state, found.attempt, found.ended) == (RunState.COMPLETED, 3, 7.0)


def test_what_runs_have_in_common_is_stored_once(store, path, new_run):
    lock = PackagesEnvironment(files={"uv.lock": "x" * 400_000})
    packages = {f"package-{number}": "1.0" for number in range(500)}
    for _ in range(50):
        run = store.add(new_run(environment=lock))
        store.advance(run.id, RunState.COMPLETED, facts={"packages": packages})
    assert store.get(run.id).environment == lock
    assert store.get(run.id).facts.packages == packages
    store.close()
    assert path.stat().st_size < 2_000_000


def test_what_no_run_needs_is_dropped(store, clock, new_run):
    kept = store.add(new_run(snapshot_id="b" * 64))
    gone = store.add(new_run(inputs=(InputFile(path="x", digest="c" * 64, size=1),)))
    for run in (kept, gone):
        store.put_snapshot(run.snapshot_id, "/source", 3, 10, GitState(branch="main"))
    assert store.snapshot_ids() == {kept.snapshot_id, gone.snapshot_id}
    assert store.input_digests() == {"c" * 64}
    store.advance(gone.id, RunState.FAILED)
    store.delete(gone.id)
    store.tidy()
    # Just taken: its run may be about to be written.
    assert store.snapshot(gone.snapshot_id) is not None
    clock.now += 7200
    store.tidy()
    assert store.snapshot_ids() == {kept.snapshot_id}
    assert store.input_digests() == set()
    assert store.snapshot(gone.snapshot_id) is None
    record = store.snapshot(kept.snapshot_id)
    assert (record.source, record.files, record.bytes, record.git.branch) == (
        "/source", 3, 10, "main",
    )  # fmt: skip


def test_a_closed_store_says_so(store):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.revision()


STEPS = st.one_of(
    st.tuples(st.just("advance"), st.sampled_from(list(RunState))),
    st.tuples(st.just("requeue"), st.none()),
    st.tuples(st.just("cancel"), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=12))
def test_an_attempt_never_goes_back_whatever_comes(one_store, new_run, steps):
    run = one_store.add(new_run())
    for what, state in steps:
        try:
            if what == "advance":
                after = one_store.advance(run.id, state)
            elif what == "requeue":
                after = one_store.requeue(run.id, "lost")
            else:
                after = one_store.request_cancel(run.id, "me")
        except ConflictError:
            assert run.is_final
            continue
        assert (after.attempt, after.state.rank) >= (run.attempt, run.state.rank)
        assert not run.is_final or after == run
        assert after.revision >= run.revision
        run = after
    assert one_store.get(run.id) == run
