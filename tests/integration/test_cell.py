"""Cells run as in a notebook: what they show, what they leave, how they fail."""

from __future__ import annotations

import signal

import numpy as np
import pandas as pd
import pytest
from interpreters import interpreters
from run_stage import Stage


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "run")


@pytest.fixture(params=interpreters(), ids=lambda path: path.split("/")[-3])
def any_stage(request, tmp_path):
    return Stage(tmp_path / "run", request.param)


def test_the_last_expression_is_shown_and_prints_go_to_the_log(any_stage):
    any_stage.cell("print('hello')\nx = {'a': 1}\nx")
    assert (any_stage.code, any_stage.log) == (0, "hello\n")
    assert any_stage.displays() == [{"text/plain": "{'a': 1}"}]


@pytest.mark.parametrize("code", ["1;", "x = 1", "None", "", "# nothing\n", "1 ; # why"])
def test_what_has_no_value_shows_nothing(stage, code):
    stage.cell(code)
    assert (stage.code, stage.log, stage.events()) == (0, "", [])


def test_a_failure_ends_in_the_user_s_own_line(any_stage):
    any_stage.cell("import json\n\ndef load(text):\n    return json.loads(text)\n\nload('{')")
    assert any_stage.code == 1
    error = any_stage.events("error")[0]
    assert (error.ename, error.line, error.file) == ("JSONDecodeError", 4, "the cell")
    assert error.source == "return json.loads(text)"
    assert error.traceback[1:5] == [
        "  the cell, line 6",
        "    load('{')",
        "  the cell, line 4, in load",
        "    return json.loads(text)",
    ]
    assert "jupyter_compute_run" not in any_stage.log
    assert any_stage.log.splitlines()[-1].startswith("json.decoder.JSONDecodeError")


def test_the_user_s_own_modules_count_as_their_own(stage):
    (stage.root / "work" / "mine.py").write_text("def f():\n    raise KeyError('x')\n")
    stage.cell("import mine\nmine.f()")
    error = stage.events("error")[0]
    assert (error.file, error.line, error.source) == ("mine.py", 2, "raise KeyError('x')")


def test_a_chain_of_exceptions_is_shown_whole(any_stage):
    any_stage.cell("try:\n    1/0\nexcept Exception as e:\n    raise ValueError('no') from e")
    assert "ZeroDivisionError" in any_stage.log
    assert "direct cause" in any_stage.log
    assert any_stage.events("error")[0].evalue == "no"


def test_a_syntax_error_names_its_line(any_stage):
    any_stage.cell("x = 1\nx = = 2\n")
    error = any_stage.events("error")[0]
    assert (any_stage.code, error.ename, error.line) == (1, "SyntaxError", 2)
    assert error.source == "x = = 2"


@pytest.mark.parametrize(
    ("code", "exit_code", "log"),
    [
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('that is it')", 1, "that is it\n"),
        ("%time None\nimport sys; sys.exit(4)", 4, None),
    ],
)
def test_exit_codes_are_the_user_s(stage, code, exit_code, log):
    stage.cell(code)
    assert stage.code == exit_code
    assert log is None or stage.log == log
    assert stage.events("error") == []


def test_await_works_at_the_top_of_a_cell(any_stage):
    any_stage.cell("import asyncio\ntask = asyncio.create_task(asyncio.sleep(0, 5))\nawait task")
    assert any_stage.code == 0, any_stage.log
    assert any_stage.displays() == [{"text/plain": "5"}]


def test_a_cell_may_run_a_loop_of_its_own(stage):
    stage.cell("import asyncio\nasyncio.run(asyncio.sleep(0, 5))")
    assert stage.displays() == [{"text/plain": "5"}]


def test_classes_of_a_cell_can_be_pickled(any_stage):
    any_stage.cell(
        "import pickle\nclass A:\n    x = 1\n"
        "pickle.loads(pickle.dumps(A())).x, __name__, A.__module__"
    )
    assert any_stage.displays() == [{"text/plain": "(1, '__main__', '__main__')"}]


