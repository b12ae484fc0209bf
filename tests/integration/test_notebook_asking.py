"""A target asks in the notebook that waits for it, or says there where to answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from typing import Any, TypeVar

import nbclient
import nbformat
import pytest
from kernels import PATIENCE_S, Cell, Kernel, kernel
from leavings import places_with

from jupyter_compute.client import Client
from jupyter_compute.model import Prompt

pytestmark = pytest.mark.timeout(600)

KINDS = str(Path(__file__).parents[1] / "kinds")
SECRET = "open-sesame-in-the-notebook"
CODE = "code-141421"

T = TypeVar("T")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def settings(folder: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, [KINDS, os.environ.get("PYTHONPATH", "")])),
        "JUPYTER_COMPUTE_HOME": str(folder / "compute"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


@pytest.fixture(scope="module")
def page(folder: Path, settings: dict[str, str]) -> Iterator[Kernel]:
    source = folder / "source"
    source.mkdir()
    with kernel(source, **settings) as running:
        assert running.run("%load_ext jupyter_compute").error is None
        yield running
    with Client(folder / "compute") as client:
        client.stop_controller()


@pytest.fixture
def client(folder: Path, page: Kernel) -> Iterator[Client]:
    with Client(folder / "compute") as client:
        yield client


def until(find: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def open_prompt(client: Client, target: str, part: str = "") -> Prompt:
    def find() -> Prompt | None:
        found = (one for one in client.prompts() if one.target == target and part in one.message)
        return next(found, None)

    return until(find)


def asked(page: Kernel) -> dict[str, Any]:
    """Wait for what the kernel asks the page."""

    def find() -> dict[str, Any] | None:
        try:
            message = page.client.get_stdin_msg(timeout=0.1)
        except Empty:
            return None
        return dict(message["content"])

    found: dict[str, Any] = page.until(find)
    return found


def attached(page: Kernel, name: str, user: str) -> None:
    cell = page.run(
        f"%compute attach {name} --kind showcase --host asks --user {user} --no-check --json"
    )
    assert cell.error is None, cell.error


def shown(cell: Cell) -> str:
    return "".join(
        output["data"].get("text/html", "") for output in cell.outputs if "data" in output
    )


def test_attach_asks_in_the_cell(page: Kernel, folder: Path) -> None:
    cell = page.start("%compute attach box --kind showcase --host asks --user ann")
    assert asked(page) == {"prompt": "box: Password for ann@asks ", "password": True}
    page.client.input(SECRET)
    keep = asked(page)
    assert keep["prompt"].startswith("Keep it in a file that only you can read, /")
    page.client.input("n")
    assert asked(page)["prompt"].startswith("box: The code")
    page.client.input(CODE)
    page.until(lambda: cell.is_over)
    assert cell.error is None
    assert "looking at showcase://ann@asks:22" in cell.text
    assert "box: showcase at showcase://ann@asks:22" in shown(cell)
    assert places_with(SECRET, folder) == []


def test_a_waiting_cell_asks_and_its_picture_says_so(page: Kernel, folder: Path) -> None:
    attached(page, "waited", "bea")
    cell = page.start("%%submit --target waited\nprint('hello from there')")
    assert asked(page)["password"]
    page.until(lambda: "waited asks: Password for bea@asks" in str(cell.messages))
    page.client.input(SECRET)
    assert "Keep it" in asked(page)["prompt"]
    page.client.input("")
    assert "The code" in asked(page)["prompt"]
    page.client.input(CODE)
    page.until(lambda: cell.is_over)
    assert cell.error is None
    assert "hello from there" in shown(cell) and "asks:" not in shown(cell)
    assert places_with(SECRET, folder) == []


def test_a_question_that_is_answered_elsewhere_does_not_hold_the_cell(
    page: Kernel, client: Client
) -> None:
    attached(page, "elsewhere", "cas")
    cell = page.start("%%submit --target elsewhere\nprint('hello from there')")
    assert asked(page)["password"]
    client.answer(open_prompt(client, "elsewhere", "Password").id, SECRET)
    assert "The code" in asked(page)["prompt"]
    client.answer(open_prompt(client, "elsewhere", "code").id, CODE)
    page.until(lambda: cell.is_over)
    assert cell.error is None
    assert cell.text.count("elsewhere: that has been answered already") == 2
    assert "hello from there" in shown(cell)
    # Nothing of the interrupts stays behind.
    assert page.run("print(input.__name__, 1 + 1)").text.endswith("2\n")


def test_an_interrupt_declines_and_does_not_end_the_view(page: Kernel) -> None:
    attached(page, "declined", "dot")
    cell = page.start("%%submit --target declined\n1")
    assert asked(page)["password"]
    page.interrupt()
    page.until(lambda: cell.is_over)
    assert cell.error is not None and cell.error["ename"] == "RunFailedError"
    assert "did not answer" in cell.error["evalue"]


def test_where_there_is_no_input_the_picture_says_where_to_answer(
    page: Kernel, client: Client
) -> None:
    attached(page, "mute", "eve")
    cell = page.start("%%submit --target mute\nprint('hello from there')", as_notebook=False)
    first = open_prompt(client, "mute", "Password")
    said = "mute asks: Password for eve@asks (answer it in the sidebar, or in a terminal: "
    page.until(lambda: said in shown(cell))
    client.answer(first.id, SECRET)
    client.answer(open_prompt(client, "mute", "code").id, CODE)
    page.until(lambda: cell.is_over)
    assert cell.error is None and "hello from there" in shown(cell)
    assert "asks:" not in shown(cell) + cell.text


def test_a_cell_that_does_not_wait_says_what_is_asked(page: Kernel, client: Client) -> None:
    attached(page, "queue", "fin")
    page.run("%%submit --target queue --no-wait --as first\n1")
    first = open_prompt(client, "queue", "Password")
    cell = page.run("%%submit --target queue --no-wait\n1")
    assert "queue asks: Password for fin@asks (answer it in the sidebar" in cell.text
    client.answer(first.id, SECRET)
    client.answer(open_prompt(client, "queue", "code").id, CODE)
    assert page.run("%compute wait first").error is None


def test_a_program_that_executes_the_notebook_waits_for_the_answer(
    page: Kernel, client: Client, tmp_path: Path, settings: dict[str, str], monkeypatch: Any
) -> None:
    attached(page, "program", "gia")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    made = nbformat.v4.new_notebook()
    cells = ("%load_ext jupyter_compute", "%%submit --target program\nprint('hello from there')")
    made.cells = [nbformat.v4.new_code_cell(code) for code in cells]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}

    def answer() -> None:
        with Client(client.workspace) as other:
            other.answer(open_prompt(other, "program", "Password").id, SECRET)
            other.answer(open_prompt(other, "program", "code").id, CODE)

    with ThreadPoolExecutor(1) as pool:
        answering = pool.submit(answer)
        nbclient.NotebookClient(
            made,
            timeout=PATIENCE_S,
            startup_timeout=PATIENCE_S,
            resources={"metadata": {"path": tmp_path}},
        ).execute()
        answering.result()
    (picture,) = made.cells[1].outputs
    assert "hello from there" in picture.data["text/html"]
    assert "asks:" not in str(made)
