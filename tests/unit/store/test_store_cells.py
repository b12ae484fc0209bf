from __future__ import annotations

import pytest

from jupyter_compute.model import CellCommand, NotebookCommand, RunState


@pytest.fixture
def add(store, clock, new_run):
    """Add a run of a cell and return its id."""

    def add(source, notebook: str, cell_id: str = "c1", **fields: object) -> str:
        clock.now += 1
        command = CellCommand(code="1", notebook=notebook, cell_id=cell_id)
        return store.add(new_run(command=command, source=str(source), **fields)).id

    return add


def found(store, path) -> dict[str, str]:
    return {cell: run.id for cell, run in store.last_of_cells(str(path)).items()}


def test_each_cell_has_its_last_run_whatever_became_of_it(store, add, tmp_path):
    add(tmp_path, "lab.ipynb")
    last = add(tmp_path, "lab.ipynb")
    other = add(tmp_path, "lab.ipynb", "c2")
    store.advance(last, RunState.FAILED, error="no")
    assert found(store, tmp_path / "lab.ipynb") == {"c1": last, "c2": other}
    store.delete(last)
    assert set(found(store, tmp_path / "lab.ipynb")) == {"c1", "c2"}
    assert found(store, tmp_path / "lab2.ipynb") == {}


def test_a_notebook_is_known_by_where_it_stands_and_not_by_its_name(store, add, tmp_path):
    here = add(tmp_path / "a", "lab.ipynb")
    there = add(tmp_path / "b", "lab.ipynb")
    assert found(store, tmp_path / "a" / "lab.ipynb") == {"c1": here}
    assert found(store, tmp_path / "b" / "lab.ipynb") == {"c1": there}
    assert found(store, tmp_path / "lab.ipynb") == {}


def test_it_does_not_matter_which_folder_was_captured(store, add, tmp_path):
    ids = {
        "own": add(tmp_path / "a" / "b", "lab.ipynb", "own"),
        "above": add(tmp_path / "a", "b/lab.ipynb", "above"),
        "top": add(tmp_path, "a/b/lab.ipynb", "top"),
        "beside": add(tmp_path / "a" / "data", "../b/lab.ipynb", "beside"),
        "far": add(tmp_path / "x" / "y", "../../a/b/lab.ipynb", "far"),
    }
    assert found(store, tmp_path / "a" / "b" / "lab.ipynb") == ids
    assert found(store, tmp_path / "a" / "c" / ".." / "b" / "lab.ipynb") == ids


def test_a_link_on_the_way_leads_to_the_same_notebook(store, add, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    one = add(tmp_path / "link", "lab.ipynb", "one")
    two = add(tmp_path / "real", "lab.ipynb", "two")
    for path in ("link", "real"):
        assert found(store, tmp_path / path / "lab.ipynb") == {"one": one, "two": two}


def test_runs_of_no_cell_are_left_out(store, add, new_run, tmp_path):
    add(tmp_path, "lab.ipynb", "")
    store.add(new_run(command=NotebookCommand(path="lab.ipynb"), source=str(tmp_path)))
    assert found(store, tmp_path / "lab.ipynb") == {}


def test_names_that_are_no_text_are_found_too(store, add, tmp_path):
    odd = add(tmp_path, "l\udcffab.ipynb")
    assert found(store, tmp_path / "l\udcffab.ipynb") == {"c1": odd}
