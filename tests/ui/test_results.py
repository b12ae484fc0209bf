"""What a run says and leaves, as its page shows it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from compute_server import Served
from playwright.sync_api import Locator, Page, expect

SLOW_MS = 90_000

TRAIN = """
import jupyter_compute_run as run

for step in range(120):
    run.log("loss", float("nan") if step == 5 else 1 / (step + {seed}), step=step)
    run.log("rate", 0.5 ** step, step=step)
    run.log_row("epochs", epoch=step, loss=1 / (step + 1))
run.log("accuracy", 0.9125)
run.log_list("curve", [x * x for x in range(20)])
for step in (1, 2):
    run.log_image("samples", [[step * x for x in range(30)]] * 30, step=step)
folder = run.outputs_dir()
(folder / "tables").mkdir()
(folder / "tables" / "scores.csv").write_text("name,score\\nfirst,1\\nsecond,2\\n")
(folder / "notes.txt").write_text("a note")
(folder / "model.bin").write_bytes(bytes(1000))
"""

LIVE = """
import os, time
import jupyter_compute_run as run

step = 0
while not os.path.exists({stop!r}):
    run.log("speed", step, step=step)
    step += 1
    time.sleep(0.1)
run.log("speed", 1e6, step=step)
"""

CELL = """
from IPython.display import HTML, SVG, Markdown, display
display(Markdown("# A *title*"))
display(HTML("<b>bold</b><script>document.title = 'taken over'</script>"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><circle r='9'/></svg>"))
handle = display("not yet", display_id=True)
handle.update("updated")
numbers, file = [1, 2, 3], open("/dev/null")
"""


@pytest.fixture(scope="module")
def made(served: Served) -> None:
    """Run everything that is looked at later."""

    def submit(name: str, source: str, **command: object) -> str:
        body = {"command": command, "source": source, "name": name, "experiment": "digits"}
        return str(served.post("/runs", body, 201)["id"])

    def script(name: str, code: str) -> str:
        return submit(name, served.write(f"{name}.py", code), type="script", path=f"{name}.py")

    data = served.root / "first" / "data" / "raw"
    data.mkdir(parents=True, exist_ok=True)
    (data / "big.txt").write_text("x" * 5000)
    first = script("first", TRAIN.format(seed=1))
    second = script("second", TRAIN.format(seed=2))
    quiet = script("quiet", "pass")
    (served.root / "report").mkdir(exist_ok=True)
    cells = [
        nbformat.v4.new_markdown_cell("# The report"),
        nbformat.v4.new_code_cell("print(6 * 7)"),
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    nbformat.write(notebook, served.root / "report" / "report.ipynb")
    report = submit("report", "report", type="notebook", path="report.ipynb")
    cell = submit("cell", "quiet", type="cell", code=CELL, outputs=["numbers", "file"])
    for run_id in (first, second, quiet, report, cell):
        assert served.ended(run_id)["state"] == "completed"


@pytest.fixture
def show(made: None, open_lab: Callable[..., Page]) -> Callable[..., Locator]:
    """Open a tab of a run's page; the run is named."""

    def show_it(name: str, tab: str) -> Locator:
        page = open_lab()
        page.get_by_role("option", name=re.compile(rf"\b{name}\b")).first.dblclick()
        page.get_by_role("tab", name=tab, exact=True).click()
        return page.locator(".jp-compute-ResultTab:visible")

    return show_it


def test_metrics_grow_while_the_run_goes_on(
    served: Served, show: Callable[..., Locator], tmp_path: Path
) -> None:
    stop = tmp_path / "stop"
    run_id = served.script("live.py", LIVE.format(stop=str(stop)))
    try:
        tab = show("live", "Metrics")
        plot = tab.get_by_role("figure", name="speed")
        expect(plot).to_contain_text(re.compile(r"last \d"), timeout=SLOW_MS)
        before = plot.locator("p").inner_text()
        expect(plot.locator("p")).not_to_have_text(before, timeout=SLOW_MS)
    finally:
        stop.touch()
    expect(plot).to_contain_text("last 1000000", timeout=SLOW_MS)
    served.ended(run_id)


def test_runs_are_drawn_over_each_other(
    show: Callable[..., Locator], page: Page, assert_accessible: Callable[[str], None]
) -> None:
    tab = show("first", "Metrics")
    expect(tab.get_by_role("row", name="accuracy 0.9125")).to_be_visible()
    loss = tab.get_by_role("figure", name="loss")
    expect(loss).to_contain_text("1 of 120 values is no number: a gap")
    tab.get_by_text("Show other runs beside it").click()
    tab.get_by_role("checkbox", name="second").check()
    expect(loss.get_by_role("button", name="second")).to_be_visible()
    canvas = loss.locator("canvas")
    expect(canvas).to_be_visible()

    plot = loss.get_by_role("group", name=re.compile("Plot of loss"))
    plot.focus()
    plot.press("Home")
    plot.press("ArrowRight")
    expect(loss).to_contain_text("At step 1")
    expect(loss).to_contain_text("0.3333")
    # The others point at the same place.
    expect(tab.get_by_role("figure", name="rate")).to_contain_text("At step 1")
    tab.get_by_label("Smoothing").fill("0.5")
    tab.get_by_label("Logarithmic").check()
    tab.get_by_label("Over").select_option("time since start")
    expect(canvas).to_be_visible()
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")
    loss.get_by_role("button", name="Table").click()
    expect(loss.get_by_role("row")).to_have_count(241)
    with page.expect_download() as download:
        loss.get_by_role("button", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == "loss.csv"
    assert len(lines) == 241
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")


def test_outputs_are_looked_into_and_saved(
    show: Callable[..., Locator], page: Page, assert_accessible: Callable[[str], None]
) -> None:
    tab = show("first", "Outputs")
    tab.get_by_role("row", name="notes.txt").click()
    expect(tab.get_by_role("region", name="Content of notes.txt")).to_have_text("a note")
    tab.get_by_role("row", name="tables").click()
    tab.get_by_role("row", name="scores.csv").click()
    expect(tab.get_by_role("cell", name="second")).to_be_visible()
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")
    tab.get_by_role("row", name="model.bin").get_by_text("model.bin").click()
    preview = tab.get_by_role("region", name=re.compile("Preview of .*model.bin"))
    expect(preview).to_contain_text("cannot be shown")
    with page.expect_download() as download:
        preview.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "model.bin"
    assert download.value.path().read_bytes() == bytes(1000)
    with page.expect_download() as download:
        tab.get_by_role("link", name="Download all (zip)").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == ["model.bin", "notes.txt", "tables/scores.csv"]


def test_an_executed_notebook_is_there_to_read(
    show: Callable[..., Locator], assert_accessible: Callable[[str], None]
) -> None:
    tab = show("report", "Outputs")
    cells = tab.get_by_role("list", name="Cells of the notebook").get_by_role("listitem")
    expect(cells.nth(0).get_by_role("heading", name="The report")).to_be_visible()
    expect(cells.nth(1)).to_contain_text("print(6 * 7)")
    expect(cells.nth(1)).to_contain_text("42")
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")


def test_results_are_shown_without_trust(
    show: Callable[..., Locator], page: Page, assert_accessible: Callable[[str], None]
) -> None:
    tab = show("cell", "Results")
    displays = tab.get_by_role("list", name="Displays").get_by_role("listitem")
    expect(displays.nth(0).get_by_role("heading", name="A title")).to_be_visible()
    expect(displays.nth(1)).to_have_text("bold")
    expect(displays.nth(2).get_by_role("img", name="Drawing")).to_be_visible()
    expect(displays.nth(3)).to_contain_text("updated")
    expect(tab.get_by_role("row", name=re.compile("numbers list"))).to_be_visible()
    expect(tab.get_by_role("row", name=re.compile("did not come back"))).to_be_visible()
    assert page.title() != "taken over"
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")


def test_images_tables_and_lists_are_results(
    show: Callable[..., Locator], assert_accessible: Callable[[str], None]
) -> None:
    tab = show("first", "Results")
    images = tab.get_by_role("figure", name="samples")
    expect(images.get_by_role("img", name="samples, step 2")).to_be_visible()
    images.get_by_role("slider").press("ArrowLeft")
    expect(images.get_by_role("img", name="samples, step 1")).to_be_visible()
    table = tab.get_by_role("region", name="Rows of epochs")
    table.get_by_role("button", name="Show 20 more rows").click()
    expect(table.get_by_role("row")).to_have_count(121)
    expect(tab.get_by_role("figure", name="curve")).to_contain_text("highest 361")
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")


def test_the_snapshot_is_a_tree_for_the_keyboard(
    show: Callable[..., Locator], page: Page, assert_accessible: Callable[[str], None]
) -> None:
    tab = show("first", "Snapshot")
    expect(tab.get_by_role("region", name="Content of first.py")).to_contain_text("run.log")
    tab.get_by_role("row", name="first.py").focus()
    page.keyboard.press("Home")
    expect(tab.get_by_role("row", name="data")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(tab.get_by_role("region", name="Content of big.txt")).to_contain_text("xxx")
    with page.expect_download() as download:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "big.txt"
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")


def test_a_run_that_says_nothing_explains_how(
    show: Callable[..., Locator], page: Page, assert_accessible: Callable[[str], None]
) -> None:
    tab = show("quiet", "Metrics")
    expect(tab).to_contain_text("from jupyter_compute_run import log")
    page.get_by_role("tab", name="Results", exact=True).click()
    expect(tab).to_contain_text("log_image")
    page.get_by_role("tab", name="Outputs", exact=True).click()
    expect(tab).to_contain_text("The run left no files")
    assert_accessible(".jp-compute-ResultTab:not(.lm-mod-hidden)")
