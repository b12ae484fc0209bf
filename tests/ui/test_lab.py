"""Submitting from a real notebook in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

LOAD = "%load_ext jupyter_compute"


def test_a_submitted_cell_shows_how_it_went_and_its_picture_survives_a_reload(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook(
        LOAD,
        "%%submit --name greeting\n"
        "from jupyter_compute_run import log\n"
        "for step in range(5):\n"
        "    log('loss', 1 / (step + 1), step=step)\n"
        "print('hello from the run')",
    )
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("completed", timeout=90_000)
    expect(output).to_contain_text("hello from the run")
    expect(output).to_contain_text("loss")
    page.keyboard.press("Control+s")
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)
    page.reload()
    again = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(again).to_contain_text("hello from the run", timeout=90_000)
    expect(again).to_contain_text("completed")


def test_a_failure_ends_in_the_users_own_line(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook(LOAD, "%%submit\nnumbers = [1, 2]\nprint(numbers[7])")
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("RunFailedError", timeout=90_000)
    expect(output).to_contain_text("IndexError")
    expect(output).to_contain_text("print(numbers[7])")


def test_the_cancel_button_ends_the_run(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook(
        LOAD, "%%submit\nimport time\nprint('waiting', flush=True)\ntime.sleep(600)"
    )
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("waiting", timeout=90_000)
    output.get_by_role("button", name="Cancel").click()
    expect(output).to_contain_text("canceled", timeout=90_000)


def test_rich_results_of_the_cell_come_back_as_outputs(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook(
        LOAD,
        "%%submit\n"
        "import matplotlib.pyplot as plt\n"
        "import pandas as pd\n"
        "plt.plot([1, 4, 9])\n"
        "plt.show()\n"
        "pd.DataFrame({'square': [1, 4, 9]})",
    )
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output.locator("img[src^='data:image/png']")).to_have_count(1, timeout=90_000)
    expect(output.locator("table.dataframe")).to_have_count(1)
