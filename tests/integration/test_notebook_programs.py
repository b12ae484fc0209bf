"""The magics where no one sits before a page: papermill, nbclient, plain IPython."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from kernels import PATIENCE_S

from jupyter_compute.client import Client

pytestmark = pytest.mark.timeout(600)

GOOD = "%%submit --name good\nimport sys\nprint('\\x1b[31mred\\x1b[0m')\n[len('four')]"
BAD = "%%submit --name bad\nnothing = None\nnothing.there"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("programs")
    yield folder
    with Client(folder / "compute") as client:
        client.stop_controller()


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("JUPYTER_COMPUTE_HOME", str(home / "compute"))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    return dict(os.environ)


def notebook(*cells: str) -> Any:
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(code) for code in ("%load_ext jupyter_compute", *cells)]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    return made


def execute(folder: Path, *cells: str) -> Any:
    made = notebook(*cells)
    nbclient.NotebookClient(
        made,
        timeout=PATIENCE_S,
        startup_timeout=PATIENCE_S,
        resources={"metadata": {"path": folder}},
    ).execute()
    return made


def test_a_saved_notebook_keeps_a_picture_and_no_widgets(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    made = execute(tmp_path, GOOD, "%submit --no-wait true")
    nbformat.validate(made)
    picture, answer = made.cells[1].outputs
    assert "completed" in picture.data["text/html"] and "red" in picture.data["text/html"]
    assert set(picture.data) == {"text/html", "text/plain"}
    assert answer.data["text/plain"] == "[4]"
    assert "widgets" not in made.metadata


def test_a_failed_run_fails_the_notebook(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        execute(tmp_path, BAD, "1")
    assert caught.value.ename == "RunFailedError"
    assert "nothing.there" in str(caught.value)


def test_papermill_exits_with_an_error(tmp_path: Path, settings: dict[str, str]) -> None:
    path = tmp_path / "in.ipynb"
    nbformat.write(notebook(BAD), path)
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(path), str(tmp_path / "out.ipynb")],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )
    assert done.returncode != 0
    assert "RunFailedError" in done.stderr
    saved = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "failed" in str([cell.outputs for cell in saved.cells if cell.cell_type == "code"])


def script(folder: Path, *cells: str) -> Path:
    path = folder / "cells.ipy"
    calls = [f"get_ipython().run_cell({code!r})" for code in ("%load_ext jupyter_compute", *cells)]
    path.write_text("\n".join(calls) + "\n")
    return path


def test_plain_ipython_writes_lines_to_a_pipe(tmp_path: Path, settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "IPython", str(script(tmp_path, GOOD, BAD, "%compute runs"))],
        cwd=tmp_path,
        env=settings,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )
    assert "<div" not in done.stdout and "\r" not in done.stdout
    assert re.search(r"✓ completed · good", done.stdout)
    assert "[4]" in done.stdout
    assert "nothing.there" in done.stdout + done.stderr
    assert "magics.py" not in done.stdout + done.stderr


def test_plain_ipython_rewrites_a_line_of_a_terminal(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "IPython", str(script(tmp_path, GOOD))],
        cwd=tmp_path,
        env={**settings, "TERM": "xterm-256color"},
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    shown = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    assert process.wait(PATIENCE_S) == 0
    text = shown.decode()
    assert "\r\x1b[2K" in text
    assert "\x1b[31mred" in text
    assert "✓ completed · good" in text
    assert "<div" not in text
