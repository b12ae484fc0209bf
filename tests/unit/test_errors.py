from __future__ import annotations

import inspect
import re
import sys
import traceback

import pytest

from jupyter_compute import errors
from jupyter_compute.errors import CODES, ComputeError, code_of

CLASSES = [
    cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ComputeError)
]


def test_every_error_has_a_code_of_its_own():
    assert set(CODES) == set(CLASSES)
    exit_codes = [code.exit_code for code in CODES.values()]
    assert len(set(exit_codes)) == len(exit_codes)
    assert all(400 <= code.status < 600 and 0 < code.exit_code < 64 for code in CODES.values())


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            path[depth:] = [found[2]]
            drawn[found[2]] = path[depth - 1] if depth else "Exception"
    assert drawn == {cls.__name__: cls.__base__.__name__ for cls in CLASSES}


def test_an_error_of_a_third_party_takes_its_parents_code():
    class MyError(errors.LaunchError):
        pass

    assert code_of(MyError("no")) == CODES[errors.LaunchError]


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not errors.RunFailedError])
def test_an_error_shows_its_message_and_keeps_its_hint(cls):
    error = cls("what happened", hint="what to do")
    assert (str(error), error.message, error.hint) == ("what happened",) * 2 + ("what to do",)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exceptions have no notes before")
def test_a_traceback_says_the_hint_too():
    error = ComputeError("there is no such run", hint="look again")
    assert "".join(traceback.format_exception(error)).endswith("hint: look again\n")
    assert str(error) == "there is no such run"
