"""Writes the line into ``.amlignore`` that leaves one path out, and changes nothing else by it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from ..errors import SnapshotError
from ..ignore import AML_FILE, GIT_FILE, Level, RootRules, read_rules
from ..model import Ignored
from ..patterns import escape
from .explanation import explain
from .git_rules import lines_of
from .verdict import is_left_out

_NOTE = (
    b"# What this file says holds for captured folders, and no .gitignore is read beside it.",
    b"# These are the rules that git had when it was made:",
)
_ROUNDS = 25


def leave_out(root: str, rules: RootRules, path: str) -> Ignored:
    """Add the line that leaves a file or folder out; once is enough.

    Without an ``.amlignore`` git's rules hold, and they would end with the first line in one, so
    a new file begins with them. Every entry of the folder is held against the rules before and
    after; what they would wrongly change gets a line of its own.

    Args:
        root: The real path of the folder that is captured.
        rules: Its rules.
        path: Relative to the root, or absolute.

    Raises:
        ConfigError: The path is not below the root.
        SnapshotError: It is not there, it is left out already, or the file cannot be written.
    """
    with _alone(root):
        before = rules.level(0)
        found = explain(root, before, path)
        there = f"{root}/{found.path}"
        if not os.path.lexists(there):
            raise SnapshotError(
                f"{found.path!r} is not there", hint="name a file or folder in what is captured"
            )
        is_folder = os.path.isdir(there) and not os.path.islink(there)
        line = escape(found.path) + "/" * is_folder
        if not found.is_included:
            rule = found.rule
            assert rule is not None
            if rule.source == AML_FILE and rule.pattern == line:
                return Ignored(line=line)
            where = f"{rule.source}, line {rule.line}" if rule.line else rule.source
            raise SnapshotError(
                f"{found.path!r} is left out already: {rule.pattern!r} ({where})",
                hint="there is nothing to add",
            )
        file = Path(os.path.realpath(f"{root}/{AML_FILE}"))
        text = read_rules(str(file))
        if text is None and os.path.lexists(f"{root}/{AML_FILE}"):
            raise SnapshotError(f"{AML_FILE} is no file", hint="remove it, then try again")
        start = _beginning(root, rules) if text is None else text
        whole = _with_lines(start, _mended(root, rules, before, start, found.path, line))
        _write(file, whole)
        return Ignored(line=line, created=text is None)


def _beginning(root: str, rules: RootRules) -> bytes:
    lines = lines_of(root, rules)
    return b"".join(line + b"\n" for line in (*_NOTE, *lines)) if lines else b""


def _with_lines(text: bytes, lines: list[str]) -> bytes:
    """Add lines as the text has them: with its line ends, and none of it changed."""
    ending = b"\r\n" if b"\r\n" in text else b"\n"
    if text and not text.endswith(b"\n"):
        text += ending
    return text + b"".join(line.encode("utf-8") + ending for line in lines)


def _mended(
    root: str, rules: RootRules, before: Level, start: bytes, path: str, line: str
) -> list[str]:
    """Return the lines to add: the one for the path, and those that keep all else as it is."""
    lines = [line]
    for _ in range(_ROUNDS):
        after = rules.would_be(_with_lines(start, lines))
        changed = list(_changes(root, before, after, path))
        if not changed:
            return lines
        lines += changed
    raise SnapshotError(
        f"the rules of git in {root} cannot be written as one {AML_FILE}",
        hint=f"write an {AML_FILE} with what is to be left out, {line} among it",
    )


def _changes(root: str, before: Level, after: Level, path: str) -> Iterator[str]:
    """Go through the lines for the entries that are left out by one of the two levels only."""
    stack = [(root, "", before, after)]
    while stack:
        here, start, old, new = stack.pop()
        with os.scandir(here) as found:
            entries = list(found)
        for entry in entries:
            inner = start + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            was, will_be = is_left_out(old, entry), is_left_out(new, entry)
            if inner == path:
                was = True
            if was != will_be:
                yield ("" if was else "!") + escape(inner) + "/" * is_folder
            elif is_folder and not was:
                text = read_rules(f"{entry.path}/{GIT_FILE}") if old.reads_git else None
                levels = old.enter(entry.name, text), new.enter(entry.name)
                stack.append((entry.path, inner + "/", *levels))


@contextlib.contextmanager
def _alone(root: str) -> Iterator[None]:
    """Keep other processes from adding a line to the same file meanwhile."""
    try:
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise SnapshotError(f"{root!r} cannot be read: {exc.strerror}") from exc
    try:
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(file: Path, text: bytes) -> None:
    """Replace a file at once; its mode stays."""
    part = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        mode = file.stat().st_mode & 0o7777 if file.exists() else None
        with open(part, "xb") as opened:
            opened.write(text)
            if mode is not None:
                os.fchmod(opened.fileno(), mode)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(part, file)
    except OSError as exc:
        with contextlib.suppress(OSError):
            part.unlink()
        raise SnapshotError(
            f"{file} cannot be written: {exc.strerror}", hint="see who may write there"
        ) from exc
