"""Ignore patterns with the meaning git gives them, as rules that can be asked about one path.

Git matches bytes, so names and patterns stand here as latin-1 texts of their bytes: a ``?`` is one
byte, whatever the encoding. :func:`as_bytes_text` makes such a text from a file name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

_SPECIAL = frozenset("*?[\\")
_BOM = b"\xef\xbb\xbf"
_CLASSES: dict[str, Callable[[str], bool]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": lambda char: char in " \t",
    "cntrl": lambda char: ord(char) < 32 or ord(char) == 127,
    "digit": str.isdigit,
    "graph": lambda char: 32 < ord(char) < 127,
    "lower": str.islower,
    "print": lambda char: 32 <= ord(char) < 127,
    "punct": lambda char: 32 < ord(char) < 127 and not char.isalnum(),
    "space": lambda char: char in " \t\n\v\f\r",
    "upper": str.isupper,
    "xdigit": lambda char: char in "0123456789abcdefABCDEF",
}


class Rule(NamedTuple):
    """One line of an ignore file.

    Attributes:
        source: The file's path as shown to people, or ``built-in``.
        line: The line's number; 0 for a built-in rule.
        pattern: The rule as written, as a latin-1 text of its bytes.
        is_negative: Whether it takes back what an earlier rule left out.
        folders_only: Whether it holds for folders only.
        files_only: Whether it holds for files and links only; no written pattern says so.
        is_broad: Whether its last part names nothing, as in ``!*/``, and is all wildcards.
    """

    source: str
    line: int
    pattern: str
    is_negative: bool = False
    folders_only: bool = False
    files_only: bool = False
    is_broad: bool = False


def as_bytes_text(name: str) -> str:
    """Turn a file name into the latin-1 text of its bytes."""
    return name if name.isascii() else os.fsencode(name).decode("latin-1")


def from_bytes_text(text: str) -> str:
    """Turn the latin-1 text of some bytes back into a name or pattern as people write it."""
    return text if text.isascii() else os.fsdecode(text.encode("latin-1"))


def escape(path: str) -> str:
    """Write a path, relative to the ignore file, as the pattern that matches it and nothing else.

    A line cannot hold a newline and an ignore file is text, so such bytes become ``?``. A path
    with a trailing slash gives a pattern for a folder.
    """
    escaped = "".join(_escape_char(char) for char in path)
    if escaped.endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return "/" + escaped


def _escape_char(char: str) -> str:
    if char in _SPECIAL:
        return "\\" + char
    return "?" if char in "\n\r" or "\ud800" <= char <= "\udfff" else char


class RuleList:
    """The rules of one ignore file, ready to be asked.

    Args:
        rules: In the order written; the last that matches a path decides.
    """

    __slots__ = (
        "_name_starts",
        "_path_starts",
        "_paths",
        "_shapes",
        "_suffixes",
        "_tails",
        "_words",
        "needs_path",
        "rules",
    )

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._words: dict[str, list[int]] = {}
        self._paths: dict[str, list[int]] = {}
        self._tails: list[tuple[int, str]] = []
        self._shapes: list[tuple[int, bool, str, re.Pattern[str]]] = []
        for place in range(len(self.rules) - 1, -1, -1):
            self._index(place)
        self._suffixes = tuple(tail for _, tail in self._tails)
        self._name_starts = tuple({shape[2] for shape in self._shapes if not shape[1]})
        self._path_starts = tuple({shape[2] for shape in self._shapes if shape[1]})
        self.needs_path = bool(self._paths) or any(shape[1] for shape in self._shapes)

    @classmethod
    def parse(cls, text: bytes, source: str) -> RuleList:
        """Read the text of an ignore file; nothing in it is an error, as for git."""
        text = text.removeprefix(_BOM)
        lines = text.split(b"\n")
        rules = (_parse_line(line, source, number) for number, line in enumerate(lines, 1))
        return cls([rule for rule in rules if rule is not None])

    def match(self, name: str, path: str, is_folder: bool) -> Rule | None:
        """Return the rule that decides about a path, or ``None`` if none matches.

        Args:
            name: The last part of the path, as a latin-1 text of its bytes.
            path: The path relative to the ignore file, likewise; unused if ``needs_path`` is not
                set.
            is_folder: Whether it is a folder; a link to a folder is none.
        """
        best = -1
        if name in self._words:
            best = self._highest(self._words[name], is_folder, best)
        if path in self._paths:
            best = self._highest(self._paths[path], is_folder, best)
        if name.endswith(self._suffixes):
            places = [place for place, tail in self._tails if name.endswith(tail)]
            best = self._highest(places, is_folder, best)
        if not (name.startswith(self._name_starts) or path.startswith(self._path_starts)):
            return None if best < 0 else self.rules[best]
        for place, is_path, start, shape in self._shapes:
            if place < best:
                break
            text = path if is_path else name
            if (
                text.startswith(start)
                and shape.fullmatch(text, len(start))
                and self._holds(place, is_folder)
            ):
                return self.rules[place]
        return None if best < 0 else self.rules[best]

    def _highest(self, places: Iterable[int], is_folder: bool, best: int) -> int:
        for place in places:
            if place > best and self._holds(place, is_folder):
                return place
        return best

    def _holds(self, place: int, is_folder: bool) -> bool:
        rule = self.rules[place]
        return not (rule.files_only if is_folder else rule.folders_only)

    def _index(self, place: int) -> None:
        pattern = _body(self.rules[place])
        is_path = "/" in pattern
        if pattern.startswith("/"):
            pattern = pattern[1:]
        plain = _plain_length(pattern)
        if plain == len(pattern):
            (self._paths if is_path else self._words).setdefault(pattern, []).append(place)
        elif not is_path and pattern[0] == "*" and _plain_length(pattern[1:]) == len(pattern) - 1:
            self._tails.append((place, pattern[1:]))
        else:
            # Git compares the plain start by itself, and a ``**`` right after it then counts as
            # leading; for names without a slash it makes no difference.
            shape = translate(pattern[plain:], crosses_slash=not is_path)
            if shape is not None:
                self._shapes.append((place, is_path, pattern[:plain], shape))


def _parse_line(raw: bytes, source: str, number: int) -> Rule | None:
    if raw.endswith(b"\r"):
        raw = raw[:-1]
    line = _trim(raw.split(b"\0", 1)[0].decode("latin-1"))
    if not line or line.startswith("#"):
        return None
    return make_rule(line, source, number)


def make_rule(line: str, source: str, number: int = 0, *, files_only: bool = False) -> Rule:
    """Make a rule from a trimmed line that is no comment."""
    is_negative = line.startswith("!")
    is_broad = not line.lstrip("!").rstrip("/").rpartition("/")[2].strip("*?.")
    return Rule(source, number, line, is_negative, line.endswith("/"), files_only, is_broad)


def _trim(line: str) -> str:
    """Drop trailing spaces unless a backslash stands before them."""
    end = None
    place = 0
    while place < len(line):
        if line[place] == "\\":
            end = None
            place += 1
            if place == len(line):
                return line
        elif line[place] != " ":
            end = None
        elif end is None:
            end = place
        place += 1
    return line if end is None else line[:end]


def _body(rule: Rule) -> str:
    body = rule.pattern[1:] if rule.is_negative else rule.pattern
    return body[:-1] if rule.folders_only else body


def _plain_length(pattern: str) -> int:
    return next((place for place, char in enumerate(pattern) if char in _SPECIAL), len(pattern))


# -- one pattern to one regular expression -----------------------------------------------------

_STAR = "*"
_SLASH = "/"
_DEEP = ".*"
_DEEP_SLASH = "(?:.*/)?"


def translate(pattern: str, *, crosses_slash: bool = False) -> re.Pattern[str] | None:
    """Turn a pattern into a regular expression for ``fullmatch``.

    Args:
        pattern: Without ``!``, leading and trailing slash.
        crosses_slash: Whether wildcards also match a slash, as they do for patterns that are held
            against a name only.

    Returns:
        ``None`` for a pattern that can match nothing.
    """
    tokens = _tokens(pattern, crosses_slash)
    if tokens is None:
        return None
    any_char = "." if crosses_slash else "[^/]"
    parts: list[str] = []
    segment: list[str] = []
    groups = 0
    for token in [*tokens, ""]:
        if token and token not in (_SLASH, _DEEP, _DEEP_SLASH):
            segment.append(token)
            continue
        text, groups = _segment(segment, any_char, groups)
        parts += [text, token]
        segment = []
    return re.compile("".join(parts), re.DOTALL)


def _segment(tokens: list[str], any_char: str, groups: int) -> tuple[str, int]:
    """Join the tokens between two slashes.

    What stands between two stars may always match as early as it can, so it is matched without
    a way back: a name can't make the search explode.
    """
    runs: list[list[str]] = [[]]
    for token in tokens:
        if token == _STAR:
            runs.append([])
        else:
            runs[-1].append(token)
    text = "".join(runs[0])
    for run in runs[1:-1]:
        if run:
            text += f"(?=(?P<g{groups}>{any_char}*?{''.join(run)}))(?P=g{groups})"
            groups += 1
    if len(runs) > 1:
        text += f"{any_char}*{''.join(runs[-1])}"
    return text, groups


def _tokens(pattern: str, crosses_slash: bool) -> list[str] | None:
    tokens: list[str] = []
    place = 0
    while place < len(pattern):
        char = pattern[place]
        if char == "*":
            token, place = _star(pattern, place, crosses_slash)
            tokens.append(token)
        elif char == "[":
            found = _bracket(pattern, place + 1)
            if found is None:
                return None
            chars, place = found
            tokens.append(_char_class(chars if crosses_slash else chars - {"/"}))
        elif char == "?":
            tokens.append("." if crosses_slash else "[^/]")
            place += 1
        else:
            if char == "\\":
                place += 1
                if place == len(pattern):
                    return None
            tokens.append(re.escape(pattern[place]))
            place += 1
    return tokens


def _star(pattern: str, start: int, crosses_slash: bool) -> tuple[str, int]:
    end = start
    while end < len(pattern) and pattern[end] == "*":
        end += 1
    rest = pattern[end:]
    stands_alone = (start == 0 or pattern[start - 1] == "/") and (
        not rest or rest.startswith(("/", "\\/"))
    )
    if end - start < 2 or crosses_slash or not stands_alone:
        return _STAR, end
    return (_DEEP_SLASH, end + 1) if rest.startswith("/") else (_DEEP, end)


def _char_class(chars: set[str]) -> str:
    return "[" + "".join(f"\\x{ord(char):02x}" for char in sorted(chars)) + "]" if chars else "(?!)"


def _bracket(pattern: str, place: int) -> tuple[set[str], int] | None:
    """Read a bracket expression; ``None`` if it is malformed, and then nothing matches."""
    is_negated = pattern[place : place + 1] in ("!", "^")
    place += is_negated
    chars: set[str] = set()
    before = ""
    is_first = True
    while is_first or pattern[place : place + 1] != "]":
        is_first = False
        step = _bracket_step(pattern, place, before, chars)
        if step is None:
            return None
        before, place = step
    if is_negated:
        chars = {chr(code) for code in range(1, 256)} - chars
    return chars, place + 1


def _bracket_step(pattern: str, place: int, before: str, chars: set[str]) -> tuple[str, int] | None:
    """Add one element; return what a range could start with, and where the next one stands."""
    char = pattern[place : place + 1]
    after = pattern[place + 1 : place + 2]
    if not char or (char == "\\" and not after):
        return None
    if char == "\\":
        chars.add(after)
        return after, place + 2
    if char == "-" and before and after and after != "]":
        place += 1 + (after == "\\")
        last = pattern[place : place + 1]
        if not last:
            return None
        chars.update(chr(code) for code in range(ord(before), ord(last) + 1))
        return "", place + 1
    if char == "[" and after == ":":
        return _named_class(pattern, place, chars)
    chars.add(char)
    return char, place + 1


def _named_class(pattern: str, place: int, chars: set[str]) -> tuple[str, int] | None:
    end = pattern.find("]", place + 2)
    if end < 0:
        return None
    if end - 1 < place + 2 or pattern[end - 1] != ":":
        chars.add("[")
        return "[", place + 1
    test = _CLASSES.get(pattern[place + 2 : end - 1])
    if test is None:
        return None
    chars.update(chr(code) for code in range(1, 128) if test(chr(code)))
    return "", end + 1
