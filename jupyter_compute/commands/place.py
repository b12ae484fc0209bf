"""Where a command is given: in a shell or in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..client import Asks, Attendant, Client


@dataclass(frozen=True)
class Place:
    """What a command line needs to know about where it was typed.

    Attributes:
        client: The client to act with.
        source: The folder that is captured unless ``--source`` names another.
        notebook: The notebook's path relative to ``source``; empty in a shell.
        cell_id: The id of the cell.
        program: How a command begins here, for help and hints: ``%compute``.
        asks: Asks the person who typed it what a target asks; ``None`` where nobody can answer.
        tells: Shows a line while a command is at work.
        waits: Whether a submit waits unless ``--no-wait`` is given.
    """

    client: Client
    source: Path = field(default_factory=Path.cwd)
    notebook: str = ""
    cell_id: str = ""
    program: str = "jupyter compute"
    waits: bool = False
    asks: Asks | None = None
    tells: Callable[[str], None] = field(default=lambda line: None)

    def attendant(self, target: str) -> Attendant:
        """Return what sees to the questions of a target while something is waited for there."""
        return Attendant(self.client, target, self.asks, self.tells)
