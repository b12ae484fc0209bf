"""Which rule decides about one path."""

from __future__ import annotations

import os

from ..errors import ConfigError
from ..ignore import (
    ENVIRONMENT_MARK,
    ENVIRONMENT_RULE,
    GIT_FILE,
    Level,
    excluded,
    read_rules,
)
from ..model import Explanation
from ..patterns import Rule


def explain(root: str, level: Level, path: str) -> Explanation:
    """Say whether a path is in a snapshot and which rule decided.

    Args:
        root: The real path of the snapshot's root.
        level: The root's level.
        path: Relative to the root, or absolute. It need not be there; then it counts as a file
            unless it ends with a slash.

    Raises:
        ConfigError: The path is not below the root.
    """
    inner = _relative(root, path)
    parts = inner.split("/")
    here = root
    rule: Rule | None = None
    for place, name in enumerate(parts):
        is_last = place == len(parts) - 1
        here = f"{here}/{name}"
        is_there = os.path.lexists(here)
        is_folder = os.path.isdir(here) and not os.path.islink(here)
        is_folder = is_folder or (not is_there and (not is_last or path.endswith("/")))
        rule = level.decide(name, is_folder)
        may_be_environment = is_folder and (rule is None or rule.is_broad)
        if may_be_environment and os.path.lexists(f"{here}/{ENVIRONMENT_MARK}"):
            rule = ENVIRONMENT_RULE
        if rule is not None and not rule.is_negative:
            return Explanation(path=inner, is_included=False, rule=excluded(inner, rule))
        if not is_last:
            text = read_rules(f"{here}/{GIT_FILE}") if level.reads_git else None
            level = level.enter(name, text)
    return Explanation(
        path=inner, is_included=True, rule=excluded(inner, rule) if rule is not None else None
    )


def _relative(root: str, path: str) -> str:
    # The last part may itself be a link, which is not to be followed.
    joined = os.path.normpath(os.path.join(root, path))
    folder, name = os.path.split(joined)
    joined = os.path.join(os.path.realpath(folder), name)
    if not joined.startswith(os.path.join(root, "")):
        raise ConfigError(
            f"{path!r} is not below {root}", hint="give a path within the snapshot's folder"
        )
    return joined[len(os.path.join(root, "")) :]
