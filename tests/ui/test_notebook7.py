"""The same front end in Notebook 7, which has one document in each tab of the browser."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from compute_server import Served, serve
from playwright.sync_api import ConsoleMessage, Error, Page, expect

SLOW_MS = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("notebook")
    with serve(folder / "jupyter", folder / "compute", app="notebook") as found:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell("1 + 1")],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, found.root / "work.ipynb")
        yield found


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Collect what goes wrong in the page, if it is about us; Notebook 7 has errors of its own."""
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        where = f"{message.text} {message.location}"
        if message.type in ("error", "warning") and "compute" in where:
            found.append(where)

    def catch(error: Error) -> None:
        if "compute" in str(error.stack):
            found.append(str(error.stack))

    page.on("console", hear)
    page.on("pageerror", catch)
    return found


def open_at(page: Page, served: Served, path: str) -> None:
    with page.expect_websocket(lambda socket: "events/subscribe" in socket.url):
        page.goto(f"{served.base}{path}?token={served.token}")
    page.locator("#main-panel").wait_for()


def submit(served: Served, name: str, code: str) -> str:
    source = served.write(f"{name}.py", code)
    command = {"type": "script", "path": f"{name}.py"}
    asked = {"command": command, "source": source, "name": name}
    return str(served.post("/runs", asked, 201)["id"])


def open_log_of(served: Served, page: Page, name: str) -> None:
    """Submit a script, and open its page from the notification that it ended."""
    submit(served, name, "import time; time.sleep(2)")
    toast = page.locator(".Toastify__toast", has_text=f"{name} completed")
    toast.get_by_role("button", name="Open log").click()


def test_a_page_of_a_run_stands_beside_the_files_and_comes_back(
    served: Served, page: Page, complaints: list[str]
) -> None:
    open_at(page, served, "tree")
    expect(page.get_by_role("tab", name="Files")).to_be_visible()
    open_log_of(served, page, "first")
    tab = page.get_by_role("tab", name="first")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "false")
    page.reload()
    expect(tab).to_be_visible()
    expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")
    tab.click()
    expect(page.locator(".jp-MainAreaWidget", has_text="first")).to_be_visible()
    assert complaints == []


def test_the_sidebar_is_in_the_view_menu(served: Served, page: Page, complaints: list[str]) -> None:
    open_at(page, served, "tree")
    page.get_by_role("menuitem", name="View", exact=True).click()
    page.get_by_role("menuitem", name="Show Compute Targets and Runs").click()
    expect(page.get_by_role("region", name="Compute", exact=True)).to_be_visible()
    assert complaints == []


def test_a_notebook_can_be_submitted_and_the_page_of_a_run_has_room_below_it(
    served: Served, page: Page, complaints: list[str]
) -> None:
    open_at(page, served, "notebooks/work.ipynb")
    cell = page.locator(".jp-Notebook .jp-Cell").first
    cell.wait_for()
    expect(page.get_by_role("button", name="Submit this notebook")).to_be_visible()
    open_log_of(served, page, "second")
    open_log_of(served, page, "third")
    shown = page.locator("#jp-down-stack .jp-MainAreaWidget:visible")
    expect(shown).to_contain_text("third")
    box = shown.bounding_box()
    assert box is not None
    assert box["height"] > 200
    expect(cell).to_be_visible()
    page.get_by_role("tab", name="second").click()
    expect(shown).to_contain_text("second")
    page.reload()
    expect(shown).to_be_visible()
    expect(page.get_by_role("tab", name="third")).to_be_visible()
    assert complaints == []


def test_live_runs_are_among_the_things_that_run(
    served: Served, page: Page, complaints: list[str]
) -> None:
    open_at(page, served, "tree")
    run_id = submit(served, "waiting", "import time; time.sleep(600)")
    page.get_by_role("tab", name="Running").click()
    row = page.locator(".jp-RunningSessions-item", has_text="waiting")
    expect(row).to_contain_text("running", timeout=SLOW_MS)
    row.hover()
    row.get_by_title("Cancel").click()
    expect(row).to_have_count(0, timeout=SLOW_MS)
    assert served.ended(run_id)["state"] == "canceled"
    assert complaints == []
