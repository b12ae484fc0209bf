"""The front end in a reader's own language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from compute_server import Served, serve, until
from playwright.sync_api import Page, expect


class Language(NamedTuple):
    """What a reader of a language looks for."""

    locale: str
    told: str
    open_log: str
    completed: str
    status: str
    targets: str
    compute: str
    setting: str
    attach: str
    by_ssh: str
    key: str


GERMAN = Language(
    locale="de_DE",
    told="auf local abgeschlossen",
    open_log="Protokoll öffnen",
    completed="abgeschlossen",
    status="Compute: nichts läuft",
    targets="Ziele",
    compute="Compute",
    setting="Benachrichtigen, wenn Läufe enden",
    attach="Ein Rechenziel anbinden",
    by_ssh="Ein Rechner über SSH",
    key="Der private Schlüssel auf diesem Rechner.",
)
CHINESE = Language(
    locale="zh_CN",
    told="已在 local 上完成",
    open_log="打开日志",
    completed="已完成",
    status="计算：没有正在进行的运行",
    targets="目标",
    compute="计算",
    setting="运行结束时通知",
    attach="附加计算目标",
    by_ssh="通过 SSH 连接的机器",
    key="本机上的私钥。",
)


@pytest.fixture(scope="module", params=[GERMAN, CHINESE], ids=lambda one: one.locale)
def language(request: pytest.FixtureRequest) -> Language:
    found: Language = request.param
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, language: Language) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("language")
    chosen = folder / "jupyter/settings/@jupyterlab/translation-extension"
    chosen.mkdir(parents=True)
    (chosen / "plugin.jupyterlab-settings").write_text(f'{{"locale": "{language.locale}"}}')
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


def test_the_front_end_speaks_the_language(served: Served, page: Page, language: Language) -> None:
    with page.expect_websocket(lambda socket: "events/subscribe" in socket.url):
        page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    served.script("short.py", "import time; time.sleep(2)")
    toast = page.locator(".Toastify__toast", has_text=language.told)
    toast.get_by_role("button", name=language.open_log).click()
    header = page.locator("#jp-main-dock-panel .jp-MainAreaWidget:visible")
    expect(header).to_contain_text(language.completed)
    page.get_by_role("button", name=language.status).click()
    sidebar = page.locator("#jp-compute-sidebar")
    expect(sidebar).to_be_visible()
    expect(sidebar).to_contain_text(language.targets)
    sidebar.get_by_role("button", name=language.attach, exact=True).click()
    page.get_by_role("radio", name=language.by_ssh).check()
    expect(page.locator(".jp-compute-AttachForm")).to_contain_text(language.key)


def test_the_settings_are_explained_in_the_language(
    served: Served, page: Page, language: Language
) -> None:
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel").wait_for()
    editor = page.locator(".jp-SettingsPanel")

    def is_open() -> bool:
        # JupyterLab hears shortcuts some time after it is seen.
        page.keyboard.press("Control+,")
        page.wait_for_timeout(500)
        return editor.is_visible()

    until(is_open)
    page.get_by_role("tab", name=language.compute, exact=True).last.click()
    expect(page.get_by_text(language.setting)).to_be_visible()
