"""Where runs run, and what a check found there."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Target(Struct, frozen=True, kw_only=True):
    """A named place that can run things.

    Attributes:
        name: The user's name for it.
        kind: The sort of target.
        options: The kind's options as stated in ``targets.toml``.
        resource_id: What it really is, such as ``ssh://me@gpu1:22``; equal ids are one place.
    """

    name: str
    kind: str
    options: dict[str, Any] = {}
    resource_id: str = ""


class Problem(Struct, frozen=True, kw_only=True):
    """Something a check found wrong, and its remedy. ``fatal`` means that nothing can run."""

    message: str
    remedy: str = ""
    fatal: bool = False


class TargetInfo(Struct, frozen=True, kw_only=True):
    """What a check found on a target.

    Attributes:
        resource_id: What the target really is.
        place: A mark of the place itself; two targets with one mark are one, whatever their names.
        host: Its name for itself.
        python: Version of the interpreter there; empty if none was found.
        cpus: Usable cores.
        gpus: Names of the GPUs.
        memory_gb: Usable memory.
        slots: How many runs it takes at once; ``None`` leaves admission to its engine.
        facts: Anything else worth showing.
        problems: All problems at once, the fatal ones first.
    """

    resource_id: str
    place: str = ""
    host: str = ""
    python: str = ""
    cpus: float = 0
    gpus: tuple[str, ...] = ()
    memory_gb: float = 0
    slots: int | None = None
    facts: dict[str, str] = {}
    problems: tuple[Problem, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether a run could start there."""
        return not any(problem.fatal for problem in self.problems)


class Checked(Struct, frozen=True, kw_only=True):
    """What a place would be as a target, looked at before it is attached.

    Attributes:
        resource_id: What it really is.
        attached_as: The target that is attached to the same place; empty if none is.
        info: What was found.
        error: ``{"error", "message", "hint"}`` of what went wrong; ``None`` if nothing did.
    """

    resource_id: str
    attached_as: str = ""
    info: TargetInfo | None = None
    error: dict[str, str] | None = None


QuestionType = Literal["secret", "text", "confirm"]


class Question(Struct, frozen=True, kw_only=True):
    """What a target asks whoever uses it.

    Attributes:
        type: ``secret`` is not shown as it is typed; ``confirm`` is answered ``yes`` or ``no``.
        message: The question, in words that say who asks for what; it may have several lines.
        keep_as: What the answer is called when the person wants it to be kept, in words that
            name the place and the account: ``ssh://me@gpu1:22 password``. Empty when it must not
            be kept, as a one-time code.
        again: Whether the last answer to this question was refused. One that was kept is dropped.
    """

    type: QuestionType
    message: str
    keep_as: str = ""
    again: bool = False


class Prompt(Struct, frozen=True, kw_only=True):
    """A question that is open.

    Attributes:
        id: Names it.
        target: Who asks: a target's name, or the place that is looked at.
        type: As in :class:`Question`.
        message: The question.
        created: When it was asked.
        can_keep: Whether the answer may be kept for the next time.
        keep_in: Where it would be kept: ``keyring``, or the path of a file.
        again: Whether the last answer was refused.
    """

    id: str
    target: str
    type: QuestionType
    message: str
    created: float
    can_keep: bool = False
    keep_in: str = ""
    again: bool = False

    @property
    def line(self) -> str:
        """Return the question on one line."""
        return " ".join(self.message.split())


class Reply(Struct, frozen=True, kw_only=True):
    """What a person says to a question.

    Attributes:
        answer: ``None`` declines.
        keep: Whether it should be kept for the next time.
    """

    answer: str | None
    keep: bool = False


TargetAction = Literal["create", "start", "stop", "remove"]


class Provisioning(Struct, frozen=True, kw_only=True):
    """What was last done with the compute behind a target, or is being done.

    Attributes:
        state: ``queued`` until the controller has taken it up.
        message: Why it failed.
        since: When it came to this state.
    """

    action: TargetAction
    state: Literal["queued", "running", "done", "failed"]
    message: str = ""
    since: float = 0.0
