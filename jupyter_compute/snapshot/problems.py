"""What cannot be part of a snapshot, gathered and said all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import SnapshotError
from ..patterns import escape

_SHOWN = 5


class Problem(NamedTuple):
    """An entry that cannot be part of a snapshot, and why.

    Attributes:
        path: Relative to the folder.
        reason: Completes the sentence that the path begins.
        is_link_out: Whether following links would help.
    """

    path: str
    reason: str
    is_link_out: bool = False


def error_of(source: str, problems: Sequence[Problem], rule_file: str) -> SnapshotError:
    """Make the error that names them, with the lines that leave them out."""
    shown = [f"{problem.path!r} {problem.reason}" for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"and {len(problems) - _SHOWN} more")
    lines = "  ".join(escape(problem.path) for problem in problems[:_SHOWN])
    hint = f"to leave it out, add to {rule_file}: {lines}"
    if any(problem.is_link_out for problem in problems):
        hint += " — or take what links point to along with --follow-links"
    return SnapshotError(f"no snapshot of {source}: {'; '.join(shown)}", hint=hint)
