"""What stands around the page: the status bar, notifications, and what is said of the server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jupyter_server_process
import pytest
from compute_server import Served, serve, until
from playwright.sync_api import Page, Route, expect

from jupyter_compute import __version__

pytestmark = pytest.mark.usefixtures("without_runs")

SLOW_MS = 90_000
SLEEP = "import time; time.sleep(600)"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab in which nothing runs but what these tests count."""
    folder = tmp_path_factory.mktemp("ambient")
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


def open_at(page: Page, base: str, token: str) -> None:
    """Open JupyterLab, and wait until changes reach it."""
    with page.expect_websocket(lambda socket: "events/subscribe" in socket.url):
        page.goto(f"{base}lab?reset&token={token}")
    page.locator("#jp-main-dock-panel").wait_for()


@pytest.fixture
def lab_page(served: Served, page: Page) -> Page:
    open_at(page, served.base, served.token)
    return page


def submit(served: Served, name: str, code: str) -> str:
    source = served.write(f"{name}.py", code)
    command = {"type": "script", "path": f"{name}.py"}
    asked = {"command": command, "source": source, "name": name}
    return str(served.post("/runs", asked, 201)["id"])


def settings(served: Served) -> dict[str, Any]:
    """Read what the user has chosen, as it is saved."""
    answer = served.http.get(f"{served.base}lab/api/settings/jupyter_compute:settings").json()
    found: dict[str, Any] = answer["settings"]
    return found


def test_the_status_bar_counts_and_leads_to_the_runs(
    served: Served, lab_page: Page, assert_accessible: Callable[[str], None]
) -> None:
    item = lab_page.get_by_role("button", name="Compute:")
    expect(lab_page.locator(".jp-compute-StatusItem")).to_be_hidden()
    running = submit(served, "sleeper", SLEEP)
    submit(served, "broken", "1 / 0")
    expect(item).to_have_attribute(
        "aria-label", "Compute: 1 running, 1 failed since you looked last", timeout=SLOW_MS
    )
    assert_accessible("#jp-bottom-panel")
    item.click()
    expect(lab_page.get_by_role("region", name="Compute", exact=True)).to_be_visible()
    expect(item).to_have_attribute("aria-label", "Compute: 1 running")
    served.post(f"/runs/{running}/cancel", None, 202)
    expect(item).to_have_attribute("aria-label", "Compute: nothing is running", timeout=SLOW_MS)


def test_a_run_that_ends_is_told_once_in_a_browser(served: Served, page: Page) -> None:
    pages = [page, page.context.new_page()]
    for page in pages:
        open_at(page, served.base, served.token)

    def told(name: str) -> int:
        toasts = [page.locator(".Toastify__toast", has_text=f"{name} failed") for page in pages]
        return sum(toast.count() for toast in toasts)

    for name in ("left", "right"):
        submit(served, name, "import time; time.sleep(2); 1 / 0")
        # What came before it has been heard by all pages when this is shown by one.
        until(lambda name=name: told(name) > 0)
    assert told("left") == 1


def test_the_launcher_has_a_card(lab_page: Page) -> None:
    lab_page.locator(".jp-LauncherCard", has_text="Compute").click()
    expect(lab_page.get_by_role("region", name="Compute", exact=True)).to_be_visible()


def test_runs_are_canceled_from_the_list_of_what_runs(served: Served, lab_page: Page) -> None:
    ids = [submit(served, name, SLEEP) for name in ("one", "two", "three")]
    lab_page.get_by_role("tab", name="Running Terminals and Kernels").click()
    rows = lab_page.locator(".jp-RunningSessions-item", has_text=re.compile("one|two|three"))
    expect(rows).to_have_count(3, timeout=SLOW_MS)
    row = rows.filter(has_text="two")
    row.hover()
    row.get_by_title("Cancel").click()
    expect(rows).to_have_count(2, timeout=SLOW_MS)
    lab_page.get_by_role("button", name="Cancel All").click()
    dialog = lab_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel all runs that are not over")
    dialog.get_by_role("button", name="Cancel All").click()
    expect(rows).to_have_count(0, timeout=SLOW_MS)
    assert {served.ended(run_id)["state"] for run_id in ids} == {"canceled"}


