"""The lines that tell a user what a run waits for, and why it ended."""

from __future__ import annotations

import time

from ..errors import ComputeError
from ..model import ErrorEvent, Run, retrying

LONGEST = 2000
"""The longest line that is told, in characters."""


def count(number: float, noun: str) -> str:
    """Say how many, such as ``1 GPU`` or ``2 GPUs``."""
    return f"{number:g} {noun}" if number == 1 else f"{number:g} {noun}s"


def silence(since: float, left_s: float, error: str, now: float | None = None) -> str:
    """Say that a target does not answer, since when, and when it is asked again."""
    then = time.localtime(since)
    is_today = then[:3] == time.localtime(now)[:3]
    clock = time.strftime("%H:%M" if is_today else "%Y-%m-%d %H:%M", then)
    line = f"no answer since {clock}, {retrying(left_s)}"
    return f"{line}: {one_line(error)}" if error else line


def collecting(done: int, total: int) -> str:
    """Say how many bytes of the outputs have arrived."""
    return f"collecting outputs: {done / 1e6:.1f} of {total / 1e6:.1f} MB"


def one_line(text: str, limit: int = LONGEST) -> str:
    """Return a text as one line that any store and any terminal can take."""
    # Cut first, so that no machine makes us look at megabytes.
    words = " ".join(text[: 2 * limit].encode("utf-8", "replace").decode().split())
    line = "".join(char if char.isprintable() else "\ufffd" for char in words)
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


def some_lines(text: str, most: int = 30) -> str:
    """Return a text as at most so many lines, each as :func:`one_line` has it, none empty."""
    lines = [one_line(line) for line in text[: 2 * LONGEST].split("\n")]
    return "\n".join([line for line in lines if line][:most])[:LONGEST]


def explain(error: ComputeError) -> str:
    """Return an error and its hint as the one line that says why a run ended."""
    line = one_line(error.message)
    hint = one_line(error.hint)
    return f"{line} ({hint})" if hint else line


def bug(error: Exception, log: str) -> str:
    """Say that the run ended by a fault of this package."""
    return f"a bug in jupyter_compute: {type(error).__name__}: {one_line(str(error))} (see {log})"


def why(error: str, last: ErrorEvent | None) -> str:
    """Complete the engine's line about a failure with the exception that caused it."""
    line = one_line(error)
    if last is None or last.ename in line:
        return line
    cause = one_line(f"{last.ename}: {last.evalue}") if last.evalue else last.ename
    return f"{line}: {cause}" if line else cause


def canceled(run: Run, error: str = "") -> str:
    """Say who cancelled a run."""
    by = f"canceled by {run.canceled_by}" if run.canceled_by else "canceled"
    line = one_line(error)
    if not line or line.startswith("canceled"):
        return by
    return f"{by}: {line}"
