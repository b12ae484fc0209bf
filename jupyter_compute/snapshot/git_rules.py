"""Git's rules, from however many files, as the lines of one ``.amlignore``."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..ignore import GIT_FILE, Level, RootRules, read_rules
from ..patterns import Rule, RuleList, as_bytes_text, escape, translate
from .verdict import is_left_out


def lines_of(root: str, rules: RootRules) -> list[bytes]:
    """Write the rules that git has in a root as one list, in which the last match decides too.

    Args:
        root: Its real path.
        rules: Its rules, read from git's files.
    """
    lines: list[bytes] = []
    for text, shown, inner in rules.git_texts():
        above = inner.rstrip("/").split("/") if inner else []
        parsed = RuleList.parse(text, shown).rules
        lines += _section(shown, [line for rule in parsed for line in _lowered(rule, above)])
    for path, text in _nested(root, rules.level(0)):
        start = as_bytes_text(escape(path))
        parsed = RuleList.parse(text, GIT_FILE).rules
        lines += _section(path + GIT_FILE, [_raised(rule, start) for rule in parsed])
    return lines


def _section(name: str, patterns: list[str]) -> list[bytes]:
    if not patterns:
        return []
    title = f"# {name}".translate({10: "?", 13: "?"})
    return [os.fsencode(title), *(pattern.encode("latin-1") for pattern in patterns)]


def _nested(root: str, level: Level) -> Iterator[tuple[str, bytes]]:
    """Go through the ignore files below the root that count, the nearer to it first."""
    stack = [(root, level, "")]
    while stack:
        here, level, path = stack.pop()
        with os.scandir(here) as found:
            entries = sorted(found, key=lambda entry: entry.name, reverse=True)
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False) or is_left_out(level, entry):
                continue
            inner = f"{path}{entry.name}/"
            text = read_rules(f"{entry.path}/{GIT_FILE}")
            if text is not None:
                yield inner, text
            stack.append((entry.path, level.enter(entry.name, text), inner))


def _raised(rule: Rule, start: str) -> str:
    """Write a rule of a folder's own file as one that is read in the root.

    Args:
        rule: The rule.
        start: The folder as a pattern, ``/folder/``.
    """
    sign, body, end = _parts(rule)
    if "/" in body:
        return f"{sign}{start}{body.removeprefix('/')}{end}"
    return f"{sign}{start}**/{body}{end}"


def _lowered(rule: Rule, above: list[str]) -> Iterator[str]:
    """Write a rule of a folder above as those that are read in the root.

    Args:
        rule: The rule.
        above: The names that lead from that folder down to the root.
    """
    sign, body, end = _parts(rule)
    if not above or "/" not in body:
        yield rule.pattern
        return
    left = {tuple(body.removeprefix("/").split("/"))}
    for name in above:
        left = {rest for pattern in left for rest in _after(pattern, name)}
    for pattern in sorted(left):
        yield f"{sign}/{'/'.join(pattern)}{end}"


def _after(pattern: tuple[str, ...], name: str) -> Iterator[tuple[str, ...]]:
    """Go through what a pattern leaves to be matched once its beginning has matched a name."""
    first, rest = pattern[0], pattern[1:]
    if first == "**":
        yield pattern
        if rest:
            yield from _after(rest, name)
        return
    shape = translate(first)
    if rest and shape is not None and shape.fullmatch(name):
        yield rest


def _parts(rule: Rule) -> tuple[str, str, str]:
    sign = "!" if rule.is_negative else ""
    body = rule.pattern.removeprefix("!") if sign else rule.pattern
    return (sign, body[:-1], "/") if rule.folders_only else (sign, body, "")
