"""The one grammar of commands, for ``jupyter compute …`` and ``%compute …``."""

from __future__ import annotations

from .asking import ask_person
from .lines import make_grammar, run_line, split
from .place import Place
from .rendering import render_html, render_json, render_text, visible
from .result import Result
from .runs import settled
from .submission import Submission, parse_submission, send
from .wording import exit_code_of

__all__ = [
    "Place",
    "Result",
    "Submission",
    "ask_person",
    "exit_code_of",
    "make_grammar",
    "parse_submission",
    "render_html",
    "render_json",
    "render_text",
    "run_line",
    "send",
    "settled",
    "split",
    "visible",
]
