"""The log on the page of a run, in a real browser and from real runs."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from compute_server import Served, serve, until
from playwright.sync_api import Locator, Page, expect

SLOW_MS = 90_000

OpenLog = Callable[[str], Locator]

WAIT = """
import sys, time
from pathlib import Path

def wait(name):
    while not Path({gates!r}, name).exists():
        time.sleep(0.02)
"""

LIVE = """
print("\\x1b[31mred\\x1b[0m and \\x1b[1mbold\\x1b[0m", flush=True)
for i in range(101):
    print(f"\\r{i:3} of 100 [{'#' * (i // 10):10}]", end="", flush=True)
wait("go")
print("\\nsee \\x1b]8;;https://example.org\\x07a link\\x1b]8;;\\x07")
for done in range(1, 4):
    print(f"first {done}/3\\nsecond {done}/3\\x1b[A", end="\\r", flush=True)
print("\\n\\nover 漢字 🚀")
"""

COUNT = """
for i in range(40_000):
    print("line", i, flush=i % 100 == 0)
    if i in (10_000, 20_000, 30_000):
        sys.stdout.flush()
        wait(str(i))
"""

SLOWLY = """
for i in range(500):
    print("line", i)
sys.stdout.flush()
wait("go")
for i in range(500, 550):
    print("line", i)
sys.stdout.flush()
wait("stop")
"""

MILLION = """
import sys
out = []
for i in range(1_000_000):
    out.append(f"line {i:06} \\x1b[32mloss\\x1b[0m=0.1234\\n")
    if len(out) == 10_000:
        sys.stdout.write("".join(out))
        out.clear()
