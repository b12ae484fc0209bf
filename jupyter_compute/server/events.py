"""What is told on the Jupyter event bus: small messages without log text or secrets."""

from __future__ import annotations

from typing import Any

SCHEMA_ID = "https://events.jupyter.org/jupyter_compute/change/v1"

WHAT = ("run", "data", "deleted", "targets", "prompts", "many")

SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "Change",
    "personal-data": True,
    "description": "Something changed in the compute workspace.",
    "type": "object",
    "properties": {
        "seq": {
            "title": "Number",
            "description": "One more than the last message's; after a gap ask for the changes.",
            "type": "integer",
        },
        "time": {"title": "Time", "description": "Seconds since the epoch.", "type": "number"},
        "what": {
            "title": "What",
            "description": "A run's state, its data (log, metrics), a deleted run, the targets, "
            "the questions that targets ask, "
            "or so much at once that one should ask for the changes.",
            "enum": list(WHAT),
        },
        "revision": {
            "title": "Revision",
            "description": "Of the workspace, to ask for changes from.",
            "type": "integer",
        },
        "run_id": {"title": "Run", "description": "Which run.", "type": "string"},
        "state": {"title": "State", "description": "Of the run.", "type": "string"},
        "target": {"title": "Target", "description": "Where it runs.", "type": "string"},
        "name": {"title": "Name", "description": "Of the run.", "type": "string"},
        "reason": {
            "title": "Reason",
            "description": "What it waits for, or why it ended.",
            "type": "string",
        },
        "retry_at": {
            "title": "Retry",
            "description": "When its target is asked again, if that is silent.",
            "type": ["number", "null"],
        },
        "attempt": {"title": "Attempt", "description": "Of the run.", "type": "integer"},
    },
    "required": ["seq", "time", "what", "revision"],
}
