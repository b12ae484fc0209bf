"""The live view in a real kernel, without anything below it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kernels import Kernel, kernel

pytestmark = pytest.mark.timeout(600)

SETUP = """
import time
from display_fakes import ScriptedRun
from jupyter_compute.display.live import watch
from jupyter_compute.display.screens import HtmlScreen
from jupyter_compute.display.widgets import WidgetScreen
from jupyter_compute.model import DisplayEvent, RunState

shell = get_ipython()

def publish(data, metadata, display_id, update):
    transient = {"display_id": display_id} if display_id else {}
    shell.display_pub.publish(data=data, metadata=metadata, transient=transient, update=update)

class Endless(ScriptedRun):
    def wait(self, seconds):
        time.sleep(0.02)
        if self.now.cancel_requested:
            self.end(RunState.CANCELED)
        self.text += b"tick\\n"
        self.change()
"""
WATCH = "picture = watch(Endless(), WidgetScreen(publish, shell.kernel))"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    tests = Path(__file__).parents[1]
    paths = [str(tests), os.environ.get("PYTHONPATH", "")]
    folder = tmp_path_factory.mktemp("live")
    with kernel(folder, PYTHONPATH=os.pathsep.join(filter(None, paths))) as running:
        assert running.run(SETUP).error is None
        yield running


def button_of(cell) -> str:
    for content in cell.of("comm_open"):
        if content["data"].get("state", {}).get("_model_name") == "ButtonModel":
            return content["comm_id"]
    return ""


def test_the_cancel_button_works_while_the_cell_waits(page: Kernel) -> None:
    cell = page.start(WATCH)
    later = [page.start(f"print({number})") for number in range(3)]
    button = page.until(lambda: button_of(cell))
    page.until(lambda: len(cell.of("comm_msg")) > 3)
    page.send_comm(button, {"method": "custom", "content": {"event": "click"}})
    page.until(lambda: cell.is_over)
    assert cell.error is None
    page.until(lambda: all(one.is_over for one in later))
    assert [one.text for one in later] == ["0\n", "1\n", "2\n"]


def test_what_stays_is_a_page_without_widgets(page: Kernel) -> None:
    cell = page.start(WATCH)
    button = page.until(lambda: button_of(cell))
    first = page.until(lambda: cell.outputs)[0]
    assert "application/vnd.jupyter.widget-view+json" in first["data"]
    page.send_comm(button, {"method": "custom", "content": {"event": "click"}})
    page.until(lambda: cell.is_over)
    (output,) = cell.outputs
    assert set(output["data"]) == {"text/html", "text/plain"}
    assert "canceled" in output["data"]["text/html"]
    assert "tick" in output["data"]["text/html"]
    opened = {content["comm_id"] for content in cell.of("comm_open")}
    closed = {content["comm_id"] for content in cell.of("comm_close")}
    assert opened == closed


def test_a_cell_that_fails_takes_the_cells_behind_it_along(page: Kernel) -> None:
    cell = page.start(WATCH + "\nraise ValueError")
    behind = page.start("print('never')")
    button = page.until(lambda: button_of(cell))
    page.until(lambda: len(cell.of("comm_msg")) > 3)
    page.send_comm(button, {"method": "custom", "content": {"event": "click"}})
    page.until(lambda: cell.is_over)
    assert cell.error is not None
    page.until(lambda: behind.is_over)
    assert behind.text == ""
    assert page.run("print('again')").text == "again\n"


def test_interrupting_the_kernel_once_cancels_and_twice_lets_go(page: Kernel) -> None:
    page.run("stubborn = Endless(); stubborn.cancel = lambda: asked.append(1); asked = []")
    watching = "picture = watch(stubborn, HtmlScreen(publish))"
    cell = page.start(f"{watching}; print(len(asked), picture.run.state.value)")
    page.until(lambda: cell.outputs)
    page.interrupt()
    page.until(lambda: "Asked to cancel" in cell.plain[0])
    page.interrupt()
    page.until(lambda: cell.is_over)
    assert cell.error is None
    assert cell.text == "1 running\n"
    assert "%compute run" in cell.plain[0]
