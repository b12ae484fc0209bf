"""What requests may ask for: the queries and the bodies, checked by their types."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from ..model import Command, Environment, Resources, RunState

Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]
"""Text that can name a file: without NUL."""

Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Attempt = Annotated[int, Meta(ge=1, le=1_000_000)]
Sort = Annotated[
    str, Meta(pattern=r"^-?(created|started|ended|name|state|target|experiment)$", max_length=20)
]


class VersionQuery(Struct, kw_only=True):
    """Who asks.

    Attributes:
        front_end: The version of the front end.
    """

    front_end: Annotated[str, Meta(max_length=50)] = ""


class AttachBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A target to attach.

    Attributes:
        name: The user's name for it.
        kind: One of the kinds.
        options: The kind's options.
        replace: Whether a target of this name, or another name of this place, gives way.
    """

    name: str
    kind: str
    options: dict[str, Any] = {}
    replace: bool = False


class UpdateBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Options of a target to change; ``null`` takes one back to its default."""

    options: dict[str, Any]


class CheckQuery(Struct, kw_only=True):
    """How to check.

    Attributes:
        wait_s: Seconds to wait for the answer.
    """

    wait_s: Annotated[float, Meta(ge=0, le=120)] = 60


class DetachQuery(Struct, kw_only=True):
    """How to detach.

    Attributes:
        cancel: Whether its runs are ended first.
        purge: Whether our files there are removed, too.
        wait_s: Seconds to wait for each of the two.
    """

    cancel: bool = False
    purge: bool = False
    wait_s: Annotated[float, Meta(ge=0, le=600)] = 120


class LookBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A place to look at.

    Attributes:
        options: The kind's options.
        name: An attached target of this kind, whose secrets stand in for masks.
    """

    options: dict[str, Any] = {}
    name: str | None = None


class AnswerBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """The answer to a target's question.

    Attributes:
        answer: ``null`` declines; ``yes`` or ``no`` where it is to be confirmed.
        keep: Whether it should be kept for the next time, if the question allows that.
    """

    answer: str | None
    keep: bool = False


class RunsQuery(Struct, kw_only=True):
    """Which runs to list; everything given must hold.

    Attributes:
        text: Part of the id, name, experiment, tags or error.
        state: Any of these.
        tag: ``NAME=VALUE``; all of these.
        sort: A field; ``-`` before it means descending.
        cursor: Where the page before ended.
        offset: How many runs to pass over; instead of a cursor.
        metrics: Whether the last values of each run's metrics come along.
    """

    text: str = ""
    state: list[RunState] = []
    target: str = ""
    experiment: str = ""
    notebook: str = ""
    parent_id: str = ""
    tag: list[Annotated[str, Meta(pattern="^[^=]+=")]] = []
    sort: Sort = "-created"
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    cursor: str = ""
    offset: Count = 0
    metrics: bool = False


class ChangesQuery(Struct, kw_only=True):
    """What the one who asks has seen.

    Attributes:
        since: The revision of the last answer.
    """

    since: Count
    limit: Annotated[int, Meta(ge=1, le=1000)] = 1000


class CellsQuery(Struct, kw_only=True):
    """Which notebook.

    Attributes:
        path: As Jupyter shows it.
    """

    path: Text


class SubmitBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """A run to submit.

    Attributes:
        command: What to run; paths are relative to the source.
        source: The folder to capture; relative to the folder that Jupyter shows.
        environment: ``requirements.txt``, a lock, an interpreter, a list of packages, or an
            environment as a run has it.
        secrets: Variable → reference (``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``).
    """

    command: Command
    source: Text
    target: str = "local"
    name: str = ""
    experiment: str = ""
    params: dict[str, Any] = {}
    environment: Environment | str | list[str] | None = None
    resources: Resources = Resources()
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    tags: dict[str, str] = {}
    follow_links: bool | None = None


class LogQuery(Struct, kw_only=True):
    """Which part of a log.

    Attributes:
        offset: Where to begin, in bytes; a negative one counts from the end.
        limit: How many bytes at most.
        name: ``log``, or a file under ``logs/``.
        attempt: By default the last one.
    """

    offset: Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)] = 0
    limit: Annotated[int, Meta(ge=1, le=16 << 20)] = 1 << 20
    name: Text = "log"
    attempt: Attempt | None = None


class FollowQuery(Struct, kw_only=True):
    """Where to go on in a log.

    Attributes:
        offset: In bytes, where the follower left.
        name: ``log``, or a file under ``logs/``.
        attempt: Which attempt's; by default the last one.
    """

    offset: Count = 0
    name: Text = "log"
    attempt: Attempt | None = None


class MetricsQuery(Struct, kw_only=True):
    """Which metrics; all if none is named."""

    name: list[str] = []


class EventsQuery(Struct, kw_only=True):
    """Which events.

    Attributes:
        after: The number of the last event that is known.
        type: Such as ``metric``; all if none is named.
    """

    after: Count = 0
    type: list[str] = []


class FileQuery(Struct, kw_only=True):
    """Which file.

    Attributes:
        path: As the list names it.
        download: Whether a browser should save it rather than show it.
    """

    path: Text
    download: bool = False


class SourceQuery(Struct, kw_only=True):
    """Which folder.

    Attributes:
        source: Relative to the folder that Jupyter shows.
        follow_links: Whether links that leave it are followed.
    """

    source: Text
    follow_links: bool | None = None


class ExplainQuery(Struct, kw_only=True):
    """Which path of which folder."""

    source: Text
    path: Text


class IgnoreBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to leave out of a folder's snapshots.

    Attributes:
        source: The folder; relative to the folder that Jupyter shows.
        path: The file or folder; relative to the source.
    """

    source: Text
    path: Text