def test_workers_of_every_kind_know_what_the_cell_defined(any_stage):
    any_stage.send("offset", 100)
    any_stage.params(scale=10)
    any_stage.cell(
        "import multiprocessing\n"
        "factor = int('2')\n"
        "class Answer:\n"
        "    def __init__(self, value):\n"
        "        self.value = value\n"
        "def work(n):\n"
        "    return Answer(n * factor * scale + offset)\n"
        "for kind in ('fork', 'spawn', 'forkserver'):\n"
        "    with multiprocessing.get_context(kind).Pool(2) as pool:\n"
        "        print(kind, [a.value for a in pool.map(work, range(3))])\n"
    )
    assert any_stage.code == 0, any_stage.log
    assert [line.partition(" ")[2] for line in any_stage.log.splitlines()] == [
        "[100, 120, 140]"
    ] * 3


def test_variables_come_in_and_go_out(stage):
    stage.send("array", np.arange(4))
    stage.send("frame", pd.DataFrame({"a": [1, 2]}))
    stage.send("numbers", {1, 2})
    stage.facts["outputs"] = ["total", "frame"]
    stage.cell("total = float(array.sum()) + sum(numbers)\nframe['b'] = frame.a * 2\nframe")
    assert stage.code == 0, stage.log
    assert stage.variable("total") == 9.0
    assert stage.variable("frame").b.tolist() == [2, 4]
    assert "<table" in stage.displays()[0]["text/html"]


def test_a_variable_that_cannot_be_read_there_is_named(any_stage):
    any_stage.send("array", np.arange(4))
    (any_stage.root / "work" / "numpy.py").write_text("raise ImportError('no numpy here')")
    any_stage.cell("print('never')")
    assert any_stage.code == 1
    assert "array (numpy.ndarray)" in any_stage.events("error")[0].evalue
    assert "never" not in any_stage.log


