"""Submitting from where people work, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
from compute_server import Served, until
from playwright.sync_api import Locator, Page, expect

OpenLab = Callable[..., Page]


def write_notebook(served: Served, folder: str, *cells: Any, name: str = "work.ipynb") -> str:
    made = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
    nbformat.write(notebook, served.root / folder / name)
    return f"{folder}/{name}"


def open_notebook(open_lab: OpenLab, path: str) -> Page:
    page = open_lab(path)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    return page


def open_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Submit this notebook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("of at most").wait_for()
    return dialog


def press_submit(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Submit", exact=True).click()
    dialog.wait_for(state="detached")


def newest(served: Served) -> dict[str, Any]:
    """Return the run that was submitted last."""
    line = until(lambda: served.get("/runs", limit=1)["runs"])[0]
    run: dict[str, Any] = served.get(f"/runs/{line['id']}")["run"]
    return run


def test_a_notebook_is_submitted_with_the_parameters_of_its_form(
    served: Served, open_lab: OpenLab, folder: str, assert_accessible: Callable[[str], None]
) -> None:
    defaults = nbformat.v4.new_code_cell(
        "lr = 0.1  # learning rate\nepochs: int = 3\nname = 'plain'\nshuffle = True",
        metadata={"tags": ["parameters"]},
    )
    path = write_notebook(served, folder, defaults, "print(lr, epochs, name, shuffle)")
    page = open_notebook(open_lab, path)
    dialog = open_dialog(page)

    expect(dialog.get_by_label("lr")).to_have_value("0.1")
    expect(dialog.get_by_text("learning rate")).to_be_visible()
    dialog.get_by_label("epochs").fill("three")
    expect(dialog.get_by_text("“three” is not a whole number.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Submit", exact=True)).to_be_disabled()
    assert_accessible(".jp-Dialog")
    dialog.get_by_label("epochs").fill("7")
    dialog.get_by_label("shuffle").select_option("false")
    dialog.get_by_label("Name", exact=True).fill("seven")
    press_submit(dialog)

    expect(page.get_by_text("seven is submitted to local.")).to_be_visible()
    run = newest(served)
    assert run["name"] == "seven"
    assert run["params"] == {"epochs": 7, "shuffle": False}
    assert run["command"] == {"type": "notebook", "path": "work.ipynb"}
    assert run["source"].endswith(folder)
    assert served.ended(run["id"])["state"] == "completed"


def test_what_was_not_saved_is_saved_before(served: Served, open_lab: OpenLab, folder: str) -> None:
    page = open_notebook(open_lab, write_notebook(served, folder, "print('old')"))
    page.locator(".jp-Cell .cm-content").first.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("print('new')")
    press_submit(open_dialog(page))
    run = newest(served)
    saved = json.loads((served.root / folder / "work.ipynb").read_text())
    assert "".join(saved["cells"][0]["source"]) == "print('new')"
    captured = served.get(f"/runs/{run['id']}/snapshot/preview", path="work.ipynb")
    assert "print('new')" in json.dumps(captured["notebook"])


def test_the_last_choices_are_offered_again_and_shift_submits_with_them(
    served: Served, open_lab: OpenLab, folder: str
) -> None:
    page = open_notebook(open_lab, write_notebook(served, folder, "1"))
    dialog = open_dialog(page)
    dialog.get_by_label("Experiment").fill("kept")
    dialog.get_by_label("Time limit").fill("1h30m")
    press_submit(dialog)
    first = newest(served)
    assert first["resources"]["time_limit_min"] == 90
    dialog = open_dialog(page)
    expect(dialog.get_by_label("Experiment")).to_have_value("kept")
    dialog.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Submit this notebook").click(modifiers=["Shift"])
    second = until(lambda: run if (run := newest(served))["id"] != first["id"] else None)
    assert (second["experiment"], second["resources"]) == ("kept", first["resources"])
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_preview_tells_what_goes_along_and_leaves_out_with_one_click(
    served: Served, open_lab: OpenLab, folder: str, assert_accessible: Callable[[str], None]
) -> None:
    root = served.root / folder
    (root / "data").mkdir()
    (root / "data" / "big.bin").write_bytes(bytes(2_000_000))
    (root / ".env").write_text("PASSWORD=x")
    (root / ".gitignore").write_text("*.tmp\n")
    (root / "a.tmp").write_text("x")
    page = open_notebook(open_lab, write_notebook(served, folder, "1"))
    dialog = open_dialog(page)
    expect(dialog.get_by_text("Left out, as it looks like a secret: .env")).to_be_visible()
    expect(dialog.get_by_text("2.0 MB of at most 300 MB")).to_be_visible()

    dialog.get_by_text("Look at the files").click()
    tree = dialog.get_by_role("treegrid")
    expect(tree.get_by_role("row", name="data")).to_be_visible()
    why = dialog.get_by_label("Why is this in or out?")
    why.fill("a.tmp")
    why.press("Enter")
    expect(dialog.get_by_text("a.tmp is left out (.gitignore, line 1: *.tmp).")).to_be_visible()
    assert_accessible(".jp-Dialog")

    row = tree.get_by_role("row", name="data")
    row.hover()
    row.get_by_role("button", name="Leave out data").click()
    expect(dialog.get_by_text("A new file .amlignore has the line /data/")).to_be_visible()
    expect(dialog.get_by_text("2.0 MB of at most 300 MB")).to_have_count(0)
    assert "/data/" in (root / ".amlignore").read_text().splitlines()
    press_submit(dialog)
    files = served.get(f"/runs/{newest(served)['id']}/snapshot")["files"]
    assert {file["path"] for file in files} == {".amlignore", ".gitignore", "work.ipynb"}


def test_what_the_server_refuses_is_said_in_the_dialog_which_stays(
    served: Served, open_lab: OpenLab, folder: str
) -> None:
    page = open_notebook(open_lab, write_notebook(served, folder, "1"))
    dialog = open_dialog(page)
    dialog.get_by_label("Environment", exact=True).select_option("packages")
    dialog.get_by_label("Packages", exact=True).fill("numpy==")
    dialog.get_by_role("button", name="Submit", exact=True).click()
    notice = dialog.get_by_role("alert")
    expect(notice).to_contain_text("'numpy==' is no requirement")
    expect(notice).to_be_in_viewport()
    dialog.get_by_label("Environment", exact=True).select_option("default")
    expect(notice).to_have_count(0)
    press_submit(dialog)


def test_a_script_is_submitted_from_the_file_browser_with_its_arguments(
    served: Served, open_lab: OpenLab, folder: str
) -> None:
    (served.root / folder / "job.py").write_text("import sys; print(sys.argv[1:])")
    page = open_lab(folder)
    page.get_by_role("tab", name="File Browser").click()
    page.locator(".jp-DirListing-item", has_text="job.py").click(button="right")
    page.get_by_role("menuitem", name="Submit to Compute…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Arguments").fill("--name 'two words'")
    press_submit(dialog)
    run = newest(served)
    assert run["command"] == {"type": "script", "path": "job.py", "args": ["--name", "two words"]}
    assert served.ended(run["id"])["state"] == "completed"


def test_the_dialog_is_used_by_keyboard_alone(
    served: Served, open_lab: OpenLab, folder: str
) -> None:
    page = open_notebook(open_lab, write_notebook(served, folder, "print(1)"))
    page.locator(".jp-Notebook .jp-Cell .cm-content").click()
    page.keyboard.press("Control+Alt+Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Target")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    dialog.get_by_role("button", name="Submit", exact=True).focus()
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Target")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    run = newest(served)
    assert (run["name"], run["command"]["notebook"]) == ("by keyboard", "work.ipynb")
    assert run["command"]["code"] == "print(1)"
