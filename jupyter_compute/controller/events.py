"""What a run says, from bytes of its ``events`` file."""

from __future__ import annotations

import logging

import msgspec

from ..model import DisplayEvent, Event, ImageEvent, VariableEvent

log = logging.getLogger(__name__)

_decoder = msgspec.json.Decoder(Event)


def parse(data: bytes) -> tuple[list[Event], int]:
    """Read the whole lines of a piece of an events file.

    A line that is none of our events, such as one of a newer version, is left out.

    Returns:
        The events, and how many bytes they took; the rest is the beginning of a line.
    """
    end = data.rfind(b"\n") + 1
    events: list[Event] = []
    for line in data[:end].splitlines():
        if not line.strip():
            continue
        try:
            events.append(_decoder.decode(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            log.info("an event was left out: %s", exc)
    return events, end


def result_of(event: Event) -> str:
    """Name the file under ``results/`` that an event speaks of; empty when there is none."""
    if isinstance(event, (DisplayEvent, ImageEvent, VariableEvent)) and event.path:
        return event.path if event.path.startswith("results/") else f"results/{event.path}"
    return ""
