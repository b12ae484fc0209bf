"""The last run of a cell, below the cell, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from compute_server import Served, until
from playwright.sync_api import Locator, Page, expect

OpenLab = Callable[..., Page]
Write = Callable[..., str]


@pytest.fixture
def write(served: Served, folder: str) -> Write:
    """Write a notebook of the given cells into a folder of the test's own; returns its path."""

    def write_it(*cells: str, name: str = "book.ipynb") -> str:
        kernel = {"name": "python3", "display_name": "Python 3"}
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": kernel},
        )
        nbformat.write(notebook, served.root / folder / name)
        return f"{folder}/{name}"

    return write_it


def open_notebook(open_lab: OpenLab, path: str) -> Page:
    page = open_lab(path)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    return page


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-Notebook .jp-Cell").nth(index)


def footer(page: Page, index: int) -> Locator:
    return cell(page, index).get_by_role("region", name="Run of this cell")


def submit_cell(page: Page, index: int) -> None:
    """Submit a cell as it is, without the dialog."""
    cell(page, index).locator(".cm-content").click()
    page.keyboard.press("Control+Alt+Shift+Enter")


def runs_of(served: Served, path: str) -> dict[str, Any]:
    cells: dict[str, Any] = served.get("/cells", path=path)["cells"]
    return cells


def kept_renames(served: Served, page: Page) -> str:
    answer = page.request.get(f"{served.base}lab/api/workspaces/default?token={served.token}")
    return str(answer.json()["data"].get("jupyter_compute:renames"))


def test_a_cell_shows_its_run_live_and_after_a_reload(
    served: Served,
    open_lab: OpenLab,
    write: Write,
    tmp_path: Path,
    assert_accessible: Callable[[str], None],
) -> None:
    gate = tmp_path / "gate"
    code = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.05)"
    path = write("1", code)
    page = open_notebook(open_lab, path)
    submit_cell(page, 1)
    expect(footer(page, 1)).to_contain_text("running")
    expect(footer(page, 1).get_by_role("button", name="Cancel the run book")).to_be_visible()
    expect(footer(page, 0)).to_have_count(0)
    assert_accessible(".jp-compute-CellRun")

    page.goto(f"{served.base}lab/tree/{path}?token={served.token}")
    expect(footer(page, 1)).to_contain_text("running")
    gate.touch()
    expect(footer(page, 1)).to_contain_text("completed")
    expect(footer(page, 1).get_by_role("button", name="Cancel the run book")).to_have_count(0)


def test_a_run_that_fails_says_why_and_an_edited_cell_that_it_was(
    open_lab: OpenLab, write: Write
) -> None:
    page = open_notebook(open_lab, write("1 / 0"))
    submit_cell(page, 0)
    expect(footer(page, 0)).to_contain_text("failed")
    expect(footer(page, 0)).to_contain_text("ZeroDivisionError: division by zero")
    expect(footer(page, 0).get_by_text("edited since")).to_have_count(0)
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("End")
    page.keyboard.type("2")
    expect(footer(page, 0).get_by_text("edited since")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(footer(page, 0).get_by_text("edited since")).to_have_count(0)


def test_a_run_is_ended_and_hidden_from_its_cell_by_keyboard(
    served: Served, open_lab: OpenLab, write: Write
) -> None:
    path = write("import time; time.sleep(600)")
    page = open_notebook(open_lab, path)
    submit_cell(page, 0)
    cancel = footer(page, 0).get_by_role("button", name="Cancel the run book")
    expect(footer(page, 0)).to_contain_text("running")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(footer(page, 0)).to_contain_text("canceled")
    hide = footer(page, 0).get_by_role("button", name="Hide the run book")
    hide.focus()
    page.keyboard.press("Enter")
    expect(footer(page, 0)).to_have_count(0)
    page.goto(f"{served.base}lab/tree/{path}?token={served.token}")
    cell(page, 0).wait_for()
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("'again'")
    submit_cell(page, 0)
    expect(footer(page, 0)).to_contain_text("completed")


def test_a_cell_with_a_submit_line_runs_in_the_kernel_and_shows_its_run_as_well(
    served: Served, open_lab: OpenLab, write: Write
) -> None:
    path = write("%load_ext jupyter_compute", "%%submit --name lined\nprint('from the line')")
    page = open_notebook(open_lab, path)
    page.get_by_text("| Idle").wait_for()
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    page.get_by_text("[1]:").wait_for()
    submit_cell(page, 1)
    expect(footer(page, 1)).to_contain_text("lined on local")
    expect(footer(page, 1)).to_contain_text("completed")
    expect(footer(page, 1).get_by_text("edited since")).to_have_count(0)
    (run,) = runs_of(served, path).values()
    assert run["name"] == "lined"


def test_runs_stay_with_cells_that_move_in_both_views_and_under_a_new_name(
    served: Served, open_lab: OpenLab, write: Write
) -> None:
    path = write("'first'", "'second'")
    page = open_notebook(open_lab, path)
    submit_cell(page, 0)
    expect(footer(page, 0)).to_contain_text("completed")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+ArrowDown")
    expect(footer(page, 1)).to_contain_text("completed")
    expect(footer(page, 0)).to_have_count(0)

    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("New View for Notebook").click()
    expect(page.get_by_role("region", name="Run of this cell")).to_have_count(2)

    page.get_by_role("menuitem", name="File", exact=True).click()
    page.get_by_text("Rename Notebook…").click()
    box = page.get_by_role("dialog").get_by_role("textbox")
    box.fill("renamed.ipynb")
    box.press("Enter")
    page.get_by_role("dialog").wait_for(state="detached")
    folder = path.partition("/")[0]
    until(lambda: (served.root / folder / "renamed.ipynb").exists())
    page.keyboard.press("Control+S")
    # JupyterLab keeps its state a moment after it changed.
    until(lambda: "renamed.ipynb" in kept_renames(served, page))
    expect(page.get_by_role("region", name="Run of this cell")).to_have_count(2)
    page.goto(f"{served.base}lab/tree/{folder}/renamed.ipynb?token={served.token}")
    expect(page.get_by_role("region", name="Run of this cell").first).to_contain_text("completed")


def test_cells_out_of_sight_get_their_runs_when_they_are_scrolled_to(
    served: Served, open_lab: OpenLab, write: Write
) -> None:
    long = "\n".join(f"# line {n}" for n in range(30))
    path = write("'top'", *[long] * 40, "'bottom'")
    cell_id = nbformat.read(served.root / path, 4).cells[-1].id
    folder = path.partition("/")[0]
    command = {"type": "cell", "code": "'bottom'", "notebook": "book.ipynb", "cell_id": cell_id}
    run_id = served.post("/runs", {"command": command, "source": folder}, 201)["id"]
    served.ended(run_id)
    page = open_notebook(open_lab, path)
    cell(page, 0).locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("End")
    expect(page.get_by_role("region", name="Run of this cell")).to_contain_text("completed")
