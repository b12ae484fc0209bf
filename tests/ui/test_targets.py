"""Targets: the sidebar's list, their pages, the form that attaches one, and what they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from compute_server import Served, serve, until
from playwright.sync_api import Locator, Page, expect

from jupyter_compute.client import Client

KINDS = str(Path(__file__).parents[1] / "kinds")

LONG_MS = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab that knows a kind with every sort of option."""
    folder = tmp_path_factory.mktemp("lab")
    with serve(folder / "jupyter", folder / "compute", app="lab", PYTHONPATH=KINDS) as found:
        yield found


@pytest.fixture
def attach(served: Served) -> Iterator[Callable[..., None]]:
    """Attach showcases by their hosts, which name them, too."""
    names: list[str] = []

    def attach_it(host: str, **options: Any) -> None:
        body = {"name": host, "kind": "showcase", "options": {"host": host, **options}}
        served.post("/targets", body, 201)
        names.append(host)

    yield attach_it
    for name in names:
        assert served.http.delete(f"/targets/{name}").status_code in (204, 404)


def item(page: Page, name: str) -> Locator:
    """Find a target in the sidebar."""
    targets = page.get_by_role("list", name="Compute targets")
    return targets.get_by_role("listitem").filter(
        has=page.get_by_role("button", name=name, exact=True)
    )


def open_form(page: Page, kind: str = "Showcase") -> Locator:
    """Open the form that attaches a target."""
    page.get_by_role("button", name="Attach a compute target", exact=True).click()
    page.get_by_role("radio", name=kind).check()
    return page.locator(".jp-compute-AttachForm")


def test_the_form_says_what_is_wrong_before_and_after_it_is_sent(
    open_lab: Callable[..., Page],
    attach: Callable[..., None],
    served: Served,
    assert_accessible: Callable[[str], None],
) -> None:
    attach("taken")
    page = open_lab()
    form = open_form(page)
    expect(form.get_by_role("radio", name="unready")).to_be_disabled()
    expect(form).to_contain_text("a_package_that_is_not_there")
    assert_accessible(".jp-compute-AttachForm")

    name, host = form.get_by_label("Name"), form.get_by_label("Host")
    name.fill("taken")
    expect(form).to_contain_text("There is a target named taken already.")
    name.fill("a b")
    expect(form).to_contain_text("Only letters, digits")
    for group in ("Sign-in", "Runs"):
        form.get_by_text(group, exact=True).click()
    form.get_by_label("Slots").fill("many")
    form.get_by_label("Port").fill("70000")
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(name).to_be_focused()
    expect(form).to_contain_text("This is required.")
    expect(form).to_contain_text("It takes a whole number, not “many”.")
    expect(form).to_contain_text("It is at most 65535.")
    expect(host).to_have_attribute("aria-invalid", "true")
    assert_accessible(".jp-compute-AttachForm")

    name.fill("other")
    host.fill("taken")
    form.get_by_label("Slots").fill("3")
    form.get_by_label("Port").fill("")
    form.get_by_label("Password").fill("hush")
    form.get_by_label("Queue").select_option("long")
    form.get_by_label("Keep files").uncheck()
    form.get_by_label("Modules").fill("cuda\ngcc\n")
    form.get_by_role("button", name="Attach", exact=True).click()
    expect(form).to_contain_text("is already attached as 'taken'")
    form.get_by_role("button", name="Replace taken").click()

    expect(page.get_by_role("heading", name="other")).to_be_visible()
    expect(form).to_have_count(0)
    expect(page.locator(".jp-compute-TargetPage")).to_contain_text("checked", timeout=LONG_MS)
    assert served.get("/targets/other")["options"] == {
        "host": "taken",
        "slots": 3,
        "password": "••••••••",
        "queue": "long",
        "keep_files": False,
        "modules": ["cuda", "gcc"],
    }
    assert served.http.delete("/targets/other").status_code == 204


