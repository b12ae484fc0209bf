"""The page of a run, opened by the run's id from the command palette."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
from compute_server import Served, until
from playwright.sync_api import Locator, Page, expect

SLOW_MS = 90_000

WAITS = """\
import pathlib, time
while not pathlib.Path({flag!r}).exists():
    time.sleep(0.05)
"""

HELPER = "def invert(x):\n    return 1 / x\n"
FAILS = "from helper import invert\n\nprint('here')\ninvert(0)\n"


def failing(served: Served) -> str:
    source = served.write("helper.py", HELPER)
    asked = {"command": {"type": "cell", "code": FAILS}, "source": source, "name": "fails"}
    run_id = str(served.post("/runs", {**asked, "params": {"lr": 0.1}}, 201)["id"])
    served.ended(run_id)
    return run_id


def shows(page: Locator, state: str) -> None:
    expect(page.get_by_role("status").filter(has_text=state).first).to_be_visible(timeout=SLOW_MS)


def choose(page: Locator, tab: str) -> Locator:
    page.get_by_role("tab", name=tab, exact=True).click()
    return page.get_by_role("tabpanel", name=tab)


def test_a_run_that_failed_says_why_and_where(
    served: Served,
    open_lab: Callable[..., Page],
    open_run: Callable[[str], Locator],
    assert_accessible: Callable[[str], None],
) -> None:
    open_lab()
    run_id = failing(served)
    page = open_run(run_id)
    shows(page, "failed")
    why = page.get_by_role("region", name="Why it ended")
    expect(why).to_contain_text("ZeroDivisionError: division by zero")
    expect(why).to_contain_text("helper.py, line 2")
    why.get_by_text("Traceback", exact=True).click()
    expect(why.locator("mark")).to_have_text(re.compile("return 1 / x"))
    details = choose(page, "Details")
    expect(details.get_by_role("region", name="The code of the cell")).to_contain_text("invert(0)")
    expect(details.get_by_role("row", name="lr 0.1")).to_be_visible()
    assert_accessible(f"#compute-run-{run_id}")


def test_a_run_is_canceled_from_its_page(
    served: Served,
    open_lab: Callable[..., Page],
    open_run: Callable[[str], Locator],
    assert_accessible: Callable[[str], None],
    tmp_path: Path,
) -> None:
    lab = open_lab()
    run_id = served.script("endless.py", WAITS.format(flag=str(tmp_path / "never")))
    page = open_run(run_id)
    shows(page, "running")
    expect(page.get_by_role("list", name="Phases")).to_contain_text("run")
    assert_accessible(f"#compute-run-{run_id}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    shows(page, "canceled")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_have_count(0)
    title = lab.locator("#jp-main-dock-panel").get_by_role("tab", name="endless")
    expect(title).to_have_attribute("title", re.compile("endless: canceled on local"))


def test_a_run_is_repeated_and_the_new_one_leads_back(
    served: Served, open_lab: Callable[..., Page], open_run: Callable[[str], Locator]
) -> None:
    lab = open_lab()
    run_id = failing(served)
    first = open_run(run_id)
    first.get_by_role("button", name="Run again").click()
    expect(first).to_be_hidden(timeout=SLOW_MS)
    second = lab.locator("[id^=compute-run-]:visible")
    shows(second, "failed")
    choose(second, "Details").get_by_role("button", name=run_id).click()
    expect(first).to_be_visible(timeout=SLOW_MS)


def test_a_page_comes_back_after_a_reload_and_sees_the_run_to_its_end(
    served: Served,
    open_lab: Callable[..., Page],
    open_run: Callable[[str], Locator],
    tmp_path: Path,
) -> None:
    lab = open_lab()
    flag = tmp_path / "go"
    run_id = served.script("patient.py", WAITS.format(flag=str(flag)) + "print('done')")
    page = open_run(run_id)
    shows(page, "running")
    choose(page, "Details")

    def is_kept() -> bool:
        lab.wait_for_timeout(200)
        answer = httpx.get(
            f"{served.base}lab/api/workspaces",
            headers={"Authorization": f"token {served.token}"},
        )
        spaces = answer.json()["workspaces"]["values"]
        kept = f"compute-run:compute-run-{run_id}"
        wanted = {"id": run_id, "tab": "details"}
        return any(space["data"].get(kept, {}).get("data") == wanted for space in spaces)

    until(is_kept)
    lab.goto(f"{served.base}lab")
    expect(page.get_by_role("tab", name="Details")).to_have_attribute(
        "aria-selected", "true", timeout=SLOW_MS
    )
    shows(page, "running")
    flag.touch()
    shows(page, "completed")


def test_a_page_says_that_its_run_was_deleted(
    served: Served, open_lab: Callable[..., Page], open_run: Callable[[str], Locator]
) -> None:
    open_lab()
    run_id = failing(served)
    page = open_run(run_id)
    shows(page, "failed")
    assert served.http.delete(f"/runs/{run_id}").status_code == 204
    expect(page.get_by_text("The run “fails” was deleted.")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("tablist")).to_be_hidden()
    page.get_by_role("button", name="Close").click()
    expect(page).to_have_count(0)
    gone = open_run(run_id)
    expect(gone.get_by_text(f"There is no run with the id “{run_id}”.")).to_be_visible(
        timeout=SLOW_MS
    )


def test_the_keyboard_alone_reaches_everything(
    served: Served, open_lab: Callable[..., Page], open_run: Callable[[str], Locator]
) -> None:
    lab = open_lab()
    run_id = failing(served)
    page = open_run(run_id)
    shows(page, "failed")
    page.get_by_role("tab", name="Log", exact=True).wait_for()
    reached = []
    for _ in range(20):
        lab.keyboard.press("Tab")
        focused = lab.evaluate(
            "(e => [e.getAttribute('role') || e.localName, e.innerText.trim()])"
            "(document.activeElement)"
        )
        reached.append(focused)
        if focused[0] == "tab":
            break
    assert reached[-1] == ["tab", "Log"], reached
    names = [name for _, name in reached]
    assert "Run again" in names and "Copy as" in names and "Delete…" in names, reached
    lab.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tabpanel", name="Details")).to_be_visible()
