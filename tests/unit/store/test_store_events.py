from __future__ import annotations

import math
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.model import (
    DisplayEvent,
    Event,
    ListEvent,
    MetricEvent,
    ProgressEvent,
    RowEvent,
    Run,
    RunState,
)
from jupyter_compute.store.events import type_of


def metric(name: str, value: float | str, step: int | None = None) -> MetricEvent:
    return MetricEvent(t=1.0, name=name, value=value, step=step)


@pytest.fixture
def run(store, new_run) -> Run:
    return store.add(new_run())


def test_events_are_taken_once_however_often_they_are_sent(store, run):
    first, second = [metric("loss", 1.0)], [metric("loss", 0.5)]
    assert store.append_events(run.id, 1, first, start=0, end=10)
    assert not store.append_events(run.id, 1, first, start=0, end=10)
    assert not store.append_events(run.id, 1, second, start=11, end=20)
    assert store.append_events(run.id, 1, second, start=10, end=20)
    assert [event for _, event in store.events(run.id)] == first + second
    assert store.offset(run.id, 1, "events") == 20


def test_each_attempt_has_its_own_stream(store, run):
    assert store.append_events(run.id, 1, [metric("a", 1.0)], start=0, end=10)
    assert store.append_events(run.id, 2, [metric("a", 2.0)], start=0, end=7)
    assert [event.value for _, event in store.events(run.id, attempt=2)] == [2.0]
    assert (store.offset(run.id, 1, "events"), store.offset(run.id, 2, "events")) == (10, 7)


def test_events_of_a_run_that_is_gone_are_not_taken(store, run):
    store.advance(run.id, RunState.FAILED)
    store.delete(run.id)
    assert not store.append_events(run.id, 1, [metric("a", 1.0)], start=0, end=10)
    store.set_offset(run.id, 1, "log", 3)
    assert store.offset(run.id, 1, "log") == 0


def test_new_events_are_a_change_and_bytes_without_events_are_none(store, run):
    assert store.append_events(run.id, 1, [], start=0, end=4)
    assert store.revision() == run.revision
    store.append_events(run.id, 1, [metric("a", 1.0)], start=4, end=9)
    (changed,) = store.changed(run.revision)
    assert changed.id == run.id
    assert changed.revision == store.revision() > run.revision


def test_events_are_chosen_by_type_and_place(store, run):
    events = [metric("a", 1.0), ProgressEvent(t=1, fraction=0.5), metric("b", 2.0)]
    store.append_events(run.id, 1, events, start=0, end=30)
    found = store.events(run.id, types=("metric",))
    assert [event.name for _, event in found] == ["a", "b"]
    (first, _), *rest = store.events(run.id)
    assert store.events(run.id, after=first) == rest
    assert store.events(run.id, limit=1) == [(first, events[0])]


def test_every_kind_of_event_comes_back_as_it_went_in(store, run):
    def make(cls: type) -> Event:
        given = {"name": "n", "fraction": 0.5, "value": "v", "path": "p", "values": [1.0], "t": 1.0}
        given |= {"row": {"a": [1]}, "size": 3, "ename": "E", "evalue": "e", "facts": {"a": 1}}
        return cls(**{key: given[key] for key in given if key in cls.__struct_fields__})

    events = [make(cls) for cls in typing.get_args(Event)]
    store.append_events(run.id, 1, events, start=0, end=1)
    assert [event for _, event in store.events(run.id)] == events
    assert len({type_of(event) for event in events}) == len(events)


def test_numbers_that_are_not_finite_and_stray_bytes_survive(store, run):
    events = [
        metric("inf", math.inf),
        ListEvent(t=1, name="l", values=[-math.inf, 1.0]),
        RowEvent(t=1, name="r", row={"x": math.inf, "big": 2**80}),
        DisplayEvent(t=1, data={"text/plain": "\udcff"}),
    ]
    store.append_events(run.id, 1, events, start=0, end=1)
    assert [event for _, event in store.events(run.id)] == events


def test_metrics_are_series_by_name(store, run):
    events = [metric("a", float(step), step) for step in range(3)] + [metric("b", "nan")]
    store.append_events(run.id, 1, events, start=0, end=1)
    assert store.metrics(run.id) == {"a": events[:3], "b": events[3:]}
    assert store.metrics(run.id, ["b", "c"]) == {"b": events[3:]}


def test_an_attempt_that_repeats_steps_replaces_them(store, run):
    store.append_events(run.id, 1, [metric("a", 1.0, step) for step in range(5)], start=0, end=1)
    store.append_events(run.id, 2, [metric("a", 2.0, step) for step in range(3, 6)], start=0, end=1)
    assert [(point.step, point.value) for point in store.metrics(run.id)["a"]] == [
        (0, 1.0), (1, 1.0), (2, 1.0), (3, 2.0), (4, 2.0), (5, 2.0),
    ]  # fmt: skip


def test_last_metrics_of_many_runs_come_at_once(store, new_run):
    runs = [store.add(new_run()) for _ in range(3)]
    for number, run in enumerate(runs[:2]):
        store.append_events(
            run.id, 1, [metric("a", 0.0), metric("b", "x"), metric("a", float(number))],
            start=0, end=1,
        )  # fmt: skip
    assert store.last_metrics([run.id for run in runs]) == {
        runs[0].id: {"a": 0.0, "b": "x"},
        runs[1].id: {"a": 1.0, "b": "x"},
        runs[2].id: {},
    }
    assert store.last_metrics([]) == {}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=20))
def test_no_byte_is_taken_twice_or_skipped(one_store, new_run, sends):
    # The stream says its own offsets; a reader that resends or jumps must not change that.
    stream = [ProgressEvent(t=float(at), fraction=0.0) for at in range(20)]
    run = one_store.add(new_run())
    for start, count in sends:
        at = one_store.offset(run.id, 1, "events")
        taken = one_store.append_events(
            run.id, 1, stream[start : start + count], start=start, end=start + count
        )
        assert taken == (start == at)
    end = one_store.offset(run.id, 1, "events")
    said = [event.t for _, event in one_store.events(run.id)]
    assert said == [float(at) for at in range(end)]