"""


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    """Return a folder whose files let a run go on."""
    folder = tmp_path / "gates"
    folder.mkdir()
    return folder


@pytest.fixture
def open_log(open_run: Callable[[str], Locator]) -> OpenLog:
    """Open the log of a run by its id."""
    return lambda run_id: open_run(run_id).get_by_role("tabpanel", name="Log")


def script(served: Served, name: str, code: str, gates: Path) -> str:
    return served.script(name, WAIT.format(gates=str(gates)) + code)


def text_of(log: Locator) -> Locator:
    return log.get_by_role("textbox", name="Log", exact=True)


def has_line(log: Locator, text: str | re.Pattern[str]) -> None:
    line = log.locator(".cm-line").filter(has_text=text).first
    expect(line).to_be_visible(timeout=SLOW_MS)


def is_complete(log: Locator) -> None:
    state = log.get_by_role("status").filter(has_text=re.compile("^Complete$"))
    expect(state).to_be_visible(timeout=SLOW_MS)


def downloaded(log: Locator) -> str:
    """Return the log as a download has it."""
    with log.page.expect_download() as info:
        log.get_by_role("button", name="Download the log").click()
    return Path(info.value.path()).read_text()


def scroll_to(log: Locator, share: float) -> None:
    log.locator(".cm-scroller").evaluate(
        "(scroller, share) => { scroller.scrollTop = scroller.scrollHeight * share }", share
    )


def assert_whole(log: Locator) -> None:
    """See that all of the 40,000 lines are there, each once."""
    expect(log.get_by_text("40,000 lines", exact=True)).to_be_visible()
    for at in (0, 10_000, 20_000, 30_000):
        scroll_to(log, at / 40_000)
        has_line(log, re.compile(rf"^line {at + 5}$"))
    assert downloaded(log) == "".join(f"line {i}\n" for i in range(40_000))


def reload(served: Served, page: Page, run_id: str) -> None:
    """Load JupyterLab again, once it has noted which pages it shows."""

    def is_noted() -> bool:
        return f"compute-run-{run_id}" in asked(served, "workspaces")

    until(is_noted)
    page.goto(f"{served.base}lab")


def asked(served: Served, path: str) -> str:
    headers = {"Authorization": f"token {served.token}"}
    return httpx.get(f"{served.base}lab/api/{path}", headers=headers).text


def test_a_log_is_seen_while_it_is_written_as_in_a_terminal(
    served: Served,
    open_lab: Callable[..., Page],
    open_log: OpenLog,
    assert_accessible: Callable[[str], None],
    gates: Path,
) -> None:
    open_lab()
    run_id = script(served, "live.py", LIVE, gates)
    log = open_log(run_id)
    has_line(log, re.compile(r"^100 of 100 \[##########\]$"))
    expect(log.get_by_role("status").filter(has_text="Live")).to_be_visible()
    expect(log.locator(".cm-line")).to_have_count(2)
    red = log.locator(".cm-line span", has_text="red")
    channels = red.evaluate("element => getComputedStyle(element).color.match(/\\d+/g).map(Number)")
    assert channels[0] > 2 * max(channels[1:3])
    bold = log.locator(".cm-line span", has_text="bold")
    assert bold.evaluate("element => Number(getComputedStyle(element).fontWeight)") >= 600
    assert_accessible(".jp-compute-Log")
    (gates / "go").touch()
    is_complete(log)
    expect(text_of(log)).to_have_text(
        "red and bold100 of 100 [##########]see a linkfirst 3/3second 3/3over 漢字 🚀"
    )
    assert_accessible(".jp-compute-Log")


@pytest.mark.timeout(360)
def test_it_goes_on_where_it_was_when_the_server_comes_back(
    page: Page, open_log: OpenLog, gates: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = f"--port={free.getsockname()[1]}"
    home, workspace = tmp_path / "jupyter", tmp_path / "compute"
    # JupyterLab says for itself that its server is gone.
    gone = page.get_by_role("dialog", name="Server Connection Error")
    page.add_locator_handler(gone, lambda _: page.keyboard.press("Escape"))
    with serve(home, workspace, port, app="lab", is_guest=True, JUPYTER_TOKEN="t" * 32) as served:
        page.goto(f"{served.base}lab?reset&token={served.token}")
        page.get_by_role("tab", name="Compute", exact=True).click()
        run_id = script(served, "count.py", COUNT, gates)
        log = open_log(run_id)
        has_line(log, "line 10000")
    waiting = log.get_by_role("status").filter(has_text="Reconnecting")
    expect(waiting).to_be_visible(timeout=SLOW_MS)
    # The run goes on without a server, and what it prints meanwhile is not lost.
    (gates / "10000").touch()
    with serve(home, workspace, port, app="lab", JUPYTER_TOKEN="t" * 32) as served:
        has_line(log, "line 20000")
        (gates / "20000").touch()
        has_line(log, "line 30000")
        (gates / "30000").touch()
        is_complete(log)
        assert_whole(log)


def test_a_reload_in_the_middle_loses_nothing(
    served: Served, open_lab: Callable[..., Page], open_log: OpenLog, gates: Path
) -> None:
    page = open_lab()
    run_id = script(served, "count.py", COUNT, gates)
    log = open_log(run_id)
    has_line(log, "line 10000")
    reload(served, page, run_id)
    has_line(log, "line 10000")
    for gate in ("10000", "20000", "30000"):
        (gates / gate).touch()
    is_complete(log)
    assert_whole(log)


def test_a_reader_who_turned_back_stays_there(
    served: Served, open_lab: Callable[..., Page], open_log: OpenLog, gates: Path
) -> None:
    page = open_lab()
    log = open_log(script(served, "slowly.py", SLOWLY, gates))
    has_line(log, "line 499")
    follow = log.get_by_role("button", name="Follow the end")
    expect(follow).to_have_attribute("aria-pressed", "true")
    log.locator(".cm-scroller").hover()
    page.mouse.wheel(0, -3000)
    expect(follow).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("document.querySelector('.cm-scroller').scrollTop < 9000")
    seen = log.locator(".cm-line").nth(20)
    text, place = seen.inner_text(), seen.bounding_box()
    (gates / "go").touch()
    more = log.get_by_role("button", name="50 new lines")
    expect(more).to_be_visible(timeout=SLOW_MS)
    assert log.get_by_text(text, exact=True).bounding_box() == place
    more.click()
    has_line(log, "line 549")
    expect(follow).to_have_attribute("aria-pressed", "true")
    expect(more).to_have_count(0)
    (gates / "stop").touch()
    is_complete(log)


def test_text_is_found_by_the_keyboard_alone(
    served: Served,
    open_lab: Callable[..., Page],
    open_log: OpenLog,
    assert_accessible: Callable[[str], None],
    gates: Path,
) -> None:
    page = open_lab()
    (gates / "go").touch()
    (gates / "stop").touch()
    log = open_log(script(served, "slowly.py", SLOWLY, gates))
    is_complete(log)
    text_of(log).focus()
    page.keyboard.press("Control+f")
    page.keyboard.type("line 12")
    count = log.get_by_role("search").get_by_role("status")
    expect(count).to_have_text(re.compile("of 11$"))
    for _ in range(11):
        page.keyboard.press("Enter")
        if count.inner_text() == "2 of 11":
            break
    current = log.locator(".jp-compute-Log-current")
    expect(count).to_have_text("2 of 11")
    expect(current).to_have_text("line 12")
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text("1 of 11")
    page.keyboard.press("Shift+Enter")
    expect(count).to_have_text("11 of 11")
    has_line(log, "line 129")
    assert_accessible(".jp-compute-Log")
    page.get_by_role("button", name="Use regular expression").click()
    page.get_by_role("textbox", name="Find in the log").fill("^line .?7$")
    expect(count).to_have_text(re.compile("of 10$"))
    page.get_by_role("textbox", name="Find in the log").fill("(")
    expect(count).to_have_text("Not a regular expression")
    page.keyboard.press("Escape")
    expect(log.get_by_role("search")).to_have_count(0)
    expect(text_of(log)).to_be_focused()


def test_a_million_lines_are_there_from_the_first_to_the_last(
    served: Served, open_lab: Callable[..., Page], open_log: OpenLog
) -> None:
    page = open_lab()
    run_id = served.script("million.py", MILLION)
    log = open_log(run_id)
    served.ended(run_id)
    is_complete(log)
    expect(log.get_by_text("1,000,000 lines", exact=True)).to_be_visible()
    has_line(log, "line 999999")
    scroll_to(log, 0)
    has_line(log, "line 000003")
    scroll_to(log, 0.5)
    has_line(log, re.compile("line (499|500)"))
    text_of(log).focus()
    page.keyboard.press("Control+f")
    page.keyboard.type("line 654321")
    expect(log.get_by_role("search").get_by_role("status")).to_have_text("1 of 1", timeout=SLOW_MS)
    expect(log.locator(".jp-compute-Log-current")).to_have_text("line 654321")


def test_it_comes_without_sockets_too(
    served: Served, page: Page, open_lab: Callable[..., Page], open_log: OpenLog, gates: Path
) -> None:
    page.route_web_socket(re.compile("/log/follow"), lambda blocked: blocked.close())
    open_lab()
    log = open_log(script(served, "live.py", LIVE, gates))
    has_line(log, "100 of 100")
    (gates / "go").touch()
    is_complete(log)
    has_line(log, "over 漢字 🚀")


def test_each_process_has_a_log_of_its_own(
    served: Served, open_lab: Callable[..., Page], open_log: OpenLog
) -> None:
    open_lab()
    code = "print('all')\nopen('logs/rank-1.log', 'w').write('the second one\\n')\n"
    log = open_log(served.script("ranks.py", code))
    is_complete(log)
    has_line(log, "all")
    log.get_by_label("Which log").select_option("logs/rank-1.log")
    has_line(log, "the second one")
    assert downloaded(log) == "the second one\n"


def test_how_a_log_looks_is_kept(
    served: Served, open_lab: Callable[..., Page], open_log: OpenLog
) -> None:
    page = open_lab()
    run_id = served.script("long.py", "print('a long line ' * 100)\n")
    log = open_log(run_id)
    is_complete(log)
    line = log.locator(".cm-line").first
    low = line.bounding_box()
    log.get_by_role("button", name="Wrap long lines").click()
    log.get_by_role("button", name="Number the lines").click()
    expect(log.locator(".cm-lineNumbers")).to_have_count(0)
    high = line.bounding_box()
    assert low and high and high["height"] > 3 * low["height"]

    def is_kept() -> bool:
        kept = json.loads(asked(served, "settings/jupyter_compute:log"))["settings"]
        return kept == {"wrap": True, "lineNumbers": False}

    until(is_kept)
    reload(served, page, run_id)
    expect(log.get_by_role("button", name="Wrap long lines")).to_have_attribute(
        "aria-pressed", "true", timeout=SLOW_MS
    )
    expect(log.locator(".cm-lineNumbers")).to_have_count(0)
