"""What went wrong, as HTTP says it: one shape, made in one place."""

from __future__ import annotations

from http.client import responses

from msgspec import Struct
from tornado.web import HTTPError

from ..errors import ComputeError, ConfigError, code_of


class Error(Struct, kw_only=True):
    """What every answer that is no success says.

    Attributes:
        error: The sort of error, such as ``NotFoundError``.
        message: What happened, with the value that caused it.
        hint: What to do next; may be empty.
    """

    error: str
    message: str
    hint: str = ""


class TooLargeError(ConfigError):
    """A request has more bytes than are read."""


class RangeError(ConfigError):
    """A part of a file was asked for that it does not have."""


_STATUS: dict[type[ComputeError], int] = {TooLargeError: 413, RangeError: 416}


def answer_of(exc: BaseException | None, status: int = 500) -> tuple[int, Error]:
    """Return the status and the body that an exception is answered with.

    Args:
        exc: What was raised; ``None`` if only the status is known.
        status: The status if the exception says none.
    """
    if isinstance(exc, ComputeError):
        return _STATUS.get(type(exc)) or code_of(exc).status, error_of(exc)
    if isinstance(exc, HTTPError):
        status = exc.status_code
    words = responses.get(status, "Unknown error")
    said = exc.log_message if isinstance(exc, HTTPError) else None
    if status >= 500:
        # What an unforeseen exception says may hold anything; the server's log has it.
        return status, Error(
            error="InternalError",
            message="something went wrong in the server",
            hint="the server's log says what",
        )
    return status, Error(error=words.title().replace(" ", ""), message=said or words, hint="")


def error_of(error: ComputeError) -> Error:
    """Return an error of ours in the shape that all front ends know."""
    return Error(error=type(error).__name__, message=error.message, hint=error.hint)
