"""Asks the person at a terminal or notebook what a target wants to know."""

from __future__ import annotations

import getpass

from ..model import Prompt

_YES = frozenset({"y", "yes"})


def ask_person(prompt: Prompt) -> str | None:
    """Ask, and wait for the answer; ``None`` when the person declines with Ctrl-C or Ctrl-D."""
    words = f"{prompt.target}: {prompt.message} "
    try:
        if prompt.type == "secret":
            return getpass.getpass(words)
        if prompt.type == "confirm":
            return "yes" if input(f"{words}[yes/no] ").strip().casefold() in _YES else "no"
        return input(words)
    except (EOFError, KeyboardInterrupt):
        return None
