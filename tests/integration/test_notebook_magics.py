"""Cells, scripts and notebooks go from a real kernel to a finished run on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kernels import Cell, Kernel, kernel

from jupyter_compute.client import Client

pytestmark = pytest.mark.timeout(600)

LOAD = "%load_ext jupyter_compute"

TRAIN = """
import sys
import jupyter_compute_run as jc

for step in range(3):
    jc.log("loss", 1 / (step + 1), step)
print("args", sys.argv[1:])
open("outputs/model.txt", "w").write("weights")
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("magics")
    yield folder
    with Client(folder / "compute") as client:
        client.stop_controller()


@pytest.fixture(scope="module")
def project(home: Path) -> Path:
    folder = home / "project"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    return folder


@pytest.fixture(scope="module")
def settings(home: Path) -> dict[str, str]:
    return {
        "JUPYTER_COMPUTE_HOME": str(home / "compute"),
        "JUPYTER_COMPUTE_SITE": str(home / "no-site.toml"),
        "JPY_SESSION_NAME": "",
    }


@pytest.fixture(scope="module")
def page(project: Path, settings: dict[str, str]) -> Iterator[Kernel]:
    with kernel(project, **settings) as running:
        assert running.run(LOAD).error is None
        yield running


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    with Client(home / "compute") as opened:
        yield opened


def page_of(cell: Cell) -> Callable[[], str]:
    """Return what the widget of a waiting cell shows, as it changes."""
    return lambda: json.dumps([one["data"] for one in cell.of("comm_msg")])


def ended_well(cell: Cell) -> Cell:
    assert cell.error is None, cell.error
    return cell


def test_compute_alone_lists_the_targets(page: Kernel) -> None:
    (output,) = ended_well(page.run("%compute")).outputs
    assert "local" in output["data"]["text/html"] and "local" in output["data"]["text/plain"]


def test_a_cell_leaves_its_picture_and_its_rich_outputs(page: Kernel) -> None:
    cell = ended_well(page.run("%%submit --name hello\nprint('some words')\n6 * 7"))
    picture, answer = cell.outputs
    assert set(picture["data"]) == {"text/html", "text/plain"}
    assert "some words" in picture["data"]["text/html"]
    assert "completed" in picture["data"]["text/plain"]
    assert answer["data"]["text/plain"] == "42"


def test_a_console_gets_text_and_a_program_a_page_without_widgets(page: Kernel) -> None:
    code = "%%submit --name talk\nprint('some words')"
    console = ended_well(page.run(code, has_id=False))
    assert "some words\n" in console.text and "✓ completed · talk" in console.text
    assert console.outputs and not console.of("comm_open") and not console.of("display_data")
    program = ended_well(page.run(code, as_notebook=False))
    assert "some words" in program.plain[0] and not program.of("comm_open")


def test_waiting_for_a_run_shows_it_and_fails_with_it(page: Kernel) -> None:
    ended_well(page.run("%%submit --no-wait --as late\nraise SystemExit(7)"))
    cell = page.run("%compute wait {late.id}")
    assert cell.error is not None and cell.error["ename"] == "RunFailedError"
    assert "exit code 7" in cell.plain[0]


def test_a_plot_comes_back_as_a_plot(page: Kernel) -> None:
    code = "%%submit\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()"
    assert ["image/png" in output["data"] for output in ended_well(page.run(code)).outputs] == [
        False,
        True,
    ]


def test_variables_go_along_and_come_back(page: Kernel) -> None:
    page.run("numbers = [1, 2, 3]")
    ended_well(
        page.run("%%submit --in numbers --out total,parts\ntotal = sum(numbers)\nparts={'a': 1}")
    )
    assert page.run("print(total, parts)").text == "6 {'a': 1}\n"


def test_a_variable_that_cannot_travel_is_named_and_nothing_is_submitted(
    page: Kernel, client: Client
) -> None:
    before = client.runs().total
    page.run("import threading; lock = threading.Lock()")
    error = page.run("%%submit --in lock\n1").error
    assert error is not None and error["ename"] == "ConfigError"
    assert "lock" in error["evalue"]
    page.run("numbers = [1, 2, 3]")
    error = page.run("%%submit --in nubmers\n1").error
    assert error is not None and "nubmers" in error["evalue"]
    assert "did you mean 'numbers'" in error["traceback"][-1]
    assert client.runs().total == before


def test_other_objects_come_back_as_pickles_only_if_that_is_asked_for(page: Kernel) -> None:
    code = "from fractions import Fraction\nhalf, one = Fraction(1, 2), 1"
    cell = page.run(f"%%submit --out half,one\n{code}")
    assert cell.error is not None and "half" in cell.error["evalue"]
    assert "Fraction" in cell.error["evalue"]
    assert page.run("print(one, 'half' in globals())").text == "1 False\n"
    ended_well(page.run(f"%%submit --out half --pickle\n{code}"))
    assert page.run("print(half + half)").text == "1\n"


def test_a_script_gets_its_arguments_and_its_handle_is_not_shown_twice(page: Kernel) -> None:
    cell = ended_well(page.run("%submit train.py -- --epochs 3"))
    (picture,) = cell.outputs
    assert "args [" in picture["data"]["text/plain"] and "--epochs" in picture["data"]["text/plain"]
    assert "<svg" in picture["data"]["text/html"]
    assert page.run("print(_.metrics['loss'][-1] < 0.4, [f.path for f in _.outputs])").text == (
        "True ['outputs/model.txt']\n"
    )


