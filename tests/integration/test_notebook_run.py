"""Notebooks are executed cell by cell, and saved after each."""

from __future__ import annotations

import signal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from run_stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "run")


def write(stage, *cells, path="n.ipynb", **metadata):
    place = stage.root / "work" / path
    place.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), place)


def executed(stage, name="n.ipynb"):
    return nbformat.read(stage.root / "work" / "outputs" / name, as_version=4)


def test_a_notebook_is_executed_with_its_parameters(stage):
    write(
        stage,
        new_markdown_cell("# Hello"),
        new_code_cell("n = 1\nname = 'x'", metadata={"tags": ["parameters"]}),
        new_code_cell("import os, jupyter_compute_run as run\nrun.log('n', n)\nprint(n, name)"),
        new_code_cell("open('data.txt').read(), open('outputs/o', 'w').close()"),
        path="deep/n.ipynb",
    )
    (stage.root / "work" / "deep" / "data.txt").write_text("beside")
    stage.params(n=100, other=None)
    stage.notebook("deep/n.ipynb")
    assert stage.code == 0, stage.log
    assert "100 x\n('beside', None)" in stage.log
    assert "no parameter other, only n, name" in stage.log
    copy = executed(stage)
    assert copy.cells[2].metadata.tags == ["injected-parameters"]
    assert copy.cells[2].source == "# Parameters\nn = 100\nother = None"
    assert copy.cells[3].outputs[0].text == "100 x\n"
    assert stage.events("metric")[0].value == 100
    assert stage.events("progress")[-1].fraction == 1.0
    assert (stage.root / "work" / "outputs" / "o").exists()
    source = nbformat.read(stage.root / "work" / "deep" / "n.ipynb", as_version=4)
    assert len(source.cells) == 4


def test_a_failure_names_cell_and_line_and_keeps_what_was_done(stage):
    write(
        stage,
        new_code_cell("def f(x):\n    return 1 / x"),
        new_markdown_cell("between"),
        new_code_cell("print('before')\n\nf(0)"),
        new_code_cell("print('never')"),
    )
    stage.notebook("n.ipynb")
    assert stage.code == 1
    error = stage.events("error")[0]
    assert (error.ename, error.file, error.line) == ("ZeroDivisionError", "n.ipynb, cell 1", 2)
    assert error.source == "return 1 / x"
    assert error.traceback[1:3] == ["  n.ipynb, cell 3, line 3", "    f(0)"]
    assert "before" in stage.log
    assert "never" not in stage.log
    copy = executed(stage)
    assert [out.output_type for out in copy.cells[2].outputs] == ["stream", "error"]


def test_a_kernel_that_dies_is_told(stage):
    write(stage, new_code_cell("x = 1"), new_code_cell("import os\nos._exit(9)"))
    stage.notebook("n.ipynb")
    assert stage.code == 1
    assert "the kernel of n.ipynb ended while it ran cell 2" in stage.events("error")[0].evalue
    assert executed(stage).cells[0].execution_count == 1


def test_a_notebook_that_is_asked_to_end_leaves_no_kernel_and_a_copy(stage):
    write(
        stage,
        new_code_cell("import os\nprint('kernel', os.getpid(), flush=True)"),
        new_code_cell("import time\ntime.sleep(600)"),
    )
    process = stage.start("-m", "jupyter_compute_run.notebook", "n.ipynb")
    stage.wait_for("kernel ")
    process.send_signal(signal.SIGTERM)
    stage.finish(process)
    assert stage.code == -signal.SIGTERM, stage.log
    pid = int(stage.log.split("kernel ")[1].split()[0])
    assert not _is_alive(pid)
    assert "kernel" in executed(stage).cells[0].outputs[0].text


def _is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no notebook"),
        (
            '{"cells": [], "nbformat": 4, "nbformat_minor": 5, '
            '"metadata": {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}}',
            "written in r",
        ),
    ],
)
def test_what_cannot_be_executed_is_said_in_one_line(stage, text, said):
    (stage.root / "work" / "n.ipynb").write_text(text)
    stage.notebook("n.ipynb")
    assert stage.code == 1
    assert said in stage.events("error")[0].evalue
    assert len(stage.log.splitlines()) == 1, stage.log


def test_without_nbclient_it_says_what_is_missing(stage):
    write(stage, new_code_cell("1"))
    stage.finish(stage.start("-S", "-m", "jupyter_compute_run.notebook", "n.ipynb"))
    assert stage.code == 1
    assert "no nbformat and no nbclient and no ipykernel" in stage.log
    assert "Traceback" not in stage.log
