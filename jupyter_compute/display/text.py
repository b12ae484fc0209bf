"""A picture of a run as plain text, and as the one line that a terminal rewrites in place."""

from __future__ import annotations

import re

from ..model import RunState, VariableEvent
from .terminal import plain
from .view import RunPicture
from .words import SYMBOLS, duration, elapsed_s, last_values, size

_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def safe(text: str) -> str:
    """Return a text without characters that could steer a terminal."""
    return _UNSAFE.sub("�", text)


def heading_words(picture: RunPicture) -> str:
    """Say what the run is waiting for or doing, as far as its state does not."""
    run = picture.run
    if run.is_final:
        return f"exit code {run.exit_code}" if run.exit_code else ""
    words = run.reason_at(picture.now) or ("" if run.state is RunState.RUNNING else picture.phase)
    if run.cancel_requested is not None:
        words = "cancel requested" + (f" · {words}" if words else "")
    return words


def log_note(picture: RunPicture) -> str:
    """Say what part of the log the picture leaves out, or nothing if it is whole."""
    if not picture.hidden_lines and not picture.hidden_bytes:
        return ""
    if picture.hidden_bytes:
        what = f"{size(picture.hidden_bytes)} and more of the log"
    else:
        plural = "s" if picture.hidden_lines > 1 else ""
        what = f"{picture.hidden_lines} earlier line{plural}"
    return f"… {what}: %compute logs {picture.run.id}"


def variable_words(event: VariableEvent) -> str:
    """Say what came back under a variable's name, or why nothing did."""
    if event.error:
        return f"did not come back: {event.error}"
    return f"{event.python_type}, {size(event.size)}"


def status_line(picture: RunPicture, width: int = 0) -> str:
    """Say on one line how the run stands, cut to ``width`` columns if that is given."""
    run = picture.run
    parts = [
        f"{SYMBOLS[run.state]} {run.state.value}",
        f"{run.name or run.id} ({run.id}) on {run.target}",
        duration(elapsed_s(run, picture.now)),
    ]
    if words := heading_words(picture):
        parts.append(words)
    if picture.progress is not None and picture.is_live:
        label = f" {picture.progress.label}" if picture.progress.label else ""
        parts.append(f"{picture.progress.fraction:.0%}{label}")
    if values := last_values(picture.metrics):
        parts.append(values)
    if picture.note and picture.is_live:
        parts.append(picture.note)
    line = safe(" · ".join(parts)).replace("\n", " ")
    return line if not width or len(line) <= width else line[: width - 1] + "…"


def render(picture: RunPicture, *, lines: int = 40) -> str:
    """Draw a picture of a run without colors and cursor moves."""
    parts = [status_line(picture)]
    if picture.run.error and picture.run.state is not RunState.COMPLETED:
        parts.append(safe(picture.run.error))
    shown = picture.lines[-lines:] if lines else ()
    if shown:
        hidden = picture.hidden_lines + len(picture.lines) - len(shown)
        if hidden or picture.hidden_bytes:
            parts.append(f"  … {hidden} earlier lines: %compute logs {picture.run.id}")
        parts.extend("  " + plain(line) for line in shown)
    parts.extend(f"{safe(file.path)}  {size(file.size)}" for file in picture.outputs[:20])
    if len(picture.outputs) > 20:
        parts.append(f"… and {len(picture.outputs) - 20} more files")
    parts.extend(safe(f"{event.name}: {variable_words(event)}") for event in picture.variables)
    if picture.note and not picture.is_live:
        parts.append(picture.note)
    return "\n".join(parts)
