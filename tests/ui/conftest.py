"""A real JupyterLab and a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import chromium
import jupyter_server_process
import nbformat
import pytest
from compute_server import Served, serve, until
from jupyter_server_process import JupyterServer
from playwright.sync_api import (
    Browser,
    Locator,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

SLOW_MS = 90_000
SOON_MS = 2_000
expect.set_options(timeout=SLOW_MS)

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"


# Its event loop occupies the thread until it is closed, so it does not last for the session.
@pytest.fixture(scope="module")
def browser(engine: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=engine("chromium"), args=chromium.ARGUMENTS, timeout=SLOW_MS
        )
        yield browser
        browser.close()


@pytest.fixture
def lab(home: Path, tmp_path: Path) -> Iterator[JupyterServer]:
    server = jupyter_server_process.start(tmp_path / "jupyter")
    yield server
    server.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    yield page
    context.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab for all tests of a file, and speak with its server."""
    folder = tmp_path_factory.mktemp("lab")
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


@pytest.fixture
def open_lab(served: Served, page: Page) -> Callable[..., Page]:
    """Open JupyterLab with the sidebar shown; ``path`` may name a file of the root."""

    def open_it(path: str = "") -> Page:
        page.goto(f"{served.base}lab{path and '/tree/'}{path}?reset&token={served.token}")
        page.locator("#jp-main-dock-panel").wait_for()
        page.get_by_role("tab", name="Compute", exact=True).click()
        page.locator("#jp-compute-sidebar").wait_for()
        return page

    return open_it


@pytest.fixture
def open_run(page: Page) -> Callable[[str], Locator]:
    """Open the page of a run by its id, from the command palette."""

    def open_it(run_id: str) -> Locator:
        search = page.locator(".lm-CommandPalette-input")
        found = page.locator(".lm-CommandPalette-item", has_text="Open Run…")
        answer = page.get_by_role("dialog").get_by_label("The id of the run")

        def is_asked() -> bool:
            try:
                if not search.is_visible():
                    page.keyboard.press("Control+Shift+C")
                search.fill("Open Run…", timeout=SOON_MS)
                found.click(timeout=SOON_MS)
                answer.wait_for(timeout=SOON_MS)
            except TimeoutError:
                # JupyterLab takes the focus while it starts, which closes the palette.
                return False
            return True

        until(is_asked)
        answer.fill(run_id)
        answer.press("Enter")
        return page.locator(f"#compute-run-{run_id}")

    return open_it


@pytest.fixture
def assert_accessible(page: Page) -> Callable[[str], None]:
    """See that axe-core finds nothing wrong with what a selector names."""

    def check(selector: str) -> None:
        if not page.evaluate("'axe' in window"):
            page.add_script_tag(path=AXE)
        found = page.evaluate("selector => axe.run(selector)", selector)
        assert found["passes"], "axe looked at nothing"
        problems = [
            f"{one['id']}: {one['help']}\n  " + "\n  ".join(node["html"] for node in one["nodes"])
            for one in found["violations"]
        ]
        assert not problems, "\n".join(problems)

    return check


@pytest.fixture
def open_notebook(lab: JupyterServer, page: Page) -> Callable[..., Page]:
    """Write a notebook of the given code cells and open it in JupyterLab, its kernel idle."""

    def open_it(*cells: str, name: str = "work.ipynb") -> Page:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, lab.root / name)
        page.goto(f"{lab.url}lab/tree/{name}?reset&token={lab.token}")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_text("| Idle").wait_for()
        return page

    return open_it


@pytest.fixture
def run_all(page: Page) -> Callable[[], None]:
    """Run every cell of the open notebook, without waiting for them."""

    def run() -> None:
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    return run
