from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.runner import endings

TRACEBACK = """\
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    main()
{last}
"""


@pytest.mark.parametrize(
    "last",
    [
        "ValueError: bad lr",
        "KeyboardInterrupt",
        "torch.cuda.OutOfMemoryError: CUDA out of memory",
        "AssertionError",
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ],
)
def test_the_exception_is_the_last_line_of_the_traceback(last: str) -> None:
    assert endings.last_exception("noise\n" + TRACEBACK.format(last=last) + "later words\n") == last


def test_of_chained_exceptions_the_last_counts() -> None:
    chain = (
        TRACEBACK.format(last="KeyError: 'a'")
        + "\nDuring handling of the above exception, another exception occurred:\n\n"
        + TRACEBACK.format(last="RuntimeError: b")
    )
    assert endings.last_exception(chain) == "RuntimeError: b"


def test_a_program_without_a_traceback_is_explained_by_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"usage: tool [-h]\n\x1b[31mtool: error: no input\x1b[0m\n\n")
    line = endings.of_code(2, str(tmp_path))
    assert line == "exit code 2, last line: tool: error: no input"


def test_an_error_event_comes_before_what_the_log_says(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(TRACEBACK.format(last="KeyError: 'harness'"))
    event = {"type": "error", "t": 0, "ename": "NameError", "evalue": "name 'x' is not defined"}
    (tmp_path / "events").write_text(json.dumps(event) + '\n{"type": "half')
    said = "exit code 1: NameError: name 'x' is not defined"
    assert endings.of_code(1, str(tmp_path)) == said


def test_a_shell_that_reports_a_signal_is_understood(tmp_path: Path) -> None:
    assert "SIGTERM" in endings.of_code(143, str(tmp_path))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"cgroup": 1, "host": 1}, {"cgroup": 2, "host": 2}, "out of memory: the kernel killed"),
        ({"cgroup": 1, "host": 1}, {"cgroup": 1, "host": 2}, "most likely"),
        ({"host": 1}, {"host": 1}, "sent by somebody or something else"),
        ({}, {}, "sent by somebody or something else"),
    ],
)
def test_only_what_the_kernel_counted_is_called_out_of_memory(
    before: dict[str, int], after: dict[str, int], words: str
) -> None:
    assert words in endings.of_signal(9, before, after, 0)


def test_signals_have_names() -> None:
    assert endings.of_signal(11, {}, {}, 0) == "ended by SIGSEGV (segmentation fault)"
    assert endings.of_signal(63, {}, {}, 0) == "ended by signal 63"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 255))
def test_whatever_a_program_says_the_reason_is_one_short_line(
    tmp_path_factory: pytest.TempPathFactory, log: bytes, code: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "log").write_bytes(b"Traceback (most recent call last):\n" + log)
    line = endings.of_code(code, str(folder))
    assert line.startswith("exit code")
    assert len(line) <= 400
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(character) == "Cc" for character in line)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.12, "0.12 s"), (2, "2 s"), (90, "1 min 30 s"), (3600, "1 h"), (5400.2, "1 h 30 min")],
)
def test_a_time_limit_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert endings.duration(seconds) == words
