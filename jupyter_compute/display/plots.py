"""Small plots of metrics as SVG, readable without color and by a screen reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ..model import MetricEvent
from .words import number

_WIDTH, _HEIGHT, _PAD = 220, 64, 4
_POINTS = 200


def points_of(series: Sequence[MetricEvent]) -> list[tuple[float, float]]:
    """Return a series as (step, value), in order of steps, without what cannot be drawn.

    A point without a step stands one step after the one before it.
    """
    points: list[tuple[float, float]] = []
    step = -1.0
    for event in series:
        step = float(event.step) if event.step is not None else step + 1
        if not isinstance(event.value, str) and math.isfinite(event.value):
            points.append((step, float(event.value)))
    return sorted(points, key=lambda point: point[0])


def thinned(points: list[tuple[float, float]], count: int = _POINTS) -> list[tuple[float, float]]:
    """Keep about ``count`` points; the lowest and highest of each stretch stay."""
    if len(points) <= count:
        return points
    stretch = math.ceil(2 * len(points) / count)
    kept: list[tuple[float, float]] = []
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        ends = {part.index(min(part, key=_value)), part.index(max(part, key=_value))}
        kept.extend(part[place] for place in sorted(ends))
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def plot(name: str, series: Sequence[MetricEvent]) -> str:
    """Draw one metric over its steps; the newest value stands beside its name as text."""
    last = number(series[-1].value) if series else ""
    label = f"<figcaption><b>{escape(name)}</b> {escape(last)}</figcaption>"
    points = points_of(series)
    if len(points) < 2:
        return f'<figure class="jpc-plot">{label}</figure>'
    low, high = min(map(_value, points)), max(map(_value, points))
    words = f"{name}: {len(points)} values from {number(low)} to {number(high)}, newest {last}"
    return (
        f'<figure class="jpc-plot">{label}'
        f'<svg role="img" aria-label="{escape(words)}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}"><title>{escape(words)}</title>'
        f'<polyline fill="none" stroke="currentColor" stroke-width="1.5" '
        f'points="{_polyline(thinned(points), low, high)}"/></svg>'
        f"<small>{escape(number(low))} … {escape(number(high))}</small></figure>"
    )


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _polyline(points: list[tuple[float, float]], low: float, high: float) -> str:
    first, last = points[0][0], points[-1][0]
    # Halves first: the distance of two finite numbers may be infinite.
    across = (last / 2 - first / 2) or 1.0
    up = (high / 2 - low / 2) or 1.0
    places = []
    for step, value in points:
        x = _PAD + (_WIDTH - 2 * _PAD) * ((step / 2 - first / 2) / across)
        height = (value / 2 - low / 2) / up if high > low else 0.5
        places.append(f"{x:.1f},{_HEIGHT - _PAD - (_HEIGHT - 2 * _PAD) * height:.1f}")
    return " ".join(places)
