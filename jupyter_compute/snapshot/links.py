"""Links: kept when they stay within the root, whatever they point to there."""

from __future__ import annotations

import os


def inner_target(root: str, folder: str, target: str) -> tuple[str, bool] | None:
    """Return what a link should say in a snapshot; ``None`` if it leaves the root.

    Args:
        root: The real path of the root.
        folder: The link's folder relative to the root, with a trailing slash; empty for the root.
        target: What the link says. An absolute path within the root becomes a relative one,
            because the root stands elsewhere when the snapshot is used.

    Returns:
        The text, and whether it depends on the link alone and not on other links on its way.
    """
    here = os.path.join(root, folder)
    if not os.path.isabs(target) and _climbs_first(target):
        depth = folder.count("/")
        return (target, True) if target.split("/").count("..") <= depth else None
    real = os.path.realpath(os.path.join(here, target))
    if real != root and not real.startswith(os.path.join(root, "")):
        return None
    if os.path.isabs(target):
        if not os.path.normpath(target).startswith(os.path.join(root, "")):
            target = real
        target = os.path.relpath(target, here)
    return target, False


def _climbs_first(target: str) -> bool:
    """Say whether every ``..`` comes before any name; then no other link changes where it leads."""
    parts = [part for part in target.split("/") if part not in ("", ".")]
    names = next((place for place, part in enumerate(parts) if part != ".."), len(parts))
    return ".." not in parts[names:]


def is_loop(path: str, status: os.stat_result) -> bool:
    """Say whether a followed link leads to a folder that it, or the root, stands in."""
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        above = os.stat(path)
        if (above.st_dev, above.st_ino) == (status.st_dev, status.st_ino):
            return True
    return False
