"""What is said about the exception that ended a cell: short, and about the user's own lines."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from typing import Any, Dict, List, NamedTuple, Optional, Set

from . import events

_HERE = os.path.dirname(os.path.abspath(__file__))
_LIBRARIES = ("site-packages", "dist-packages")
_LONG = 20_000


class Source(NamedTuple):
    """Where the user's own code stands.

    Attributes:
        cell: The path of the cell's file.
        folder: The folder of the run's files.
    """

    cell: str
    folder: str

    def shown(self, path: str) -> str:
        """Return how a file is called in tracebacks."""
        if path == self.cell:
            return "the cell"
        inside = os.path.join(self.folder, "")
        return path[len(inside) :] if path.startswith(inside) else path

    def is_own(self, path: str) -> bool:
        """Tell whether a file is the user's."""
        if path == self.cell:
            return True
        full = os.path.abspath(path)
        return (
            full.startswith(os.path.join(self.folder, ""))
            and not any(name in full for name in _LIBRARIES)
            and os.path.exists(full)
        )


def report(error: BaseException, source: Source) -> None:
    """Print the traceback and put the short one, which ends in the user's line, into an event."""
    _flush()
    lines = traceback_lines(error, source)
    print("".join(lines), end="", file=sys.stderr, flush=True)
    own = _own_frame(error, source)
    facts: Dict[str, Any] = {}
    if own:
        facts = {"line": own.lineno, "file": source.shown(own.filename), "source": own.line or ""}
    name = type(error).__name__
    events.emit(
        "error",
        ename=name,
        evalue=_value_of(error),
        traceback=_short(error, source, name),
        **facts,
    )


def traceback_lines(error: BaseException, source: Source) -> List[str]:
    """Format an exception without the frames of what ran the cell."""
    formatted = traceback.TracebackException.from_exception(error)
    seen: Set[int] = set()
    # Chains can be longer than Python's own stack.
    rest: List[Any] = [formatted]
    while rest:
        found = rest.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        found.stack = traceback.StackSummary.from_list(_visible(found.stack, source))
        if getattr(found, "filename", None) == source.cell:
            found.filename = source.shown(source.cell)
        rest += [found.__cause__, found.__context__]
        rest += getattr(found, "exceptions", None) or []
    return list(formatted.format())


def _visible(stack: List[traceback.FrameSummary], source: Source) -> List[traceback.FrameSummary]:
    first = next((n for n, frame in enumerate(stack) if source.is_own(frame.filename)), None)
    if first is None:
        return [frame for frame in stack if not frame.filename.startswith(_HERE + os.sep)]
    return [
        traceback.FrameSummary(
            source.shown(frame.filename), frame.lineno, frame.name, line=frame.line or ""
        )
        for frame in stack[first:]
        if not frame.filename.startswith(_HERE + os.sep)
    ]


def _own_frame(error: BaseException, source: Source) -> Optional[traceback.FrameSummary]:
    if isinstance(error, SyntaxError) and error.filename and source.is_own(error.filename):
        number = error.lineno or 1
        text = linecache.getline(error.filename, number).strip() or (error.text or "").strip()
        return traceback.FrameSummary(error.filename, number, "<module>", line=text)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if source.is_own(frame.filename)]
    return own[-1] if own else None


def _short(error: BaseException, source: Source, name: str) -> List[str]:
    lines = ["Traceback (most recent call last):"]
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if source.is_own(frame.filename)
    ]
    syntax = _own_frame(error, source) if isinstance(error, SyntaxError) else None
    for frame in [*frames[-10:], *([syntax] if syntax else [])]:
        where = "" if frame.name == "<module>" else ", in {}".format(frame.name)
        lines.append("  {}, line {}{}".format(source.shown(frame.filename), frame.lineno, where))
        lines += ["    " + frame.line] if frame.line else []
    value = _value_of(error)
    return [*lines, name + (": " + value if value else "")]


def _value_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "<its text cannot be read>"
    if isinstance(error, SyntaxError):
        text = error.msg
    return text if len(text) <= _LONG else text[:_LONG] + " …"


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
