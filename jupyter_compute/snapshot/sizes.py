"""How the bytes of a folder are spread, and what to leave out when it is too much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import SnapshotError
from ..model import SizeEntry
from ..patterns import escape

_LARGEST = 10
_NEARLY_ALL = 0.9
_SUGGESTIONS = 3


def tree(files: Iterable[tuple[str, int]]) -> list[SizeEntry]:
    """Add up every folder and return them with the files, ordered by path.

    Folders end with a slash; the first entry, with an empty path, is the whole.
    """
    entries: dict[str, list[int]] = {"": [0, 0]}
    for path, size in files:
        entries[path] = [1, size]
        end = len(path)
        while end > 0:
            end = path.rfind("/", 0, end)
            total = entries.setdefault(path[: end + 1], [0, 0])
            total[0] += 1
            total[1] += size
    return [
        SizeEntry(path=path, files=count, bytes=size)
        for path, (count, size) in sorted(entries.items())
    ]


def largest(entries: Iterable[SizeEntry]) -> tuple[SizeEntry, ...]:
    """Pick the largest folders and files, and of a folder with one large part only that part."""
    ordered = sorted(entries, key=lambda entry: (-entry.bytes, entry.path))
    picked: list[SizeEntry] = []
    for entry in ordered:
        if not entry.path or not entry.bytes:
            continue
        above = [
            one for one in picked if one.path.endswith("/") and entry.path.startswith(one.path)
        ]
        if any(entry.bytes < _NEARLY_ALL * one.bytes for one in above):
            continue
        picked = [one for one in picked if one not in above]
        picked.append(entry)
        if len(picked) > _LARGEST * 2:
            break
    return tuple(picked[:_LARGEST])


def suggestions(entries: Sequence[SizeEntry], total: int, limit: int) -> tuple[str, ...]:
    """Return the fewest lines for the ignore file that bring the rest below the limit.

    Empty if a few lines are not enough, or none is needed.
    """
    lines = []
    for entry in entries[:_SUGGESTIONS]:
        if total <= limit:
            break
        total -= entry.bytes
        lines.append(escape(entry.path))
    return tuple(lines)


def over_limit(
    source: str, files: Iterable[tuple[str, int]], limit: int, *, rule_file: str, is_whole: bool
) -> SnapshotError:
    """Make the error for a folder that is too large for a snapshot.

    The message names the largest folders, the hint the lines that would leave them out.
    """
    entries = tree(files)
    total = entries[0].bytes
    large = largest(entries)
    shown = ", ".join(f"{entry.path!r} {megabytes(entry.bytes)}" for entry in large[:5])
    lines = suggestions(large, total, limit) or tuple(escape(entry.path) for entry in large[:1])
    return SnapshotError(
        f"no snapshot of {source}: it has {'' if is_whole else 'more than '}{megabytes(total)}, "
        f"and the limit is {megabytes(limit)}; largest: {shown}",
        hint=f"add to {rule_file}: {'  '.join(lines)} "
        "— or raise snapshot_limit_mb under [settings] in targets.toml",
    )


def megabytes(size: int) -> str:
    """Write a size as people read it."""
    if size >= 100_000:
        return f"{size / 1e6:,.1f} MB"
    return f"{size / 1e3:.1f} kB" if size >= 1000 else f"{size} bytes"
