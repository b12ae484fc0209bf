"""How two snapshots differ."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from ..errors import ComputeError
from ..model import Digest, Snapshot, SnapshotFile

_TEXT_BYTES = 1 << 20
_TEXT_LINES = 10_000
_ALL_BYTES = 4 << 20


def compare(
    first: Snapshot, second: Snapshot, read: Callable[[Digest], bytes]
) -> tuple[dict[str, str], dict[str, str]]:
    """Compare two snapshots, file by file.

    Args:
        first: The older.
        second: The newer.
        read: Returns the bytes of a blob.

    Returns:
        Path → ``added``, ``removed`` or ``changed``; and path → a unified diff for text files
        that differ, as far as these are small enough to be read by people.
    """
    old = {file.path: file for file in first.files}
    new = {file.path: file for file in second.files}
    files: dict[str, str] = {}
    texts: dict[str, str] = {}
    left = _ALL_BYTES
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        files[path] = "added" if before is None else "removed" if after is None else "changed"
        text = _unified(path, before, after, read) if left > 0 else ""
        if text:
            texts[path] = text
            left -= len(text)
    return files, texts


def _unified(
    path: str,
    before: SnapshotFile | None,
    after: SnapshotFile | None,
    read: Callable[[Digest], bytes],
) -> str:
    old, new = _lines(before, read), _lines(after, read)
    if old is None or new is None:
        return ""
    lines = difflib.unified_diff(
        old,
        new,
        "/dev/null" if before is None else f"a/{path}",
        "/dev/null" if after is None else f"b/{path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(file: SnapshotFile | None, read: Callable[[Digest], bytes]) -> list[str] | None:
    """Return a text's lines; ``None`` for what is no text, too long or not there any more."""
    if file is None:
        return []
    if file.link is not None or file.size > _TEXT_BYTES:
        return None
    try:
        data = read(file.digest)
        text = data.decode("utf-8")
    except (ComputeError, UnicodeDecodeError):
        return None
    lines = text.split("\n")
    lines = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return None if "\0" in text or len(lines) > _TEXT_LINES else lines
