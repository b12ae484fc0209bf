from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_compute.client import Client
from jupyter_compute.commands import (
    Place,
    Result,
    Submission,
    parse_submission,
    render_text,
    run_line,
    send,
    split,
)
from jupyter_compute.errors import ComputeError, ConfigError
from jupyter_compute.model import CellCommand


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Iterator[Place]:
    with Client() as client:
        yield Place(client=client, source=tmp_path, program="%compute", waits=True)


def parse(place: Place, *words: str, is_cell: bool = False) -> Submission:
    asked = parse_submission(words, place, is_cell=is_cell)
    assert isinstance(asked, Submission)
    return asked


def test_options_may_follow_the_program_and_its_arguments_come_after_a_double_dash(
    place: Place,
) -> None:
    asked = parse(place, "train.py", "--name", "x", "--", "--lr", "0.1", "--", "--name")
    assert asked.name == "x"
    assert asked.words == ("train.py", "--lr", "0.1", "--", "--name")


def test_a_program_may_begin_with_a_dash_after_a_double_dash(place: Place) -> None:
    assert parse(place, "--", "-odd.py").words == ("-odd.py",)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("1h30m", 90), ("45s", 0.75), ("2:00:00", 120), ("0:30", 30), ("1d", 1440)],
)
def test_a_time_limit_is_read_in_the_ways_people_write_it(
    place: Place, text: str, minutes: float
) -> None:
    assert parse(place, "a.py", "--time-limit", text).resources.time_limit_min == minutes


@pytest.mark.parametrize(
    ("text", "gigabytes"), [("4", 4), ("16GB", 16), ("500MB", 0.5), ("1.5g", 1.5), ("2TiB", 2000)]
)
def test_memory_is_read_in_the_ways_people_write_it(
    place: Place, text: str, gigabytes: float
) -> None:
    assert parse(place, "a.py", "--memory", text).resources.memory_gb == gigabytes


def test_parameters_are_values_and_may_begin_with_a_dash(place: Place) -> None:
    asked = parse(
        place,
        *("a.ipynb", "-p", "n", "100", "-p", "lr", "-0.5", "-p", "who", "me"),
        *("-p", "on", "True", "-p", "no", "None", "-p", "xs", "[1, 2]", "-p", "code", "007"),
    )
    assert asked.params == {
        "n": 100,
        "lr": -0.5,
        "who": "me",
        "on": True,
        "no": None,
        "xs": [1, 2],
        "code": "007",
    }


def test_variables_are_names_with_commas(place: Place) -> None:
    asked = parse(place, "--in", "x, y", "--in", "z", "--out", "model", is_cell=True)
    assert (asked.takes, asked.brings) == (("x", "y", "z"), ("model",))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target"], "requires an argument"),
        (["--gpus", "many"], "not a valid integer"),
        (["--time-limit", "soon"], "no time"),
        (["--memory", "lots"], "no amount of memory"),
        (["--in", "a-b"], "no name of a variable"),
        (["--as", "1"], "no name of a variable"),
        (["--nmae", "x"], "there is no option '--nmae'"),
        (["x.py"], "no place on the line"),
    ],
)
def test_a_wrong_cell_line_is_refused_in_one_line(
    place: Place, words: list[str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_submission(words, place, is_cell=True)
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_what_was_given_as_a_secret_is_not_repeated(place: Place) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_submission(["--secret", "hunter2"], place, is_cell=True)
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_help_is_an_answer(place: Place) -> None:
    answer = parse_submission(["--help"], place, is_cell=True)
    assert isinstance(answer, Result)
    assert "--time-limit" in answer.data["help"]


def test_without_a_command_the_targets_are_listed(place: Place) -> None:
    assert run_line([], place=place).name == "targets"
    assert run_line(["--json"], place=place).is_json


def test_an_unclosed_quote_is_refused() -> None:
    with pytest.raises(ConfigError, match="quot"):
        split("runs 'x")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("rnus", "did you mean 'runs'?"),
        ("runs --limt 3", "did you mean '--limit'?"),
        ("submit x.py --naem y", "did you mean '--name'?"),
        ("attach x --kind lcal", "did you mean 'local'?"),
        ("show locl", "did you mean 'local'?"),
        ("wait", "runs"),
        ("cancel x --last", "runs"),
        ("runs --state runing", "runs --help"),
    ],
)
def test_a_wrong_word_gets_the_nearest_right_one(place: Place, line: str, hint: str) -> None:
    with pytest.raises(ComputeError) as caught:
        run_line(line, place=place)
    assert hint in caught.value.hint


def test_an_argument_of_the_program_is_told_where_it_belongs(place: Place) -> None:
    with pytest.raises(ConfigError) as caught:
        run_line("submit train.py --lr 0.1", place=place)
    assert "arguments of what is run come after --" in caught.value.hint
    assert "did you mean" not in caught.value.hint


def test_variables_travel_to_cells_only(place: Place) -> None:
    (place.source / "a.py").write_text("1")
    with pytest.raises(ConfigError, match="--in x"):
        run_line(["submit", "--in", "x", "a.py"], place=place)


def test_a_path_is_explained_and_said_not_to_be_there(place: Place, tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    line = ["snapshot", str(tmp_path), "--explain"]
    assert render_text(run_line([*line, "a.py"], place=place)).strip().endswith("no rule matches")
    answer = render_text(run_line([*line, "b.py"], place=place))
    assert answer.strip().endswith("there is no such file now")


def test_a_path_is_left_out_from_a_line(place: Place, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    line = ["snapshot", str(tmp_path), "--ignore", "data"]
    first, second = (run_line(line, place=place) for _ in range(2))
    assert isinstance(first, Result) and isinstance(second, Result)
    assert first.data == {"line": "/data/", "created": True}
    assert "/data/ is a line of .amlignore now" in render_text(first)
    assert second.data == {"line": "/data/", "created": False}


class StillClient(Client):
    """A client that starts no controller."""

    def _wake(self) -> None:
        pass


def test_a_cell_is_named_by_its_notebook_as_seen_from_what_is_captured(
    home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "nb"
    folder.mkdir()
    (tmp_path / "data").mkdir()
    place = Place(client=StillClient(), source=folder, notebook="a.ipynb", cell_id="c1")
    for source, name in ((".", "a.ipynb"), ("..", "nb/a.ipynb"), ("../data", "../nb/a.ipynb")):
        run = send(place, parse(place, "--source", source, is_cell=True), code="1")
        assert isinstance(run.command, CellCommand)
        assert run.command.notebook == name
    assert place.client.cells(folder / "a.ipynb")["c1"].id == run.id
    place.client.close()