def test_a_failure_ends_in_the_users_own_line(page: Kernel) -> None:
    cell = page.run("%%submit --name mistake\nfirst = {}\n\nprint(first['accuracy'])")
    assert cell.error is not None
    assert cell.error["ename"] == "RunFailedError"
    shown = "\n".join(cell.error["traceback"])
    assert "print(first['accuracy'])" in shown and "KeyError" in shown
    assert "4" in shown, "the line as the page counts it"
    assert "magics.py" not in shown and len(cell.error["traceback"]) < 20
    assert "failed" in cell.plain[0]


def test_a_syntax_error_is_found_before_anything_is_submitted(page: Kernel, client: Client) -> None:
    before = client.runs().total
    error = page.run("%%submit\nx = 1\ny = = 2").error
    assert error is not None and "line 3" in error["evalue"]
    assert client.runs().total == before


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("%%submit --target locl\n1", "local"),
        ("%%submit --tagret local\n1", "--target"),
        ("%compute rusn", "did you mean"),
        ("%submit tarin.py", "train.py"),
        ("%submit", "nothing to run"),
        ("%%submit train.py\n1", "%submit"),
        ("%%submit --name 'x\n1", "quote"),
        ("%%submit\n \n", "empty"),
        ("%submit train.py --in x", "%%submit"),
    ],
)
def test_a_mistake_in_the_line_is_told_shortly(page: Kernel, line: str, word: str) -> None:
    error = page.run(line).error
    assert error is not None
    shown = "\n".join(error["traceback"])
    assert word in shown and len(error["traceback"]) <= 4 and "Traceback" not in shown


def test_without_waiting_the_cell_is_over_at_once_and_the_run_can_be_canceled(page: Kernel) -> None:
    code = (
        "%%submit --name endless --no-wait --as endless\nimport time\nwhile True: time.sleep(0.1)"
    )
    ended_well(page.run(code))
    assert "%compute run" in page.run("endless").plain[0]
    ended_well(page.run("%compute cancel endless"))
    assert page.run("print(endless.wait().state.value)").text == "canceled\n"


def test_a_run_that_was_shown_to_its_end_is_described_as_it_ended(page: Kernel) -> None:
    ended_well(page.run("%%submit --no-wait --as brief\nimport time\ntime.sleep(1)"))
    details = ended_well(page.run("%compute run brief")).plain[-1]
    assert "exit code" in details and "completed" in details


def test_interrupting_once_cancels_the_run_and_fails_the_cell(page: Kernel) -> None:
    cell = page.start(
        "%%submit\nimport time\nprint('begun', flush=True)\nwhile True: time.sleep(0.1)"
    )
    drawn = page_of(cell)
    page.until(lambda: "begun" in drawn())
    page.interrupt()
    page.until(lambda: cell.is_over)
    assert cell.error is not None and cell.error["ename"] == "RunFailedError"
    assert "canceled" in cell.plain[0]


def test_interrupting_twice_stops_watching_and_leaves_the_run(page: Kernel) -> None:
    code = (
        "%%submit --name stubborn\nimport signal, time\n"
        "for number in (signal.SIGTERM, signal.SIGINT): signal.signal(number, signal.SIG_IGN)\n"
        "print('begun', flush=True)\ntime.sleep(60)"
    )
    cell = page.start(code)
    drawn = page_of(cell)
    page.until(lambda: "begun" in drawn())
    page.interrupt()
    page.until(lambda: "Asked to cancel" in drawn())
    page.interrupt()
    page.until(lambda: cell.is_over)
    assert cell.error is not None and cell.error["ename"] == "KeyboardInterrupt"
    assert len(cell.error["traceback"]) == 1 and "goes on" in cell.error["traceback"][0]
    assert "%compute run" in cell.plain[0]


def test_a_command_with_json_returns_its_answer(page: Kernel) -> None:
    ended_well(page.run("answer = %compute runs --json"))
    assert page.run(
        "print(sorted(answer) == sorted(__import__('json').loads(repr(answer))))"
    ).text == ("True\n")


def test_after_a_restart_the_view_is_there_again_with_the_whole_log(
    page: Kernel, project: Path, settings: dict[str, str], client: Client
) -> None:
    ended_well(page.run("%%submit --name long\nfor n in range(300): print('line', n)"))
    with kernel(project, **settings) as fresh:
        fresh.run(LOAD)
        cell = ended_well(fresh.run("%compute run long"))
    lines = cell.outputs[0]["data"]["text/html"].split("<pre>")[1].split("</pre>")[0].splitlines()
    assert lines == [f"line {n}" for n in range(300)]
    assert client.run("long").id in cell.outputs[0]["data"]["text/html"]


def test_markup_in_a_log_stays_text(page: Kernel) -> None:
    cell = ended_well(page.run("%%submit --name '<b>bold</b>'\nprint('<script>alert(1)</script>')"))
    page_text = cell.outputs[0]["data"]["text/html"]
    assert "<script>" not in page_text and "<b>bold</b>" not in page_text


def test_the_environment_of_the_kernel_is_not_disturbed(page: Kernel) -> None:
    assert os.environ.get("JUPYTER_COMPUTE_RUN_ID") is None
    text = page.run("import signal; print(signal.getsignal(signal.SIGINT).__name__)").text
    assert text == "default_int_handler\n"
