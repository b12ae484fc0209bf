"""``display`` for cells that run without IPython."""

from __future__ import annotations

import os

from .formatting import bundle_of
from .publishing import publish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union


class DisplayHandle:
    """Something shown that can be replaced."""

    def __init__(self, display_id: str) -> None:
        self.display_id = display_id

    def update(self, value: Any, **options: Any) -> None:
        """Show another value in its place."""
        display(value, display_id=self.display_id, update=True, **options)

    def display(self, value: Any, **options: Any) -> None:
        """Show a value once more, under the same id."""
        display(value, display_id=self.display_id, **options)


def display(
    *values: Any,
    raw: bool = False,
    metadata: Any = None,
    display_id: Union[bool, str, None] = None,
    update: bool = False,
    **_options: Any,
) -> Optional[DisplayHandle]:
    """Show values as the last line of a cell would be shown.

    Args:
        values: What is shown.
        raw: The values are MIME bundles already.
        metadata: Added to what the values say about themselves.
        display_id: Names the display; ``True`` makes up a name.
        update: Replaces what was shown under ``display_id``.

    Returns:
        A handle for updates, if there is a ``display_id``.
    """
    name = os.urandom(16).hex() if display_id is True else str(display_id or "")
    for value in values:
        data, about = (dict(value), {}) if raw else bundle_of(value)
        publish(data, {**about, **(metadata or {})}, name, update)
    return DisplayHandle(name) if name and not update else None


def show_result(value: Any) -> None:
    """Show the value of a cell's last line, if it has one."""
    if value is not None:
        publish(*bundle_of(value))
