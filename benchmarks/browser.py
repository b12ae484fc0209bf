"""What a person at the browser waits for: a log's lines, a run's end, JupyterLab's start."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "tests"))

if TYPE_CHECKING:
    from compute_server import Served
    from playwright.sync_api import Browser, Page

LINES = 1_000_000
ENDINGS = 7
STARTS = 7
SLOW_MS = 300_000

STATIC = Path(__file__).parents[1] / "jupyter_compute/labextension/static"

MANY_LINES = f"""
import sys
for start in range(0, {LINES}, 10_000):
    sys.stdout.write("".join(f"line {{i:07}} loss=0.1234\\n" for i in range(start, start + 10_000)))
"""

SPACED_LINES = """
import time
for _ in range(100):
    print("at", time.time(), flush=True)
    time.sleep(0.05)
"""

ENDS = "import os, time; time.sleep(3); print('at', time.time(), flush=True); os._exit(0)\n"

OPEN = "id => window.jupyterapp.commands.execute('compute:open-run', { id })"

WHOLE = """id => {
    const began = performance.now();
    return new Promise(resolve => {
        const look = () =>
            document.querySelector(`#compute-run-${id} .jp-compute-Log-state[data-state=ended]`)
                ? resolve(performance.now() - began)
                : requestAnimationFrame(look);
        look();
    });
}"""

BARE = """url => new Promise(resolve => {
    const began = performance.now();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = event => {
        if (typeof event.data === 'string' && JSON.parse(event.data).type === 'end') {
            resolve(performance.now() - began);
        }
    };
})"""

LINE_LAGS = """([id, count]) => new Promise(resolve => {
    const seen = new Map();
    const look = () => {
        for (const line of document.querySelectorAll(`#compute-run-${id} .cm-line`)) {
            const text = line.textContent;
            if (text.startsWith('at ') && !seen.has(text)) {
                seen.set(text, Date.now() - Number(text.slice(3)) * 1e3);
            }
        }
        seen.size < count ? requestAnimationFrame(look) : resolve([...seen.values()]);
    };
    look();
})"""

END_SEEN = """id => new Promise(resolve => {
    const look = () =>
        document.querySelector(`#compute-run-${id} [data-state=completed]`)
            ? resolve(Date.now())
            : requestAnimationFrame(look);
    look();
})"""


def rows(peers: Path) -> Iterator[dict[str, object]]:
    import chromium  # noqa: PLC0415 - the tests' folder is on the path by now
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    yield from _size()
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield from _logs(browser)
        yield _start(browser)
        browser.close()


def _size() -> Iterator[dict[str, object]]:
    all_of_it = sum(path.stat().st_size for path in STATIC.glob("*.js"))
    yield _row("bundle, all of it", all_of_it / 1e3, None, "kB")


def _logs(browser: Browser) -> Iterator[dict[str, object]]:
    from compute_server import serve  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        home = Path(folder, "home")
        shown = "--LabApp.expose_app_in_browser=True"
        with serve(home, Path(folder, "workspace"), shown, app="lab") as served:
            page = _open(browser, served)
            ours, bare = _million(served, page)
            rate = "log lines a second on the page, beside the bytes alone on a socket"
            yield _row(rate, LINES / ours * 1e3, LINES / bare * 1e3, "1/s")
            lag = statistics.median(_line_lags(served, page))
            yield _row("a line printed to the line on the page (p50)", lag, None, "ms")
            end = statistics.median(_ending(served, page) for _ in range(ENDINGS))
            yield _row("the end of a run to its state on the page (p50)", end, None, "ms")


def _million(served: Served, page: Page) -> tuple[float, float]:
    run_id = served.script("many.py", MANY_LINES)
    served.ended(run_id)
    page.evaluate(OPEN, run_id)
    ours = float(page.evaluate(WHOLE, run_id))
    url = f"{served.url}/runs/{run_id}/log/follow".replace("http://", "ws://")
    return ours, float(page.evaluate(BARE, url))


def _line_lags(served: Served, page: Page) -> list[float]:
    run_id = served.script("spaced.py", SPACED_LINES)
    page.evaluate(OPEN, run_id)
    lags: list[float] = page.evaluate(LINE_LAGS, [run_id, 100])
    return lags[10:]


def _ending(served: Served, page: Page) -> float:
    run_id = served.script("ends.py", ENDS)
    page.evaluate(OPEN, run_id)
    seen = float(page.evaluate(END_SEEN, run_id))
    log = served.http.get(f"/runs/{run_id}/log").text
    return seen - float(log.split()[-1]) * 1e3


def _start(browser: Browser) -> dict[str, object]:
    """Start JupyterLab again and again, by turns with the extension and without."""
    from compute_server import serve  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        without = Path(folder, "without")
        config = without / "config" / "labconfig"
        config.mkdir(parents=True)
        (config / "page_config.json").write_text(
            '{"disabledExtensions": {"jupyter_compute": true}}'
        )
        with (
            serve(Path(folder, "with"), Path(folder, "workspace"), app="lab") as ours,
            serve(without, Path(folder, "other"), app="lab") as bare,
        ):
            pages = [(_open(browser, one), one) for one in (ours, bare)]
            times: list[list[float]] = [[], []]
            for _ in range(STARTS):
                for (page, served), found in zip(pages, times, strict=True):
                    found.append(_load(page, served))
        first, second = map(statistics.median, times)
        return _row("JupyterLab starts, beside without the extension", first, second, "ms")


def _open(browser: Browser, served: Served) -> Page:
    page = browser.new_context().new_page()
    page.set_default_timeout(SLOW_MS)
    _load(page, served)
    return page


def _load(page: Page, served: Served) -> float:
    began = time.perf_counter()
    page.goto(f"{served.base}lab?reset&token={served.token}")
    page.locator("#jp-main-dock-panel .jp-Launcher").wait_for()
    return (time.perf_counter() - began) * 1e3


def _row(what: str, ours: float, other: float | None, unit: str) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 1),
        "other": other and round(other, 1),
        "ratio": round(ours / other, 3) if other else None,
        "bound": None,
        "unit": unit,
    }
