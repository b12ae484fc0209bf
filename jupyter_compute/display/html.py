"""A picture of a run as HTML that stands alone: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
from html import escape

from ..model import RunState
from .css import STYLE, palette_color
from .plots import plot
from .terminal import PLAIN, Line, Style
from .text import heading_words, log_note, variable_words
from .view import Image, Rows, RunPicture
from .words import SYMBOLS, duration, elapsed_s, number, size

_PLOTS = 12
_IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_FLAGS = {
    "bold": "jpc-b",
    "dim": "jpc-d",
    "italic": "jpc-i",
    "underline": "jpc-u",
    "strike": "jpc-s",
}


def render(picture: RunPicture) -> str:
    """Draw a picture of a run."""
    run = picture.run
    label = escape(f"Run {run.name or run.id}: {run.state.value}")
    parts = [
        _heading(picture),
        _progress(picture),
        _ending(picture),
        _log(picture),
        _metrics(picture),
        *(_table(name, rows) for name, rows in picture.tables.items()),
        "".join(_image(image) for image in picture.images),
        _outputs(picture),
        _note(picture),
    ]
    return (
        f'{STYLE}<div class="jpc-run" role="group" aria-label="{label}" '
        f'data-state="{run.state.value}" data-run="{escape(run.id)}">{"".join(parts)}</div>'
    )


def _heading(picture: RunPicture) -> str:
    run = picture.run
    waiting = heading_words(picture)
    return (
        f'<div><span aria-hidden="true">{SYMBOLS[run.state]}</span> '
        f"<b>{run.state.value}</b> · <b>{escape(run.name or run.id)}</b> "
        f"<code>{escape(run.id)}</code> on {escape(run.target)} · "
        f"<span>{duration(elapsed_s(run, picture.now))}</span>"
        + (f" · <small>{escape(waiting)}</small>" if waiting else "")
        + "</div>"
    )


def _progress(picture: RunPicture) -> str:
    if picture.progress is None or not picture.is_live:
        return ""
    fraction = min(1.0, max(0.0, picture.progress.fraction))
    label = escape(picture.progress.label)
    return (
        f'<div><progress max="1" value="{fraction:.4f}" aria-label="{label or "progress"}">'
        f"</progress> {fraction:.0%} <small>{label}</small></div>"
    )


def _ending(picture: RunPicture) -> str:
    run = picture.run
    if not run.error or run.state is RunState.COMPLETED:
        return ""
    line = ""
    if picture.error is not None and picture.error.source:
        where = f"line {picture.error.line}: " if picture.error.line else ""
        line = f"<p><small>{where}</small><code>{escape(picture.error.source.strip())}</code></p>"
    return f"<p><b>{escape(run.error)}</b></p>{line}"


def _log(picture: RunPicture) -> str:
    if not picture.lines:
        return ""
    before = log_note(picture)
    note = f'<p class="jpc-soft">{escape(before)}</p>' if before else ""
    text = "\n".join(_line(line) for line in picture.lines)
    return (
        f'{note}<div class="jpc-log" tabindex="0" role="log" aria-live="off" '
        f'aria-label="Log of the run"><pre>{text}</pre></div>'
    )


def _line(line: Line) -> str:
    return "".join(
        escape(text, quote=False)
        if style == PLAIN
        else f"<span{_look(style)}>{escape(text)}</span>"
        for text, style in line
    )


def _look(style: Style) -> str:
    color, background = style.color, style.background
    if style.inverse:
        color, background = background if background is not None else 7, color or 0
    classes = [name for field, name in _FLAGS.items() if getattr(style, field)]
    css = []
    for value, prefix, field in ((color, "f", "color"), (background, "g", "background")):
        if isinstance(value, int) and value < 16:
            classes.append(f"jpc-{prefix}{value}")
        elif value is not None:
            css.append(f"{field}:{palette_color(value) if isinstance(value, int) else value}")
    return (f' class="{" ".join(classes)}"' if classes else "") + (
        f' style="{";".join(css)}"' if css else ""
    )


def _metrics(picture: RunPicture) -> str:
    series = [(name, events) for name, events in picture.metrics.items() if events]
    if not series:
        return ""
    plots = "".join(plot(name, events) for name, events in series[:_PLOTS])
    rest = "".join(
        f"<li>{escape(name)}: {escape(number(events[-1].value))}</li>"
        for name, events in series[_PLOTS:]
    )
    more = f"<details><summary>{len(series) - _PLOTS} more</summary><ul>{rest}</ul></details>"
    return f'<div class="jpc-plots">{plots}</div>' + (more if rest else "")


def _table(name: str, rows: Rows) -> str:
    columns = list(dict.fromkeys(column for row in rows.last for column in row))
    head = "".join(f"<th>{escape(str(column))}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_value(row.get(column))}</td>" for column in columns) + "</tr>"
        for row in rows.last
    )
    words = f"{escape(name)}: {rows.count} row{'s' if rows.count > 1 else ''}"
    if rows.count > len(rows.last):
        words += f", the last {len(rows.last)} of them"
    return (
        f"<details><summary>{words}</summary>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></details>"
    )


def _value(value: object) -> str:
    text = number(value) if isinstance(value, float) else "" if value is None else str(value)
    return escape(text[:200])


def _image(image: Image) -> str:
    if image.mime not in _IMAGE_TYPES:
        return ""
    name = escape(image.name)
    data = base64.b64encode(image.data).decode("ascii")
    return (
        f'<figure class="jpc-image"><figcaption><b>{name}</b></figcaption>'
        f'<img alt="{name}" src="data:{image.mime};base64,{data}"/></figure>'
    )


def _outputs(picture: RunPicture) -> str:
    items = [
        f"<li><code>{escape(file.path)}</code> <small>{size(file.size)}</small></li>"
        for file in picture.outputs
    ]
    values = [
        f"<li><code>{escape(event.name)}</code> <small>{escape(variable_words(event))}</small></li>"
        for event in picture.variables
    ]
    return _folded("output file", items) + _folded("variable", values)


def _folded(noun: str, items: list[str]) -> str:
    if not items:
        return ""
    words = f"{len(items)} {noun}{'s' if len(items) > 1 else ''}"
    rest = f"<li>… and {len(items) - 50} more</li>" if len(items) > 50 else ""
    return f"<details><summary>{words}</summary><ul>{''.join(items[:50])}{rest}</ul></details>"


def _note(picture: RunPicture) -> str:
    return f'<p class="jpc-soft">{escape(picture.note)}</p>' if picture.note else ""
