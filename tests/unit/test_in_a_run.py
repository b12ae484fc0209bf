"""What code may say from inside a run, and that it is quiet elsewhere."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jupyter_compute_run as run
from jupyter_compute.model import Event
from jupyter_compute_run import events


@pytest.fixture
def inside(tmp_path, monkeypatch):
    """A run's folder, and what the run has said there."""
    (tmp_path / "results").mkdir()
    monkeypatch.setenv("JUPYTER_COMPUTE_EVENTS", str(tmp_path / "events"))
    monkeypatch.setenv("JUPYTER_COMPUTE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("JUPYTER_COMPUTE_RUN_ID", "r123456789")
    return tmp_path


def said(folder):
    lines = (folder / "events").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Event) for line in lines]


def test_everything_that_is_said_is_an_event_of_the_model(inside):
    run.log("loss", 0.5, step=3)
    run.log_list("curve", np.arange(3))
    run.log_row("table", {"a": 1}, b="x", c=None, d=np.int64(3), e=np.float32(0.5))
    run.log_image("picture", np.zeros((4, 5, 3)))
    run.progress(0.5, "half")
    run.tag("data", "digits")
    metric, series, row, image, progress, tag = said(inside)
    assert (metric.name, metric.value, metric.step) == ("loss", 0.5, 3)
    assert series.values == [0, 1, 2]
    assert row.row == {"a": 1, "b": "x", "c": None, "d": 3, "e": 0.5}
    assert (inside / image.path).read_bytes().startswith(b"\x89PNG")
    assert (progress.fraction, progress.label) == (0.5, "half")
    assert (tag.name, tag.value) == ("data", "digits")


def test_outside_a_run_it_is_quiet(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("JUPYTER_COMPUTE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    run.log("loss", 0.5)
    run.log_image("picture", np.zeros((2, 2)))
    run.progress(0.5)
    run.tag("a", 1)
    assert (run.id(), run.attempt(), run.params()) == ("", 1, {})
    assert list(tmp_path.iterdir()) == []
    assert run.outputs_dir() == tmp_path / "outputs"
    assert run.checkpoint_dir() == tmp_path / "checkpoint"


def test_inside_a_run_it_knows_its_place(inside, monkeypatch):
    monkeypatch.setenv("JUPYTER_COMPUTE_ATTEMPT", "2")
    monkeypatch.setenv("JUPYTER_COMPUTE_OUTPUTS", str(inside / "work" / "outputs"))
    monkeypatch.setenv("JUPYTER_COMPUTE_CHECKPOINT", str(inside / "checkpoint"))
    monkeypatch.setenv("JUPYTER_COMPUTE_PARAMS", str(inside / "params.json"))
    (inside / "params.json").write_text('{"lr": 0.1}')
    assert (run.id(), run.attempt(), run.params()) == ("r123456789", 2, {"lr": 0.1})
    assert run.outputs_dir().is_dir()
    assert run.checkpoint_dir() == inside / "checkpoint"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.array([[2.0]]), 2.0),
        (10**400, str(10**400)),
        ("0.5 ± 0.1", "0.5 ± 0.1"),
    ],
)
def test_numbers_of_all_kinds_are_logged(inside, value, kept):
    run.log("x", value)
    assert said(inside)[0].value == kept


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: run.log("loss", [1, 2]), "'loss' takes a number, not list"),
        (lambda: run.log("loss", np.ones(3)), "log_list"),
        (lambda: run.log("loss", None), "'loss' takes a number, not NoneType"),
        (lambda: run.log("", 1), "a name is a text"),
        (lambda: run.log(3, 1), "a name is a text"),
        (lambda: run.log_list("curve", "abc"), "'curve' takes a list"),
        (lambda: run.log_list("curve", 3), "'curve' takes a list"),
        (lambda: run.log_image("p", object()), "'p' takes a figure"),
        (lambda: run.log_image("p", b"hello"), "'p' holds no PNG"),
        (lambda: run.log_image("p", np.zeros((2, 2, 7))), "'p' takes an array"),
    ],
)
def test_a_wrong_argument_is_named_inside_and_outside(call, words, inside, monkeypatch):
    with pytest.raises(TypeError, match=words):
        call()
    monkeypatch.delenv("JUPYTER_COMPUTE_EVENTS")
    with pytest.raises(TypeError, match=words):
        call()


@settings(deadline=None, max_examples=200)
@given(st.text(min_size=1), st.text() | st.characters(categories=["Cs"]))
def test_any_text_makes_one_line_that_can_be_read(tmp_path_factory, name, value):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_COMPUTE_EVENTS", str(folder / "events"))
        run.tag(name, value)
        run.log_row(name, {value: value})
    raw = (folder / "events").read_bytes()
    assert raw.isascii()
    assert raw.count(b"\n") == len(said(folder)) == 2


def test_progress_is_held_to_its_range_and_not_flooded(inside):
    for step in range(2000):
        run.progress(step / 1000)
    found = said(inside)
    assert found[-1].fraction == 1.0
    assert len([event for event in found if event.fraction < 1.0]) < 500


def test_lines_of_many_processes_stay_whole(inside):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_log_many, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    found = said(inside)
    assert len(found) == 4 * 300
    for number in range(4):
        assert [e.step for e in found if e.name == f"w{number}"] == list(range(300))


def _log_many(number):
    for step in range(300):
        run.log(f"w{number}", 1.0, step=step)


def test_a_full_disk_does_not_end_the_run(inside, monkeypatch, capfd):
    monkeypatch.setenv("JUPYTER_COMPUTE_EVENTS", "/dev/full")
    monkeypatch.setattr(events._Line, "has_complained", False)
    for _ in range(3):
        run.log("loss", 1)
    assert capfd.readouterr().err.count("what is logged is lost") == 1
    monkeypatch.setenv("JUPYTER_COMPUTE_EVENTS", str(inside / "events"))
    run.log("loss", 2)
    assert [event.value for event in said(inside)] == [2]


@pytest.mark.parametrize(
    "image",
    [
        [[0, 255], [128, 3]],
        np.zeros((2, 3), dtype=np.uint8),
        np.ones((2, 3, 4)),
        np.full((2, 3, 3), np.nan),
        np.eye(3, dtype=bool),
    ],
)
def test_arrays_become_images_that_others_read(inside, image):
    import matplotlib.image  # noqa: PLC0415 - takes a while

    run.log_image("x", image, step=1)
    event = said(inside)[0]
    read = matplotlib.image.imread(inside / event.path)
    assert read.shape[:2] == np.shape(image)[:2]


def test_figures_and_files_become_images(inside):
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a while

    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    run.log_image("figure", figure)
    run.log_image("again", inside / said(inside)[0].path)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    run.log_image("drawing", svg)
    assert [event.mime for event in said(inside)] == ["image/png", "image/png", "image/svg+xml"]


def test_it_imports_nothing_but_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import jupyter_compute_run;"
        "from jupyter_compute_run import cell, images, variables;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    )
    assert json.loads(answer.stdout.replace("'", '"')) == ["jupyter_compute_run"]
