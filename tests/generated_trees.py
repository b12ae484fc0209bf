"""Folders and ignore files as people and fuzzers write them, from a seed."""

from __future__ import annotations

import os
import random
from pathlib import Path

NAMES = (
    *("a", "b", "ab", "abc", "foo", "foo.txt", "bar.py", "foobar", "x y", "end ", "Foo", "a.b.c"),
    *("a[b]", "[ab]", "-d", "#h", "!n", "q?", "st*r", "back\\slash", "tab\tx", "new\nline"),
    *("é", "日本", "\udcff\udc80", "a]", "a-b", "0", "9z", "^x", "{a,b}", "~", ".hidden", ".a.b"),
)
_ATOMS = (
    *("*", "**", "?", "a", "b", "foo", ".txt", "[ab]", "[!a]", "[^f]", "[a-f]", "[]a]", "[a-]"),
    *("[[:alpha:]]", "[[:digit:]z]", "[[:upper:]_]", "[[:nope:]]", "[a", "[\\]]", "[--0]", "[b-a]"),
    *("\\*", "\\a", "\\", "\\ ", " ", ".", "-", "#", "!", "é", "\udcff", "bar", ".py", "*.*", "]"),
    *(
        "/",
        "/",
        "/",
        "/**/",
        "**/",
        "/**",
        "a/",
        "x y",
        "***",
        "[[:space:]]",
        "[é]",
        "[\\a-c]",
        "//",
    ),
)
_LINES = (
    "",
    "   ",
    "#comment",
    "\\#h",
    "\\!n",
    "!",
    "/",
    "*",
    "!*/",
    "**",
    "!a",
    "end\\ ",
    "foo \t",
)


def make_pattern(rng: random.Random) -> str:
    """Write one line of an ignore file."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(_LINES)
    if kind < 0.3:
        line = rng.choice(NAMES).replace("\n", "?")
    elif kind < 0.5:
        parts = (
            rng.choice((*NAMES[:12], "*", "**", "a*", "*b", "?")) for _ in range(rng.randint(2, 4))
        )
        line = "/".join(parts)
    else:
        line = "".join(rng.choice(_ATOMS) for _ in range(rng.randint(1, 5)))
    line = rng.choice(("", "", "", "!", "/")) + line + rng.choice(("", "", "", "/", " ", "  "))
    return line.replace("\n", "").replace("\0", "")


def make_rules(rng: random.Random, most: int) -> bytes:
    """Write an ignore file."""
    ending = rng.choice(("\n", "\n", "\n", "\r\n"))
    lines = [make_pattern(rng) for _ in range(rng.randint(1, most))]
    text = ending.join(lines) + rng.choice(("", ending))
    start = b"\xef\xbb\xbf" if rng.random() < 0.05 else b""
    return start + os.fsencode(text)


def make_tree(
    rng: random.Random, root: Path, *, files: int, depth: int = 3, is_bare: bool = False
) -> list[str]:
    """Make files and folders; return their paths relative to the root.

    A bare tree has its folders only: a path that is not there counts as a file, for git too.
    """
    folders = [""]
    paths: list[str] = []
    for _ in range(files):
        folder = rng.choice(folders)
        path = folder + rng.choice(NAMES)
        if path in paths:
            continue
        paths.append(path)
        if folder.count("/") < depth and rng.random() < 0.4:
            os.mkdir(root / path)
            folders.append(path + "/")
        elif not is_bare:
            (root / path).write_text(str(rng.random()))
    return paths


def make_ignore_files(rng: random.Random, root: Path, paths: list[str]) -> None:
    """Write a ``.gitignore`` at the root and sometimes some deeper."""
    (root / ".gitignore").write_bytes(make_rules(rng, 6))
    for path in paths:
        if (root / path).is_dir() and rng.random() < 0.2:
            (root / path / ".gitignore").write_bytes(make_rules(rng, 3))
