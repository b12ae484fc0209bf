"""Rich outputs on their way out of a run."""

from __future__ import annotations

from . import events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional


def publish(
    data: Mapping[str, Any],
    metadata: Optional[Mapping[str, Any]] = None,
    display_id: str = "",
    update: bool = False,
) -> None:
    """Say a MIME bundle; a large one stands in a file of its own.

    Args:
        data: MIME type → data; bytes are written in base64, as in a notebook.
        metadata: As in a notebook.
        display_id: Names the display for later updates.
        update: Replaces what was shown under ``display_id``.
    """
    bundle = {mime: _plain(value) for mime, value in data.items() if value is not None}
    if not bundle or not events.is_in_run():
        return
    facts: Dict[str, Any] = {}
    if display_id:
        facts["display_id"] = str(display_id)
    if update:
        facts["update"] = True
    whole = events.encode({"data": bundle, "metadata": dict(metadata or {})})
    if len(whole) <= events.LARGE:
        events.emit("display", data=bundle, metadata=dict(metadata or {}), **facts)
        return
    path = events.save("displays", whole, ".json")
    if path:
        events.emit("display", path=path, **facts)


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        import base64

        return base64.b64encode(value).decode("ascii")
    return value
