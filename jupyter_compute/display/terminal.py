"""A small terminal: turns the bytes of a log into lines as a person would see them."""

from __future__ import annotations

import codecs
import re
from typing import Any, NamedTuple

_LINE_LIMIT = 4096
_CONTROL = re.compile(
    r"\x1b\[(?P<args>[0-9;:?<=>!]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[()*+#%][0-9A-Za-z]"
    r"|\x1b[0-9<=>@-OQ-WYZ\\`a-z]"
    r"|(?P<plain>[\x00-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|\x1b"
)
_INCOMPLETE = re.compile(
    r"\x1b(?:\[[0-9;:?<=>! -/]{0,64}|[\]PX^_][^\x07\x1b]{0,4096}\x1b?|[()*+#%])?\Z"
)


class Style(NamedTuple):
    """How some text looks. A color is a palette index (0–255) or ``#rrggbb``."""

    color: int | str | None = None
    background: int | str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    inverse: bool = False


PLAIN = Style()


class Span(NamedTuple):
    """Text of one style."""

    text: str
    style: Style = PLAIN


Line = tuple[Span, ...]


def plain(line: Line) -> str:
    """Return a line's text without its looks."""
    return "".join(span.text for span in line)


class Terminal:
    """Keeps the last lines of a log, with colors, carriage returns and cursor moves applied.

    Bytes may come in pieces of any size: the picture is the same.

    Args:
        limit: How many lines are kept.
    """

    def __init__(self, limit: int = 2000) -> None:
        self.limit = limit
        self.dropped = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._lines: list[list[Span]] = [[]]
        self._row = 0
        self._column = 0
        self._style = PLAIN

    def feed(self, data: bytes) -> None:
        """Show more bytes of the log."""
        text = self._rest + self._decoder.decode(data)
        cut = _INCOMPLETE.search(text, max(0, len(text) - 4200))
        self._rest = text[cut.start() :] if cut else ""
        end = cut.start() if cut else len(text)
        place = 0
        for match in _CONTROL.finditer(text, 0, end):
            if match.start() > place:
                self._write(text[place : match.start()])
            self._obey(match)
            place = match.end()
        if place < end:
            self._write(text[place:end])

    def lines(self, last: int | None = None) -> tuple[Line, ...]:
        """Return the kept lines, or only the last few; an empty last line is left out."""
        end = len(self._lines)
        while end and not self._lines[end - 1]:
            end -= 1
        start = 0 if last is None else max(0, end - last)
        return tuple(tuple(spans) for spans in self._lines[start:end])

    def _obey(self, match: re.Match[str]) -> None:
        char = match["plain"]
        if char is not None:
            self._control(char)
        elif match["final"]:
            self._sequence(match["final"], match["args"])

    def _control(self, char: str) -> None:
        if char == "\n":
            self._line_feed()
        elif char == "\r":
            self._column = 0
        elif char == "\b":
            self._column = max(0, self._column - 1)
        elif char == "\t":
            self._write(" " * (8 - self._column % 8))

    def _line_feed(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self._lines):
            self._lines.append([])
            # Dropping in batches keeps a long log linear.
            if len(self._lines) > self.limit + 256:
                self._drop(len(self._lines) - self.limit)

    def _drop(self, count: int) -> None:
        del self._lines[:count]
        self.dropped += count
        self._row = max(0, self._row - count)

    def _sequence(self, final: str, args: str) -> None:
        if final == "m":
            self._style = _restyle(self._style, args)
            return
        numbers = [int(word) for word in args.split(";") if word.isdecimal() and len(word) < 6]
        count = max(1, numbers[0] if numbers else 1)
        if final == "A":
            self._row = max(0, self._row - count)
        elif final == "B":
            self._row = min(len(self._lines) - 1, self._row + count)
        elif final == "C":
            self._column = min(_LINE_LIMIT - 1, self._column + count)
        elif final == "D":
            self._column = max(0, self._column - count)
        elif final in "EF":
            self._row += count if final == "E" else -count
            self._row = min(len(self._lines) - 1, max(0, self._row))
            self._column = 0
        elif final == "G":
            self._column = min(_LINE_LIMIT - 1, count - 1)
        elif final in "Hf":
            # Where the top of a screen would be is unknown: what was written stays.
            self._row = len(self._lines) - 1
            if self._lines[self._row]:
                self._line_feed()
        elif final == "K":
            self._erase(numbers[0] if numbers else 0)
        elif final == "J" and not (numbers and numbers[0]):
            self._erase(0)
            del self._lines[self._row + 1 :]

    def _erase(self, part: int) -> None:
        spans = self._lines[self._row]
        if part == 0:
            self._lines[self._row] = _cut(spans, 0, self._column)
        elif part == 1:
            rest = _cut(spans, self._column, _LINE_LIMIT)
            self._lines[self._row] = [Span(" " * self._column), *rest] if rest else []
        else:
            self._lines[self._row] = []

    def _write(self, text: str) -> None:
        while text:
            if self._column >= _LINE_LIMIT:
                self._row = len(self._lines) - 1
                self._line_feed()
            piece = text[: _LINE_LIMIT - self._column]
            self._put(piece)
            text = text[len(piece) :]

    def _put(self, text: str) -> None:
        spans = self._lines[self._row]
        width = sum(len(span.text) for span in spans)
        end = self._column + len(text)
        if self._column > width:
            spans.append(Span(" " * (self._column - width)))
        if self._column < width:
            tail = _cut(spans, end, _LINE_LIMIT)
            spans = self._lines[self._row] = _cut(spans, 0, self._column)
        else:
            tail = []
        if spans and spans[-1].style == self._style:
            spans[-1] = Span(spans[-1].text + text, self._style)
        else:
            spans.append(Span(text, self._style))
        spans.extend(tail)
        self._column = end


def _cut(spans: list[Span], start: int, end: int) -> list[Span]:
    kept = []
    place = 0
    for text, style in spans:
        piece = text[max(0, start - place) : max(0, end - place)]
        if piece:
            kept.append(Span(piece, style))
        place += len(text)
    return kept


_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF: dict[int, dict[str, Any]] = {
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"inverse": False},
    29: {"strike": False},
    39: {"color": None},
    49: {"background": None},
}


def _restyle(style: Style, args: str) -> Style:
    codes = [int(word) if word.isdecimal() else 0 for word in args.replace(":", ";").split(";")]
    place = 0
    while place < len(codes):
        code = codes[place]
        if code in (38, 48):
            color, used = _extended(codes[place + 1 :])
            is_text = code == 38
            style = style._replace(color=color) if is_text else style._replace(background=color)
            place += used
        else:
            style = _simple(style, code)
        place += 1
    return style


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _ON:
        return style._replace(**{_ON[code]: True})
    if code in _OFF:
        return style._replace(**_OFF[code])
    if 30 <= code <= 37 or 90 <= code <= 97:
        return style._replace(color=code - 30 if code < 90 else code - 82)
    if 40 <= code <= 47 or 100 <= code <= 107:
        return style._replace(background=code - 40 if code < 100 else code - 92)
    return style


def _extended(codes: list[int]) -> tuple[int | str | None, int]:
    if codes[:1] == [5] and len(codes) >= 2:
        return min(codes[1], 255), 2
    if codes[:1] == [2] and len(codes) >= 4:
        return "#" + "".join(f"{min(part, 255):02x}" for part in codes[1:4]), 4
    return None, len(codes)
