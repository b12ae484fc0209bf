from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from jupyter_compute.errors import ConfigError
from jupyter_compute.model import (
    CellCommand,
    NotebookCommand,
    Run,
    RunFilter,
    RunState,
    ScriptCommand,
)
from jupyter_compute.store import Store, query
from jupyter_compute.store.query import SORTS

STATES = list(RunState)


@dataclass
class Filled:
    """A store and the same runs as a plain list."""

    store: Store
    runs: list[Run]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    chance = random.Random(7)
    commands = [
        ScriptCommand(path="train.py"),
        NotebookCommand(path="report.ipynb"),
        CellCommand(code="1", notebook="lab.ipynb"),
    ]
    with Store.open(tmp_path_factory.mktemp("lists") / "store.db") as store:
        for number in range(120):
            state = chance.choice(STATES)
            store.restore(
                Run(
                    id=f"r{number:03}",
                    experiment=chance.choice(["Digits", "digits", "words"]),
                    name=chance.choice(["train", "Train", "eval", "ärger"]),
                    target=chance.choice(["local", "gpu1"]),
                    snapshot_id="s",
                    command=chance.choice(commands),
                    state=state,
                    error="Boom: 100%_off" if state is RunState.FAILED else "",
                    created=float(chance.randrange(40)),
                    started=chance.choice([None, float(chance.randrange(40))]),
                    ended=float(chance.randrange(40)) if state.is_final else None,
                    tags={"fold": str(number % 4)} if number % 3 else {},
                    parent_id=chance.choice([None, "r000"]),
                )
            )
        yield Filled(store, [store.get(f"r{number:03}") for number in range(120)])


def holds(run: Run, wanted: RunFilter) -> bool:
    notebook = getattr(run.command, "notebook", "")
    if isinstance(run.command, NotebookCommand):
        notebook = run.command.path
    tags = (f"{name}={value}" for name, value in run.tags.items())
    words = "\n".join((run.id, run.name, run.experiment, *tags, run.error)).casefold()
    return (
        wanted.text.strip().casefold() in words
        and (not wanted.states or run.state in wanted.states)
        and wanted.target in ("", run.target)
        and wanted.experiment in ("", run.experiment)
        and wanted.notebook in ("", notebook)
        and wanted.parent_id in ("", run.parent_id)
        and all(run.tags.get(name) == value for name, value in wanted.tags.items())
    )


def key(run: Run, field: str) -> tuple:
    value = getattr(run, field)
    if field == "state":
        value = STATES.index(value)
    elif field in ("name", "experiment"):
        value = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in value)
    elif value is None:
        value = float("inf")
    if field in ("created", "started", "ended"):
        return value, int(run.id[1:])
    return value, run.created, int(run.id[1:])


def expected(runs: list[Run], wanted: RunFilter) -> list[str]:
    field = wanted.sort.removeprefix("-")
    found = sorted((run for run in runs if holds(run, wanted)), key=lambda run: key(run, field))
    return [run.id for run in (found[::-1] if wanted.sort.startswith("-") else found)]


def pages(store: Store, wanted: RunFilter) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = store.list(
            RunFilter(**{name: getattr(wanted, name) for name in wanted.__struct_fields__
                         if name not in ("cursor", "offset")}, cursor=cursor)
        )  # fmt: skip
        assert len(page.runs) <= wanted.limit
        found += [run.id for run in page.runs]
        cursor = page.cursor
        if not cursor:
            assert page.total == len(found)
            return found


FILTERS = st.builds(
    RunFilter,
    text=st.sampled_from(
        ["", "train", "TRAIN", "r01", "digits", "fold=2", "100%_off", "Ärger", "nothing", " boom "]
    ),
    states=st.lists(st.sampled_from(STATES), max_size=4).map(tuple),
    target=st.sampled_from(["", "local", "gpu1", "no"]),
    experiment=st.sampled_from(["", "digits", "Digits", "DIGITS"]),
    notebook=st.sampled_from(["", "", "report.ipynb", "lab.ipynb"]),
    parent_id=st.sampled_from(["", "", "r000"]),
    tags=st.sampled_from([{}, {}, {"fold": "2"}, {"fold": "2", "x": "y"}]),
    sort=st.sampled_from([sign + name for name in SORTS for sign in ("", "-")]),
    limit=st.sampled_from([1, 7, 50, 1000]),
)


@settings(max_examples=150, deadline=None)
@given(wanted=FILTERS)
def test_pages_together_are_every_run_that_matches_once_and_in_order(filled, wanted):
    assert pages(filled.store, wanted) == expected(filled.runs, wanted)


@settings(max_examples=50, deadline=None)
@given(wanted=FILTERS)
def test_a_text_that_many_runs_have_gives_the_same_list(filled, wanted):
    few = query._FEW
    query._FEW = 3
    try:
        assert pages(filled.store, wanted) == expected(filled.runs, wanted)
    finally:
        query._FEW = few


