"""How an error is shown in a notebook: what happened, and what to do next."""

from __future__ import annotations

from typing import TypeVar

from ..errors import ComputeError, RunFailedError
from ..model import ErrorEvent, RunState
from .terminal import plain
from .text import safe
from .view import RunPicture

E = TypeVar("E", bound=BaseException)

_TAIL = 20


def shown_short(error: E, lines: list[str]) -> E:
    """Make IPython show these lines in place of the traceback through this package."""
    error._render_traceback_ = lambda *args: lines  # type: ignore[attr-defined]
    return error


def short(error: ComputeError) -> ComputeError:
    """Make IPython show an error as its message and its hint."""
    lines = [f"{type(error).__name__}: {safe(str(error))}"]
    if error.hint:
        lines.append(f"→ {safe(error.hint)}")
    return shown_short(error, lines)


def run_failed(picture: RunPicture) -> RunFailedError:
    """Make the error for a run that was waited for and did not complete.

    Its traceback is the user's own: the frames that the run reported, ending in the line that
    failed and its exception.
    """
    run = picture.run
    tail = "\n".join(plain(line) for line in picture.lines[-_TAIL:])
    message = run.error or f"run {run.id} {run.state.value}"
    error = RunFailedError(
        message,
        run=run,
        hint="" if run.state is RunState.CANCELED else f"%compute logs {run.id} shows its log",
        log_tail=tail,
    )
    head = f"RunFailedError: {run.name or run.id} ({run.id}) on {run.target} {run.state.value}"
    frames = _own_frames(picture.error)
    if frames:
        return shown_short(error, [safe(head), "", *frames])
    lines = [safe(f"{head}: {message}")]
    if error.hint:
        lines.append(f"→ {error.hint}")
    return shown_short(error, lines)


def _own_frames(event: ErrorEvent | None) -> list[str]:
    if event is None:
        return []
    if event.traceback:
        return [line.rstrip("\n") for line in event.traceback]
    where = f"line {event.line}" if event.line else "the cell"
    lines = [f"{event.file or 'cell'}, {where}"]
    if event.source:
        lines.append(f"----> {event.source.strip()}")
    return [*lines, f"{event.ename}: {event.evalue}"]
