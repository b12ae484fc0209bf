"""A real JupyterLab and a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import chromium
import nbformat
import pytest
from compute_server import Served, serve, until
from playwright.sync_api import (
    BrowserContext,
    Locator,
    Page,
    TimeoutError,
    expect,
    sync_playwright,
)

SLOW_MS = 90_000
SOON_MS = 2_000
ACTIVE = ("queued", "preparing", "running", "finalizing")
expect.set_options(timeout=SLOW_MS)

AXE = Path(__file__).parents[2] / "labextension/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where Chromium keeps JupyterLab's scripts compiled, which is half of loading it."""
    return tmp_path_factory.mktemp("chromium")


# Its event loop occupies the thread until it is closed, so it does not last for the session.
@pytest.fixture(scope="module")
def window(engine: Callable[[str], str], profile: Path) -> Iterator[BrowserContext]:
    """Run a Chromium, which has one page that stays blank."""
    with sync_playwright() as playwright:
        window = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=engine("chromium"),
            args=chromium.ARGUMENTS,
            timeout=SLOW_MS,
            viewport={"width": 1280, "height": 900},
        )
        window.set_default_timeout(SLOW_MS)
        yield window
        window.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """Open a page in a browser that remembers nothing of what the tests before did."""
    page = window.new_page()
    yield page
    place = urlsplit(page.url)
    blank, *others = window.pages
    for other in others:
        other.close()
    window.set_offline(False)
    window.clear_permissions()
    window.clear_cookies()
    if place.netloc:
        told = {"origin": f"{place.scheme}://{place.netloc}", "storageTypes": "all"}
        session = window.new_cdp_session(blank)
        session.send("Storage.clearDataForOrigin", told)
        session.detach()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab for all tests that do not mind each other's runs."""
    folder = tmp_path_factory.mktemp("lab")
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


@pytest.fixture(scope="module")
def served(lab: Served) -> Iterator[Served]:
    """Lend a file the server that all share; it may have one of its own instead."""
    yield lab
    for session in lab.get(f"{lab.base}api/sessions"):
        assert lab.http.delete(f"{lab.base}api/sessions/{session['id']}").status_code == 204


@pytest.fixture(autouse=True)
def as_at_first(served: Served) -> None:
    """Begin as if no test had been before, or a first try of this one: what is over may stay."""
    for kept in ("settings/jupyter_compute", "workspaces"):
        shutil.rmtree(served.root.parent / kept, ignore_errors=True)
    for run in served.get("/runs", state=ACTIVE, limit=1000)["runs"]:
        served.end(run["id"])
    for target in served.get("/targets")["targets"]:
        if target["name"] != "local":
            assert served.http.delete(f"/targets/{target['name']}").status_code == 204


@pytest.fixture
def without_runs(served: Served) -> None:
    """Begin without any run; very many are left to the last test."""
    found = served.get("/runs", limit=100)
    for run in found["runs"] if found["total"] <= 100 else ():
        served.end(run["id"])
        assert served.http.delete(f"/runs/{run['id']}").status_code == 204


@pytest.fixture
def folder(served: Served, tmp_path: Path) -> str:
    """Make a folder among the server's, new for each try of a test."""
    (served.root / tmp_path.name).mkdir()
    return tmp_path.name


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
def open_notebook(lab: Served, page: Page, tmp_path: Path) -> Callable[..., Page]:
    """Write a notebook of the given code cells and open it in JupyterLab, its kernel idle."""

    def open_it(*cells: str) -> Page:
        path = f"{tmp_path.name}/work.ipynb"
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        (lab.root / path).parent.mkdir()
        nbformat.write(notebook, lab.root / path)
        page.goto(f"{lab.base}lab/tree/{path}?reset&token={lab.token}")
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