def test_a_place_is_tested_before_it_is_attached(
    open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    page = open_lab()
    form = open_form(page)
    result = form.get_by_role("region", name="Test of the connection")
    for host, words in (
        ("ill", "nothing can run there yet"),
        ("nowhere", "It cannot be reached."),
        ("well", "It works."),
    ):
        form.get_by_label("Host").fill(host)
        form.get_by_role("button", name="Test connection").click()
        expect(result.get_by_role("status")).to_contain_text(words, timeout=LONG_MS)
        if host == "ill":
            expect(result).to_contain_text("there is no Python 3.8 or newer")
            expect(result).to_contain_text("install one, or name it with --python")
            expect(result).to_contain_text("the disk is nearly full")
            assert_accessible(".jp-compute-AttachForm")
        if host == "nowhere":
            expect(result).to_contain_text("is it switched on?")
    expect(page.get_by_role("list", name="Compute targets").get_by_role("listitem")).to_have_count(
        1
    )


def test_what_a_check_finds_is_shown_and_the_options_are_edited(
    open_lab: Callable[..., Page],
    attach: Callable[..., None],
    served: Served,
    assert_accessible: Callable[[str], None],
) -> None:
    attach("ill", password="hush", slots=2)
    page = open_lab()
    one = item(page, "ill")
    expect(one).to_contain_text("not checked")
    one.get_by_role("button", name="Check ill now").click()
    expect(one).to_contain_text("has problems", timeout=LONG_MS)
    expect(one).to_contain_text("0 of 2 in use")
    one.get_by_text("3 things to look at").click()
    expect(one.get_by_text("pip install uv")).to_be_visible()
    assert_accessible("#jp-compute-sidebar")

    one.get_by_role("button", name="ill", exact=True).click()
    shown = page.locator(".jp-compute-TargetPage")
    expect(shown).to_contain_text("showcase://ill:22")
    expect(shown).to_contain_text("••••••••")
    assert_accessible(".jp-compute-TargetPage")

    shown.get_by_role("button", name="Edit options…").click()
    form = page.locator(".jp-compute-AttachForm")
    expect(form.get_by_label("Password")).to_have_value("")
    form.get_by_label("Slots").fill("5")
    form.get_by_role("button", name="Save").click()
    expect(one).to_contain_text("0 of 5 in use", timeout=LONG_MS)
    assert served.get("/targets/ill")["options"] == {
        "host": "ill",
        "password": "••••••••",
        "slots": 5,
    }


def test_a_target_is_worked_with_from_the_keyboard_alone(
    open_lab: Callable[..., Page], attach: Callable[..., None], served: Served, page: Page
) -> None:
    attach("well")
    # A page that has much to do: what is typed goes to what is seen all the same.
    page.add_init_script("window.requestIdleCallback = act => setTimeout(act, 2000)")
    open_lab()
    more = item(page, "well").get_by_role("button", name="More for well")
    item(page, "well").get_by_role("button", name="well", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Edit Options of Target…")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Detach well?")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert served.get("/targets/well")["name"] == "well"

    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Detach well?")
    page.keyboard.press("Enter")
    expect(item(page, "well")).to_have_count(0)
    served.get("/targets/well", 404)


def test_what_cannot_be_detached_says_why(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    item(page, "local").get_by_role("button", name="local", exact=True).click(button="right")
    page.get_by_role("menuitem", name="Detach Target…").click()
    page.get_by_role("dialog").get_by_role("button", name="Detach").click()
    expect(page.get_by_role("dialog")).to_contain_text("always there and cannot be detached")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()


def test_a_target_becomes_a_cell_by_drag_and_by_command(
    open_lab: Callable[..., Page], attach: Callable[..., None], served: Served
) -> None:
    attach("gpubox")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1 + 1")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, served.root / "drag.ipynb")
    page = open_lab("drag.ipynb")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_text("| Idle").wait_for()
    name = item(page, "gpubox").get_by_role("button", name="gpubox", exact=True).bounding_box()
    cell = page.locator(".jp-Notebook .jp-Cell").first.bounding_box()
    assert name and cell
    page.mouse.move(name["x"] + 10, name["y"] + 5)
    page.mouse.down()
    page.mouse.move(name["x"] + 60, name["y"] + 30, steps=4)
    page.mouse.move(cell["x"] + cell["width"] / 2, cell["y"] + cell["height"] / 2, steps=8)
    page.mouse.up()
    cells = page.locator(".jp-Notebook .jp-Cell")
    expect(cells).to_have_count(3)
    expect(cells.nth(0)).to_contain_text("%load_ext jupyter_compute")
    expect(cells.nth(1)).to_contain_text("%%submit --target gpubox")

    item(page, "local").get_by_role("button", name="More for local").click()
    page.get_by_role("menuitem", name="Insert %%submit Cell for Target").click()
    expect(cells).to_have_count(4)
    added = cells.filter(has_text="%%submit --target local")
    expect(added.locator(".cm-content")).to_be_focused()
    page.keyboard.type("print('typed')")
    expect(added).to_contain_text("print('typed')")
    page.keyboard.press("Control+s")


def test_a_target_asks_and_is_answered_where_somebody_waits(
    open_lab: Callable[..., Page],
    attach: Callable[..., None],
    assert_accessible: Callable[[str], None],
    served: Served,
) -> None:
    with Client(served.workspace) as client:
        client.forget_answers()
    attach("asks")
    page = open_lab()
    one, dialog = item(page, "asks"), page.get_by_role("dialog")
    one.get_by_role("button", name="Check asks now").click()
    expect(dialog).to_contain_text("asks", timeout=LONG_MS)
    assert_accessible(".jp-Dialog")
    field = dialog.locator("input[type=password]")
    expect(field).to_be_focused()
    keep = dialog.get_by_role("checkbox", name="Keep it (in a file that only you can read)")
    expect(keep).not_to_be_checked()
    keep.check()
    field.fill("secret")
    field.press("Enter")
    expect(field).to_have_count(0)
    expect(dialog).to_contain_text("The code")
    expect(keep).to_have_count(0)
    code = dialog.get_by_role("textbox")
    code.fill("123456")
    page.keyboard.press("Enter")
    expect(one).to_contain_text("ready", timeout=LONG_MS)
    expect(dialog).to_have_count(0)
    with Client(served.workspace) as client:
        (kept,) = client.kept_answers()
        assert kept.target == "asks"
        client.forget_answers()


def test_a_question_that_others_caused_waits_in_a_notification_and_goes_when_it_is_answered(
    open_lab: Callable[..., Page], attach: Callable[..., None], served: Served
) -> None:
    attach("new")
    page = open_lab()
    served.http.post("/targets/new/check", params={"wait_s": 0})
    toast = page.get_by_role("alert").filter(has_text="Is it the right one?")
    expect(toast).to_be_visible(timeout=LONG_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    item(page, "new").get_by_role("button", name="new asks you something…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Is it the right one?")

    (prompt,) = served.get("/prompts")["prompts"]
    answer = served.http.post(f"/prompts/{prompt['id']}", json={"answer": "yes"})
    assert answer.status_code == 204
    expect(dialog).to_have_count(0)
    expect(toast).to_have_count(0)
    expect(item(page, "new")).to_contain_text("ready", timeout=LONG_MS)


def test_the_page_shows_runs_and_manages_the_compute(
    open_lab: Callable[..., Page], attach: Callable[..., None], served: Served
) -> None:
    attach("full")
    served.ended(served.script("greet.py", "print('hello')"))
    page = open_lab()
    item(page, "local").get_by_role("button", name="local", exact=True).click()
    runs = page.locator(".jp-compute-TargetRuns")
    newest = runs.get_by_role("listitem").first
    expect(newest).to_contain_text("completed")
    expect(newest).to_contain_text("greet.py")

    item(page, "full").get_by_role("button", name="full", exact=True).click()
    shown = page.locator(".jp-compute-TargetPage").filter(has_text="showcase://full:22")
    shown.get_by_role("button", name="Start").click()
    expect(shown).to_contain_text("there is no machine left", timeout=LONG_MS)
    until(lambda: served.get("/targets/full")["provisioning"]["state"] == "failed")
