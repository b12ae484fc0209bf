"""Every error that is raised on purpose, and what it means to a shell and to HTTP.

::

    ComputeError                        .hint: what to do next
    ├── ConfigError                     a target's options, targets.toml or an argument is wrong
    ├── NotFoundError                   no such target, run, snapshot
    ├── ConflictError                   the name or resource is taken; the run is already over
    ├── SnapshotError                   too large, unreadable, leaves the root, changed under us
    ├── StoreError                      newer than this version, locked, full
    ├── DriverError                     .target .kind
    │   ├── DriverNotInstalledError     the kind needs a package that is not there
    │   ├── TargetUnreachableError      no answer; tried again later
    │   ├── TargetFullError             it takes no more of our jobs now; tried again later
    │   ├── AuthenticationError         the target did not accept us
    │   └── LaunchError                 the engine said no
    └── RunFailedError                  .run .exit_code .log_tail

Foreign exceptions become one of these once, at the edge of the module that imports the
library they come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .model import Run


class ComputeError(Exception):
    """Something went wrong in a way that was foreseen.

    The message says what happened with the value that caused it.

    Args:
        message: What happened.
        hint: What to do next, one sentence or a command; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint and hasattr(self, "add_note"):
            # So a traceback in a notebook or a script says it, too. (Python 3.11 and newer.)
            self.add_note(f"hint: {hint}")


class ConfigError(ComputeError):
    """A target's options, ``targets.toml`` or an argument is wrong."""


class NotFoundError(ComputeError):
    """There is no such target, run, snapshot or file."""


class ConflictError(ComputeError):
    """The name or the resource is taken, or the run is already over."""


class SnapshotError(ComputeError):
    """The folder is too large, unreadable, leaves its root, or changed while it was read."""


class StoreError(ComputeError):
    """The database is newer than this version, locked, damaged, or its disk is full."""


class DriverError(ComputeError):
    """A target answered, and the answer is no.

    Args:
        message: What happened.
        hint: What to do next.
        target: The name of the target.
        kind: The kind of the target.
    """

    def __init__(self, message: str, *, hint: str = "", target: str = "", kind: str = "") -> None:
        super().__init__(message, hint=hint)
        self.target = target
        self.kind = kind


class DriverNotInstalledError(DriverError):
    """The kind needs a package that is not installed here; the hint says which."""


class TargetUnreachableError(DriverError):
    """The target did not answer. It is tried again later; nothing is known about its runs."""


class TargetFullError(DriverError):
    """The engine takes no more of our jobs now. It is tried again later; the run waits."""


class AuthenticationError(DriverError):
    """The target did not accept us. Retrying does not help; the user must act."""


class LaunchError(DriverError):
    """The engine refused to start the run; its own words are in the message."""


class RunFailedError(ComputeError):
    """A run that was waited for did not complete.

    Args:
        message: Why the run ended, in one line.
        hint: What to do next.
        run: The run as it ended.
        log_tail: The last lines of its log.
    """

    def __init__(self, message: str, *, run: Run, hint: str = "", log_tail: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run = run
        self.exit_code = run.exit_code
        self.log_tail = log_tail


class Code(NamedTuple):
    """What an error is to HTTP and to a shell."""

    status: int
    exit_code: int


CODES: dict[type[ComputeError], Code] = {
    ComputeError: Code(500, 1),
    ConfigError: Code(400, 2),
    NotFoundError: Code(404, 3),
    ConflictError: Code(409, 4),
    SnapshotError: Code(422, 5),
    StoreError: Code(503, 6),
    DriverError: Code(502, 7),
    DriverNotInstalledError: Code(501, 8),
    TargetUnreachableError: Code(504, 9),
    AuthenticationError: Code(403, 10),
    LaunchError: Code(502, 11),
    RunFailedError: Code(500, 12),
    TargetFullError: Code(503, 13),
}


def code_of(error: ComputeError) -> Code:
    """Return the HTTP status and the exit code of an error: its own class's, else its parent's."""
    return next(CODES[cls] for cls in type(error).__mro__ if cls in CODES)
