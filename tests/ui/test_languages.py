"""The front end in a reader's own language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from compute_server import Served, serve
from playwright.sync_api import Page, expect

SLOW_MS = 90_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("german")
    chosen = folder / "jupyter/settings/@jupyterlab/translation-extension"
    chosen.mkdir(parents=True)
    (chosen / "plugin.jupyterlab-settings").write_text('{"locale": "de_DE"}')
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


def test_the_front_end_speaks_german(served: Served, page: Page) -> None:
    with page.expect_websocket(lambda socket: "events/subscribe" in socket.url):
        page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    served.script("kurz.py", "import time; time.sleep(2)")
    toast = page.locator(".Toastify__toast", has_text="auf local abgeschlossen")
    toast.get_by_role("button", name="Protokoll öffnen").click()
    header = page.locator("#jp-main-dock-panel .jp-MainAreaWidget:visible")
    expect(header).to_contain_text("abgeschlossen")
    page.get_by_role("button", name="Compute: nichts läuft").click()
    expect(page.locator("#jp-compute-sidebar")).to_be_visible()


def test_the_settings_are_explained_in_german(served: Served, page: Page) -> None:
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    page.keyboard.press("Control+,")
    page.get_by_role("tab", name="Compute", exact=True).last.click()
    expect(page.get_by_text("Mitteilen, wenn Läufe enden")).to_be_visible()