@settings(max_examples=150, deadline=None)
@given(wanted=FILTERS, offset=st.integers(0, 130))
def test_a_page_from_any_offset_is_that_part_of_the_list(filled, wanted, offset):
    page = filled.store.list(structs.replace(wanted, offset=offset))
    everything = expected(filled.runs, wanted)
    end = offset + wanted.limit
    assert [run.id for run in page.runs] == everything[offset:end]
    assert page.total == len(everything)
    assert bool(page.cursor) == (end < len(everything))
    if page.cursor:
        later = filled.store.list(structs.replace(wanted, cursor=page.cursor))
        assert [run.id for run in later.runs] == everything[end : end + wanted.limit]


def test_a_page_begins_at_one_place(store, new_run):
    for _ in range(3):
        store.add(new_run())
    cursor = store.list(RunFilter(limit=1)).cursor
    with pytest.raises(ConfigError, match="offset 1"):
        store.list(RunFilter(cursor=cursor, offset=1))
    with pytest.raises(ConfigError, match="-1"):
        store.list(RunFilter(offset=-1))
    assert store.list(RunFilter(offset=1 << 60)).runs == ()


def test_a_run_that_arrives_while_paging_moves_nothing(store, clock, new_run):
    runs = []
    for _ in range(6):
        clock.now += 1
        runs.append(store.add(new_run()))
    first = store.list(RunFilter(limit=3))
    clock.now += 1
    store.add(new_run())
    second = store.list(RunFilter(limit=3, cursor=first.cursor))
    assert [run.id for run in (*first.runs, *second.runs)] == [run.id for run in runs[::-1]]


def test_a_changed_run_is_found_by_what_it_is_now(store, new_run):
    run = store.add(new_run(tags={"a": "1"}))
    store.update(run.id, tags={"a": "2"}, name="Better")
    store.advance(run.id, RunState.FAILED, error="ValueError: no such column")
    for wanted, total in (
        (RunFilter(text="COLUMN"), 1),
        (RunFilter(text="better"), 1),
        (RunFilter(text="train.py"), 0),
        (RunFilter(tags={"a": "2"}), 1),
        (RunFilter(tags={"a": "1"}), 0),
        (RunFilter(states=(RunState.FAILED,)), 1),
        (RunFilter(states=(RunState.QUEUED,)), 0),
    ):
        page = store.list(wanted)
        assert (page.total, len(page.runs)) == (total, total)


@pytest.mark.parametrize("sort", ["", "-", "colour", "id; DROP TABLE runs", "--created", "naem"])
def test_a_sort_that_makes_no_sense_is_refused(store, sort):
    with pytest.raises(ConfigError, match="sorted"):
        store.list(RunFilter(sort=sort))


def test_a_misspelled_sort_suggests_the_nearest(store):
    with pytest.raises(ConfigError) as caught:
        store.list(RunFilter(sort="-naem"))
    assert caught.value.hint == "did you mean 'name'?"


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "e30", "WyJuYW1lIiwgMSwgMV0", "\x00", "MQ=="])
def test_a_cursor_of_another_list_is_refused(store, new_run, cursor):
    store.add(new_run())
    with pytest.raises(ConfigError, match="cursor"):
        store.list(RunFilter(cursor=cursor))


@pytest.mark.parametrize("place", [[2**70, 1], [1, 2**70], ["\udc80", 1], [1], [[1], 1], [None, 1]])
def test_a_forged_cursor_is_refused(store, new_run, place):
    store.add(new_run())
    cursor = base64.urlsafe_b64encode(json.dumps(["-created", *place]).encode()).decode()
    with pytest.raises(ConfigError):
        store.list(RunFilter(cursor=cursor))


def test_numbers_beyond_the_databases_are_refused(store, new_run):
    run = store.add(new_run())
    for ask in (
        lambda: store.changed(2**70),
        lambda: store.events(run.id, after=2**70),
        lambda: store.set_offset(run.id, 1, "log", 2**70),
        lambda: store.last_metrics(["\udc80"]),
    ):
        with pytest.raises(ConfigError):
            ask()


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_bounds(store, limit):
    with pytest.raises(ConfigError, match="page"):
        store.list(RunFilter(limit=limit))


@pytest.mark.parametrize("text", ["'", "%", "_", "\x00", "\udcff", '"', "\\", "a" * 10_000])
def test_odd_text_is_only_text(store, new_run, text):
    store.add(new_run())
    assert store.list(RunFilter(text=text)).total == 0


def test_an_empty_store_is_an_empty_page(store):
    page = store.list(RunFilter())
    assert (page.runs, page.cursor, page.total) == ((), "", 0)