def test_a_crash_of_native_code_tells_its_line(stage):
    stage.cell("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert stage.code == -signal.SIGSEGV
    assert "line 2 in <module>" in stage.log


def test_what_cannot_go_out_is_named_and_the_rest_goes(stage):
    stage.facts["outputs"] = ["model", "missing", "score"]
    stage.cell("class Model: pass\nmodel = Model()\nscore = 1.5")
    assert stage.code == 0
    errors = {event.name: event.error for event in stage.events("variable")}
    assert "model (Model) cannot travel" in errors["model"]
    assert "no variable missing" in errors["missing"]
    assert stage.variable("score") == 1.5
    assert "--out: model (Model)" in stage.log


def test_a_pickle_goes_out_when_that_was_asked_for(stage):
    stage.facts.update(outputs=["when"], allow_pickle=True)
    stage.cell("import datetime\nwhen = datetime.date(2024, 1, 2)")
    assert stage.variable("when", allow_pickle=True).year == 2024


def test_parameters_are_variables_of_the_cell(any_stage):
    any_stage.params(lr=0.5)
    any_stage.cell("lr * 2")
    assert any_stage.displays() == [{"text/plain": "1.0"}]


FIGURE = "import matplotlib.pyplot as plt\n"


def test_figures_are_shown_when_asked_and_at_the_end(stage):
    stage.cell(
        "%matplotlib inline\n"
        + FIGURE
        + "plt.plot([1, 2])\nplt.show()\nplt.figure()\nplt.plot([3]);"
    )
    assert stage.code == 0, stage.log
    assert [sorted(data) for data in stage.displays()] == [["image/png", "text/plain"]] * 2


def test_a_kernel_s_own_backend_is_no_choice_and_a_failure_shows_its_figures(stage):
    stage.env["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    stage.cell(FIGURE + "plt.plot([1, 2])\n1/0")
    assert stage.code == 1
    assert "image/png" in stage.displays()[0]


def test_a_backend_that_the_user_chose_stays(stage):
    stage.env["MPLBACKEND"] = "svg"
    stage.cell("import matplotlib\nprint(matplotlib.get_backend())")
    assert (stage.log, stage.displays()) == ("svg\n", [])


def test_a_large_output_stands_in_a_file_of_its_own(stage):
    stage.cell("'x' * 200_000")
    assert stage.events("display")[0].path.startswith("results/")
    assert len(stage.displays()[0]["text/plain"]) > 200_000


def test_display_needs_no_ipython(any_stage):
    any_stage.cell(
        "class Html:\n    def _repr_html_(self): return '<b>x</b>'\n"
        "handle = display(Html(), display_id='one')\nhandle.update(2)\n"
        "import sys\nassert 'IPython' not in sys.modules"
    )
    assert any_stage.code == 0, any_stage.log
    first, second = any_stage.events("display")
    assert first.data["text/html"] == "<b>x</b>"
    assert (first.display_id, first.update) == ("one", False)
    assert (second.data, second.display_id, second.update) == ({"text/plain": "2"}, "one", True)


def test_a_representation_that_fails_is_left_out(stage):
    stage.cell("class Bad:\n    def _repr_html_(self): 1/0\nBad()")
    assert stage.code == 0
    assert list(stage.displays()[0]) == ["text/plain"]
    assert "_repr_html_ of Bad failed" in stage.log


SAME = """
class Html:
    def _repr_html_(self): return "<i>html</i>"
    def _repr_png_(self): return b"png"
    def __repr__(self): return "Html()"
class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "b", "text/markdown": "*b*"}, {"text/markdown": {"k": 1}}
class Pair:
    def _repr_latex_(self): return "$x$", {"width": 3}
    def __repr__(self): return "Pair()"
display(Html(), Bundle())
display(Pair(), display_id="p")
display({"text/plain": "raw"}, raw=True)
Html
"""


def test_both_ways_show_the_same(tmp_path):
    plain = Stage(tmp_path / "plain").cell(SAME)
    magic = Stage(tmp_path / "magic").cell("%matplotlib inline\n" + SAME)
    said = [
        [(e.data, e.metadata, e.display_id, e.update) for e in stage.events("display")]
        for stage in (plain, magic)
    ]
    assert len(said[0]) == 5
    assert said[0] == said[1]


def test_ipython_s_display_works_without_a_magic(stage):
    stage.cell(
        "from IPython.display import HTML, Markdown, display, update_display\n"
        "display(HTML('<b>1</b>'), display_id='h')\nupdate_display(HTML('2'), display_id='h')\n"
        "Markdown('*3*')"
    )
    assert stage.code == 0, stage.log
    first, second, third = stage.events("display")
    assert (first.data["text/html"], first.display_id) == ("<b>1</b>", "h")
    assert (second.data["text/html"], second.update) == ("2", True)
    assert third.data["text/markdown"] == "*3*"
    assert stage.log == ""


def test_magics_and_the_shell_work(stage):
    stage.cell(
        "name = 'world'\n!echo hello {name}\nout = !echo captured\nprint(out[0])\n"
        "%env GREETING=hi\n!echo $GREETING\nlen(name)"
    )
    assert stage.log.splitlines() == ["hello world", "captured", "env: GREETING=hi", "hi"]
    assert stage.displays() == [{"text/plain": "5"}]


def test_an_answer_to_a_question_mark_is_an_output(stage):
    stage.cell("len?")
    assert stage.code == 0, stage.log
    assert "number of items" in stage.displays()[0]["text/plain"]


def test_get_ipython_is_there_for_those_who_ask(stage):
    stage.cell("x = 41\nget_ipython().run_line_magic('env', 'A=1')\nget_ipython().user_ns['x'] + 1")
    assert stage.code == 0, stage.log
    assert stage.displays() == [{"text/plain": "42"}]


@pytest.mark.parametrize(
    ("code", "ename", "line"),
    [
        ("%time x = 1\ny = 2\n1/0", "ZeroDivisionError", 3),
        ("%%time\nz = 1\n1/0", "ZeroDivisionError", None),
        ("%nosuchmagic", "UsageError", 1),
        ("!true\nif:", "SyntaxError", None),
    ],
)
def test_failures_in_cells_with_magics_fail_the_run(stage, code, ename, line):
    stage.cell(code)
    assert stage.code == 1, stage.log
    error = stage.events("error")[0]
    assert error.ename == ename
    assert line is None or error.line == line


def test_without_ipython_a_magic_is_explained(any_stage):
    (any_stage.root / "work" / "IPython.py").write_text("raise ImportError('hidden')")
    any_stage.cell("x = 1\n%time x\n")
    error = any_stage.events("error")[0]
    assert (any_stage.code, error.line, error.source) == (1, 2, "%time x")
    assert "IPython" in error.evalue


def test_being_asked_to_end_lets_the_cell_tidy_up(any_stage):
    process = any_stage.start_cell(
        "import time\ntry:\n    print('there', flush=True)\n    time.sleep(600)\n"
        "finally:\n    print('tidy', flush=True)\n"
    )
    any_stage.wait_for("there")
    process.send_signal(signal.SIGTERM)
    any_stage.finish(process)
    assert (any_stage.code, any_stage.log) == (-signal.SIGTERM, "there\ntidy\n")
    assert any_stage.events("error") == []


def test_a_forked_worker_that_is_asked_to_end_does_not_wait_for_python_to_look(any_stage):
    any_stage.cell(
        "import os, signal\n"
        "worker = os.fork()\n"
        "if worker == 0:\n"
        "    sum(range(10**15))\n"
        "os.kill(worker, signal.SIGTERM)\n"
        "print(os.WTERMSIG(os.waitpid(worker, 0)[1]))\n"
    )
    assert (any_stage.code, any_stage.log) == (0, f"{int(signal.SIGTERM)}\n")


def test_an_interrupt_is_told_as_one(stage):
    process = stage.start_cell("import time\nprint('there', flush=True)\ntime.sleep(600)")
    stage.wait_for("there")
    process.send_signal(signal.SIGINT)
    stage.finish(process)
    assert stage.code == -signal.SIGINT
    assert stage.events("error")[0].line == 3


def test_a_cell_stands_where_its_notebook_stands(stage):
    folder = stage.root / "work" / "deep"
    folder.mkdir()
    (folder / "data.txt").write_text("7")
    (folder / "beside.py").write_text("value = 8\n")
    stage.facts["notebook"] = "deep/n.ipynb"
    stage.cell("import beside\nopen('outputs/o.txt', 'w').write('x')\nopen('data.txt').read()")
    assert stage.code == 0, stage.log
    assert stage.displays() == [{"text/plain": "'7'"}]
    assert (stage.root / "work" / "outputs" / "o.txt").exists()


def test_a_future_import_holds_for_the_whole_cell(any_stage):
    any_stage.cell("from __future__ import annotations\ndef f(x: Nope): pass\nf.__annotations__")
    assert any_stage.displays() == [{"text/plain": "{'x': 'Nope'}"}]


def test_text_that_no_locale_writes_ends_no_run(stage):
    stage.env.update(LC_ALL="C", PYTHONIOENCODING="ascii")
    stage.cell("print('é \\udc80')\n'ü'")
    assert (stage.code, stage.log) == (0, "é \\udc80\n")
    assert stage.displays() == [{"text/plain": "'ü'"}]


def test_a_harness_outside_of_a_run_says_so(stage):
    stage.finish(stage.start("-m", "jupyter_compute_run.cell"))
    assert stage.code == 1
    assert "started by a run" in stage.log
