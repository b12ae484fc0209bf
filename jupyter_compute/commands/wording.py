"""Numbers and states in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ..model import (
    ArgvCommand,
    CellCommand,
    CondaEnvironment,
    Environment,
    ImageEnvironment,
    NotebookCommand,
    PackagesEnvironment,
    Run,
    RunState,
    ScriptCommand,
)
from .result import Cell

_STYLES = {
    RunState.COMPLETED: "good",
    RunState.FAILED: "bad",
    RunState.CANCELED: "dim",
    RunState.RUNNING: "busy",
}


def size(count: float) -> str:
    """Say a number of bytes: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def span(seconds: float | None) -> str:
    """Say a time: ``0.4 s``, ``12 s``, ``3:05``, ``2:00:07``, ``3 d 4 h``."""
    if seconds is None:
        return ""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def ago(when: float | None, now: float | None = None) -> str:
    """Say when something was: ``12 s ago``, or the date if that is long ago."""
    if not when:
        return ""
    seconds = (time.time() if now is None else now) - when
    if seconds < 5:
        return "just now"
    for unit, length, most in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400)):
        if seconds < most:
            return f"{int(seconds // length)} {unit} ago"
    return time.strftime("%Y-%m-%d", time.localtime(when))


def moment(when: float | None) -> str:
    """Say a time with date: ``2026-03-01 12:04:05``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when)) if when else ""


def elapsed(run: Run) -> float | None:
    """Return for how long a run has run, in seconds; ``None`` before it has begun."""
    if run.started is None:
        return None
    return max(0.0, (time.time() if run.ended is None else run.ended) - run.started)


def state(run: Run) -> Cell:
    """Say a run's state, in its color."""
    word = run.state.value
    if run.cancel_requested and not run.is_final:
        word += ", canceling"
    return Cell(word, _STYLES.get(run.state, ""))


def why(run: Run) -> str:
    """Say why a run is where it is: its error, else what it waits for."""
    return run.error or run.reason_at(time.time())


def number(value: Any) -> str:
    """Say a number in six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def values(pairs: Mapping[str, Any]) -> str:
    """Say a few names with values: ``loss=0.31 accuracy=0.9``."""
    return " ".join(f"{name}={number(value)}" for name, value in pairs.items())


def command(run: Run) -> str:
    """Say what a run runs."""
    what = run.command
    if isinstance(what, ScriptCommand):
        return " ".join([what.path, *what.args])
    if isinstance(what, ArgvCommand):
        return " ".join(what.argv)
    if isinstance(what, NotebookCommand):
        return what.path
    assert isinstance(what, CellCommand)
    lines = (line.strip() for line in what.code.splitlines())
    return f"cell: {next((line for line in lines if line and not line.startswith('#')), '')}"


def environment(what: Environment) -> str:
    """Say what a run's environment is."""
    if isinstance(what, PackagesEnvironment):
        return ", ".join([*what.files, *what.requirements])
    if isinstance(what, CondaEnvironment):
        return "environment.yml"
    if isinstance(what, ImageEnvironment):
        return what.dockerfile or f"image {what.image}"
    return what.interpreter or "the target's Python"


def exit_code_of(run: Run) -> int:
    """Return what a shell gets for a run: its own code, 128 and the signal, 130 if canceled."""
    if run.state is RunState.COMPLETED:
        return 0
    if run.state is RunState.CANCELED:
        return 130
    if run.facts.signal:
        return 128 + run.facts.signal
    if run.exit_code is not None and run.exit_code < 0:
        return 128 - run.exit_code
    return run.exit_code or 12