def test_a_setting_is_followed_at_once(served: Served, lab_page: Page) -> None:
    lab_page.get_by_role("menuitem", name="Settings", exact=True).click()
    lab_page.get_by_role("menuitem", name="Settings Editor").click()
    editor = lab_page.locator(".jp-SettingsPanel")
    lab_page.get_by_role("tab", name="Compute", exact=True).last.click()
    chosen = editor.locator("select[id$='_notify']")

    def choose(label: str, value: str) -> None:
        chosen.select_option(label=label)
        until(lambda: settings(served).get("notify", "all") == value)

    choose("No runs", "none")
    served.ended(submit(served, "quiet", "import time; time.sleep(2)"))
    choose("All runs", "all")
    submit(served, "loud", "import time; time.sleep(2)")
    toasts = lab_page.locator(".Toastify__toast")
    expect(toasts.filter(has_text="loud completed")).to_be_visible(timeout=SLOW_MS)
    expect(toasts.filter(has_text="quiet")).to_have_count(0)


def test_a_page_of_another_version_says_what_to_do(served: Served, page: Page) -> None:
    def be_old(route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace(f"={__version__}", "=0.0.1"))
        route.fulfill(json={**answer.json(), "version": "0.0.2"})

    page.route(re.compile("/compute/version"), be_old)
    open_at(page, served.base, served.token)
    toast = page.locator(".Toastify__toast", has_text="the page has version 0.0.1")
    expect(toast).to_contain_text("reload the page")
    expect(toast.get_by_role("button", name="Reload the page")).to_be_visible()


def test_a_lost_server_is_said_and_goes_by_itself(served: Served, lab_page: Page) -> None:
    lab_page.get_by_role("tab", name="Compute", exact=True).click()
    notice = lab_page.locator(".jp-compute-ServerNotice")
    lab_page.context.set_offline(True)
    lab_page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(notice).to_contain_text("does not answer")
    lab_page.context.set_offline(False)
    expect(notice).to_have_count(0)


def test_without_the_servers_part_the_sidebar_says_how_to_switch_it_on(
    home: Path, tmp_path: Path, page: Page, assert_accessible: Callable[[str], None]
) -> None:
    config = tmp_path / "jupyter" / "config"
    config.mkdir(parents=True)
    off = {"ServerApp": {"jpserver_extensions": {"jupyter_compute": False}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(off))
    server = jupyter_server_process.start(tmp_path / "jupyter")
    try:
        open_at(page, server.url, server.token)
        page.get_by_role("tab", name="Compute", exact=True).click()
        notice = page.get_by_role("region", name="Compute", exact=True).get_by_role("alert")
        expect(notice).to_contain_text("jupyter server extension enable jupyter_compute")
        assert_accessible("#jp-compute-sidebar")
        expect(page.locator("#jp-compute-sidebar .jp-SidePanel-content")).to_be_hidden()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def served_below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab as a Hub does, below a base URL, and with a theme of high contrast."""
    folder = tmp_path_factory.mktemp("below")
    themes = folder / "jupyter/settings/@jupyterlab/apputils-extension"
    themes.mkdir(parents=True)
    (themes / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark High Contrast"}')
    option = "--ServerApp.base_url=/user/me/"
    with serve(folder / "jupyter", folder / "compute", option, app="lab") as found:
        yield found


def test_below_a_base_url_and_in_high_contrast(
    served_below: Served, page: Page, assert_accessible: Callable[[str], None]
) -> None:
    assert served_below.base.endswith("/user/me/")
    open_at(page, served_below.base, served_below.token)
    submit(served_below, "far", "import time; time.sleep(2)")
    toast = page.locator(".Toastify__toast", has_text="far completed")
    toast.get_by_role("button", name="Open log").click()
    expect(page.locator("#jp-main-dock-panel").get_by_role("tab", name="far")).to_be_visible()
    page.get_by_role("button", name="Compute: nothing is running").click()
    expect(page.locator("#jp-compute-sidebar")).to_be_visible()
    assert page.locator("body[data-jp-theme-name='JupyterLab Dark High Contrast']").count() == 1
    assert_accessible("#jp-compute-sidebar")
    assert_accessible("#jp-bottom-panel")
