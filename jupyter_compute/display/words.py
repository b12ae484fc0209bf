"""How facts about a run are put into words."""

from __future__ import annotations

import math

from ..model import MetricEvent, Run, RunState

SYMBOLS = {
    RunState.QUEUED: "○",
    RunState.PREPARING: "◔",
    RunState.RUNNING: "▶",
    RunState.FINALIZING: "◕",
    RunState.COMPLETED: "✓",
    RunState.FAILED: "✗",
    RunState.CANCELED: "■",
}
"""One sign for each state, so that no state is told by its color alone."""


def elapsed_s(run: Run, now: float) -> float:
    """Return how long a run has run, or has waited if it never started, in seconds."""
    start = run.started if run.started is not None else run.created
    end = run.ended if run.ended is not None else now
    return max(0.0, end - start) if start else 0.0


def duration(seconds: float) -> str:
    """Put seconds into words: ``4.2 s``, ``3:05``, ``1:02:03``, ``2 d 03:04:05``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours:02}:{minutes:02}:{rest:02}"
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"


def size(count: float) -> str:
    """Put bytes into words: ``812 B``, ``1.2 kB``, ``3.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def number(value: float | str) -> str:
    """Put a metric's value into few characters."""
    if isinstance(value, str) or not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def last_values(metrics: dict[str, list[MetricEvent]], limit: int = 4) -> str:
    """Name the newest value of each metric on one line."""
    parts = [f"{name} {number(series[-1].value)}" for name, series in metrics.items() if series]
    more = len(parts) - limit
    return ", ".join(parts[:limit]) + (f" and {more} more" if more > 0 else "")
