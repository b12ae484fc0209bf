"""The rich outputs of a run, handed to the front end in order and once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..model import DisplayEvent

_WIDGET = "application/vnd.jupyter.widget-view+json"
_RESULTS = "results/"


class Publish(Protocol):
    """Hands a MIME bundle to the front end."""

    def __call__(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        """Show a bundle, or replace the one that was shown under ``display_id``."""
        ...


class RichOutputs:
    """Publishes display events as they arrive; one that is still on its way holds those behind it.

    Args:
        read_result: Reads a file under ``results/``, or returns ``None`` while it is not here.
        publish: Where the bundles go.
    """

    def __init__(self, read_result: Callable[[str], bytes | None], publish: Publish) -> None:
        self._read_result = read_result
        self._publish = publish
        self._waiting: list[DisplayEvent] = []
        # Two views of one run in one notebook must not draw into each other.
        self._prefix = uuid.uuid4().hex[:8]

    def add(self, events: Sequence[DisplayEvent], *, is_over: bool = False) -> None:
        """Publish what can be published.

        Args:
            events: What is new.
            is_over: Nothing more will arrive: an output whose file is not here is said to be
                missing instead of waited for.
        """
        self._waiting.extend(events)
        while self._waiting:
            event = self._waiting[0]
            bundle = self._bundle(event)
            if bundle is None and not is_over:
                return
            del self._waiting[0]
            data, metadata = bundle or ({"text/plain": f"(missing: {event.path})"}, {})
            display_id = f"{self._prefix}-{event.display_id}" if event.display_id else ""
            self._publish(data, metadata, display_id, event.update)

    def _bundle(self, event: DisplayEvent) -> tuple[dict[str, Any], dict[str, Any]] | None:
        data, metadata = dict(event.data), dict(event.metadata)
        if event.path:
            path = event.path if event.path.startswith(_RESULTS) else _RESULTS + event.path
            content = self._read_result(path)
            if content is None:
                return None
            try:
                data, metadata = _unpacked(json.loads(content), metadata)
            except ValueError:
                data = {"text/plain": f"(cannot be read: {event.path})"}
        if len(data) > 1:
            # The widget's model lives where the run was, so its view here would stay empty.
            data.pop(_WIDGET, None)
        return data, metadata


def _unpacked(content: Any, metadata: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if not isinstance(content, dict):
        raise ValueError("not a MIME bundle")
    if isinstance(content.get("data"), dict):
        return content["data"], content.get("metadata") or metadata
    return content, metadata
