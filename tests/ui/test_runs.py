"""The list of runs in the sidebar, and the comparison of runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from compute_server import Served, serve, until
from many_runs import add_many_runs
from playwright.sync_api import Locator, Page, Response, expect

from jupyter_compute.client import Client
from jupyter_compute.commands.place import Place
from jupyter_compute.commands.submission import Submission, parse_submission

pytestmark = pytest.mark.usefixtures("without_runs")

SLOW_MS = 90_000
MANY = 100_000

SLEEP = "import time\ntime.sleep(600)\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run a JupyterLab that starts without runs, and ends with very many."""
    folder = tmp_path_factory.mktemp("runs")
    with serve(folder / "jupyter", folder / "compute", app="lab") as found:
        yield found


def submit(served: Served, name: str, code: str = "print(1)\n", **asked: Any) -> str:
    """Submit a script under a name, from a folder that all runs of these tests share."""
    folder = served.root / "work"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(code)
    command = {"type": "script", "path": "train.py", "args": asked.pop("args", [])}
    body = {"command": command, "source": "work", "name": name, **asked}
    return str(served.post("/runs", body, 201)["id"])


def rows(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Runs").get_by_role("option")


def row(page: Page, *words: str) -> Locator:
    found = rows(page)
    for word in words:
        found = found.filter(has_text=word)
    return found


def search(page: Page, text: str) -> None:
    """Search, until the list is that of the search: it forgets what was selected before."""

    def is_answer(answer: Response) -> bool:
        asked = urlsplit(answer.url)
        return asked.path.endswith("/runs") and parse_qs(asked.query).get("text") == [text]

    with page.expect_response(is_answer):
        page.get_by_role("searchbox", name="Search runs").fill(text)


def test_a_workspace_without_runs_says_what_to_do_next(open_lab: Callable[..., Page]) -> None:
    page = open_lab()
    expect(page.get_by_text("Nothing has run yet.")).to_be_visible()


def test_runs_appear_and_change_without_a_reload_in_every_tab(
    served: Served, open_lab: Callable[..., Page]
) -> None:
    page = open_lab()
    other = page.context.new_page()
    other.goto(f"{served.base}lab?reset&token={served.token}")
    other.get_by_role("tab", name="Compute", exact=True).click()
    slow = submit(served, "slow-one", SLEEP)
    submit(served, "bad-one", "raise ValueError('no such thing')\n")
    for tab in (page, other):
        expect(row(tab, "slow-one", "running")).to_be_visible(timeout=SLOW_MS)
        expect(row(tab, "bad-one", "failed")).to_contain_text("ValueError: no such thing")
    served.post(f"/runs/{slow}/cancel", None, 202)
    for tab in (page, other):
        expect(row(tab, "slow-one", "canceled")).to_be_visible(timeout=SLOW_MS)
    other.close()


def test_filters_restrict_explain_themselves_and_survive_a_reload(
    served: Served, open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    for number in range(3):
        served.ended(submit(served, f"sifted-{number}", experiment="sieve"))
    page = open_lab()
    search(page, "sifted")
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name=re.compile("^completed")).click()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="More filters").click()
    experiment = page.get_by_role("combobox", name="Experiment", exact=True)
    experiment.fill("sieve")
    experiment.press("Enter")
    page.get_by_label("Order", exact=True).select_option("name")
    page.get_by_role("button", name=re.compile("Turn the order round")).click()
    expect(rows(page).first).to_contain_text("sifted-0")
    assert_accessible("#jp-compute-runs")
    page.reload()
    expect(rows(page).first).to_contain_text("sifted-0", timeout=SLOW_MS)
    expect(page.get_by_role("searchbox", name="Search runs")).to_have_value("sifted")
    page.get_by_role("button", name="Lift the filter Experiment: sieve").click()
    search(page, "no run is called like this")
    expect(page.get_by_text("No run matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(rows(page).nth(2)).to_be_visible()


def test_several_are_selected_canceled_and_deleted(
    served: Served, open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    over = [submit(served, f"group-{number}") for number in range(2)]
    live = [submit(served, f"group-{number}", SLEEP) for number in (2, 3)]
    for run_id in over:
        served.ended(run_id)
    page = open_lab()
    search(page, "group-")
    expect(rows(page)).to_have_count(4)
    expect(row(page, "running")).to_have_count(2, timeout=SLOW_MS)
    rows(page).first.click()
    rows(page).last.click(modifiers=["Shift"])
    expect(page.get_by_text("4 of 4 selected")).to_be_visible()
    assert_accessible("#jp-compute-runs")
    page.get_by_role("button", name="Cancel (2)").click()
    for run_id in live:
        assert served.ended(run_id)["state"] == "canceled"
    expect(row(page, "canceled")).to_have_count(2)
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 4 runs?")
    expect(dialog).to_contain_text(f"group-0 ({over[0]})")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No run matches these filters.")).to_be_visible()
    assert served.get(f"/runs/{over[0]}", 404)["error"] == "NotFoundError"


def test_what_could_not_be_deleted_is_told(served: Served, open_lab: Callable[..., Page]) -> None:
    run_id = submit(served, "too-late")
    served.ended(run_id)
    page = open_lab()
    row(page, "too-late").click()
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("too-late")
    assert served.http.delete(f"/runs/{run_id}").status_code == 204
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 of 1 run could not be deleted")
    expect(page.get_by_role("dialog")).to_contain_text(f"there is no run '{run_id}'")
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()


def test_the_keyboard_alone_finds_and_opens_a_run(
    served: Served, open_lab: Callable[..., Page]
) -> None:
    run_id = submit(served, "by-hand-b")
    served.ended(submit(served, "by-hand-a"))
    page = open_lab()
    search(page, "by-hand")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("searchbox", name="Search runs").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "listbox":
            break
    expect(page.get_by_role("listbox", name="Runs")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows(page).first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(rows(page).last).to_have_attribute("aria-selected", "true")
    active = page.get_by_role("listbox", name="Runs").get_attribute("aria-activedescendant")
    expect(page.locator(f"[id='{active}']")).to_contain_text("by-hand-b")
    page.keyboard.press("Enter")
    expect(page.locator("#jp-main-dock-panel")).to_contain_text(run_id)


def test_two_runs_are_compared_while_one_goes_on(
    served: Served, open_lab: Callable[..., Page], assert_accessible: Callable[[str], None]
) -> None:
    code = (
        "from jupyter_compute_run import log\nfor step in range(5):\n    log('loss', step, step)\n"
    )
    more = served.root / "work" / "more.txt"
    more.unlink(missing_ok=True)
    served.ended(submit(served, "paired-a", code, params={"lr": 0.1, "depth": 3}))
    more.write_text("more\n")
    other = submit(served, "paired-b", code + SLEEP, params={"lr": 0.2, "depth": 3})
    page = open_lab()
    search(page, "paired")
    expect(row(page, "running")).to_have_count(1, timeout=SLOW_MS)
    row(page, "paired-a").click()
    row(page, "paired-b").click(modifiers=["Control"])
    page.get_by_role("button", name="Compare").click()
    table = page.get_by_role("region", name="The runs side by side")
    expect(table.get_by_role("row", name=re.compile("^lr"))).to_contain_text("0.2")
    expect(table.get_by_role("rowheader", name="depth")).to_have_count(0)
    compared = page.locator(".jp-compute-ComparePage")
    expect(compared).to_contain_text("more.txt")
    expect(compared.locator("[data-sign=added]").last).to_contain_text("+time.sleep(600)")
    expect(compared.get_by_role("heading", name="loss")).to_be_visible()
    compared.get_by_label("Only differences").uncheck()
    expect(table.get_by_role("rowheader", name="depth")).to_be_visible()
    assert_accessible(".jp-compute-ComparePage")
    served.post(f"/runs/{other}/cancel", None, 202)
    expect(table.get_by_role("row", name=re.compile("State"))).to_contain_text(
        "canceled", timeout=SLOW_MS
    )


def test_a_run_is_copied_as_a_line_that_means_the_same(
    served: Served, open_lab: Callable[..., Page]
) -> None:
    asked: dict[str, Any] = {
        "params": {"text": "it's {a} $b", "number": "1", "nothing": None, "many": [1, "two"]},
        "env": {"MODE": 'a "b" & c'},
        "tags": {"fold": "1 of 2"},
        "resources": {"cpus": 0.5, "memory_gb": 0.25, "time_limit_min": 1.5},
        "args": ["--lr", "0.1", "*.csv", ""],
    }
    served.ended(submit(served, "copied", **asked))
    page = open_lab()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def copy(label: str) -> str:
        row(page, "copied").click(button="right")
        page.get_by_role("menuitem", name=label).click()
        text = until(lambda: page.evaluate("navigator.clipboard.readText()"))
        page.evaluate("navigator.clipboard.writeText('')")
        return str(text)

    place = Place(Client(served.workspace))
    for line in (copy("Copy as Command Line"), copy("Copy as Magic")):
        is_magic = line.startswith("%submit ")
        # What IPython does to a magic's line before the magic sees it.
        told = line.replace("{{", "{").replace("}}", "}") if is_magic else line
        words = shlex.split(told)
        found = parse_submission(words[1 if is_magic else 3 :], place, is_cell=False)
        assert isinstance(found, Submission)
        assert found.words == ("train.py", *asked["args"])
        assert (found.name, found.target) == ("copied", "local")
        assert (found.params, found.env, found.tags) == (
            asked["params"],
            asked["env"],
            asked["tags"],
        )
        needs = found.resources
        assert (needs.cpus, needs.memory_gb, needs.time_limit_min) == (0.5, 0.25, 1.5)


# Counts the frames while the list is scrolled for two seconds, and the longest wait between two.
SCROLL = """
list => new Promise(resolve => {
  const began = performance.now();
  let [frames, longest, last] = [0, 0, began];
  const step = now => {
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    list.scrollTop += 300;
    if (now - began < 2000) {
      requestAnimationFrame(step);
    } else {
      resolve({ frames, longest: Math.round(longest) });
    }
  };
  requestAnimationFrame(step);
})
"""


def test_a_hundred_thousand_runs_are_scrolled_through(
    served: Served, open_lab: Callable[..., Page]
) -> None:
    served.ended(submit(served, "first-of-all"))
    if not served.get("/runs", text="run-")["total"]:
        add_many_runs(served.workspace / "store.db", MANY)
    total = served.get("/runs", text="run-")["total"]
    page = open_lab()
    search(page, "run-")
    expect(page.get_by_text(f"{total:,} runs")).to_be_visible(timeout=SLOW_MS)
    box = page.get_by_role("listbox", name="Runs")
    expect(row(page, "run-099999")).to_be_visible()
    print("frames in 2 s:", box.evaluate(SCROLL))
    assert rows(page).count() < 100
    box.evaluate("list => list.scrollTo(0, list.scrollHeight / 2)")
    expect(row(page, "run-049999")).to_be_visible(timeout=SLOW_MS)
    box.focus()
    page.keyboard.press("End")
    expect(row(page, "run-000000")).to_be_visible(timeout=SLOW_MS)
    expect(row(page, "run-000000")).to_have_attribute("aria-selected", "true")
    expect(row(page, "run-000000")).to_have_attribute("aria-posinset", str(total))
    # What is looked at stays where it is when a run comes in above.
    before = row(page, "run-000003").bounding_box()
    submit(served, "run-that-is-new")
    expect(page.get_by_text(f"of {total + 1:,} selected")).to_be_visible(timeout=SLOW_MS)
    assert row(page, "run-000003").bounding_box() == before
