"""A real JupyterLab and a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import jupyter_server_process
import nbformat
import pytest
from jupyter_server_process import JupyterServer
from playwright.sync_api import Browser, Page, sync_playwright

SLOW_MS = 90_000

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


# Its event loop occupies the thread until it is closed, so it does not last for the session.
@pytest.fixture(scope="module")
def browser(engine: Callable[[str], str]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=engine("chromium"), args=_ARGUMENTS, timeout=SLOW_MS
        )
        yield chromium
        chromium.close()


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
