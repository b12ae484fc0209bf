"""The pictures of the README, taken from the real thing: ``make screenshots``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

DOCS = Path(__file__).parents[2] / "docs"

TRAINING = """%%submit --name train --target local
import math, time
from jupyter_compute_run import log, progress

for epoch in range(60):
    log("loss", 2.3 * math.exp(-epoch / 14) + 0.08 * math.sin(epoch), step=epoch)
    log("accuracy", 1 - 0.9 * math.exp(-epoch / 11), step=epoch)
    progress((epoch + 1) / 60, f"epoch {epoch + 1} of 60")
    print(f"\\x1b[32mepoch {epoch + 1:2}\\x1b[0m", flush=True)
    time.sleep(0.2)
"""


@pytest.mark.long
def test_take_the_picture_of_the_live_view(
    open_notebook: Callable[..., Page], run_all: Callable[[], None]
) -> None:
    page = open_notebook("%load_ext jupyter_compute", TRAINING, name="training.ipynb")
    run_all()
    output = page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")
    expect(output).to_contain_text("epoch 40", timeout=90_000)
    page.locator(".jp-Cell").nth(1).screenshot(path=DOCS / "live-view.png")
