"""What becomes of one entry of a folder."""

from __future__ import annotations

import os

from ..ignore import ENVIRONMENT_MARK, Level


def is_left_out(level: Level, entry: os.DirEntry[str]) -> bool:
    """Say whether an entry of the level's folder is in no snapshot."""
    is_folder = entry.is_dir(follow_symlinks=False)
    rule = level.decide(entry.name, is_folder)
    if rule is not None and not rule.is_negative:
        return True
    may_be_environment = is_folder and (rule is None or rule.is_broad)
    return may_be_environment and os.path.lexists(f"{entry.path}/{ENVIRONMENT_MARK}")
