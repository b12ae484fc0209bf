"""The one error of the agent, as it travels to the near end."""

from __future__ import annotations

from typing import Any


class Failure(Exception):
    """An answer, and it is no.

    Args:
        code: One of the codes in the protocol's description.
        message: What happened, with the value.
        hint: What to do next.
        details: More keys of the answer.
    """

    def __init__(self, code: str, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details

    def head(self) -> dict[str, Any]:
        """Return the head of an error frame."""
        return {"code": self.code, "message": self.message, "hint": self.hint, **self.details}
