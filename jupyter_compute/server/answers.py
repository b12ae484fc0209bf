"""What requests are answered with, beside the nouns of the model."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..model import (
    DisplayEvent,
    ErrorEvent,
    Event,
    ImageEvent,
    OutputFile,
    PhaseEvent,
    ProgressEvent,
    Prompt,
    Provisioning,
    Run,
    RunState,
    SizeEntry,
    SnapshotFile,
    TargetAction,
    TargetInfo,
    VariableEvent,
)
from .errors import Error


class Version(Struct, kw_only=True):
    """Who answers.

    Attributes:
        version: Of this extension.
        api: Grows when something that was there changes or goes.
        controller: The version of the controller that runs, if one does.
        advice: What to do when the front end's version differs; empty when all is well.
    """

    version: str
    api: int
    controller: str | None = None
    advice: str = ""


class Status(Struct, kw_only=True):
    """The workspace at a glance: counts of runs by state, and a follower's cursor."""

    counts: dict[str, int]
    revision: int
    workspace: str
    controller: dict[str, Any] | None = None


class Kind(Struct, kw_only=True):
    """A kind of target.

    Attributes:
        options: The JSON Schema of its options; empty when it cannot be used.
        error: Why it cannot be used here.
    """

    kind: str
    title: str
    options: dict[str, Any]
    error: Error | None = None


class Kinds(Struct, kw_only=True):
    """All kinds."""

    kinds: list[Kind]


class Looked(Struct, kw_only=True):
    """What a place would be as a target, looked at before it is attached.

    Attributes:
        resource_id: What it really is.
        attached_as: The target that is attached to the same place; empty if none is.
        info: What was found.
        error: What went wrong if something did.
    """

    resource_id: str
    attached_as: str
    info: TargetInfo | None
    error: Error | None


class TargetState(Struct, kw_only=True):
    """A target and what is known about it.

    Attributes:
        options: As attached; secrets are masked.
        info: What the last check that found anything found.
        checked: When the last check ended.
        error: What the last check said if it went wrong.
        active: How many runs there are not over, by state.
        actions: What can be done with the compute behind it.
        provisioning: What was last done with it, or is being done.
    """

    name: str
    kind: str
    options: dict[str, Any]
    resource_id: str
    info: TargetInfo | None
    checked: float | None
    error: Error | None
    active: dict[str, int]
    actions: list[TargetAction]
    provisioning: Provisioning | None


class Targets(Struct, kw_only=True):
    """All targets."""

    targets: list[TargetState]


class Prompts(Struct, kw_only=True):
    """The questions that targets have open, the oldest first."""

    prompts: list[Prompt]


class RunLine(Struct, kw_only=True):
    """A run as a list shows it.

    Attributes:
        type: Of the command: ``cell``, ``script``, ``notebook`` or ``argv``.
        what: The script's or notebook's path, or the program.
        notebook: Where the cell stands.
        metrics: The last value of each metric, if asked for.
    """

    id: str
    experiment: str
    name: str
    target: str
    type: str
    what: str
    state: RunState
    attempt: int
    created: float
    revision: int
    reason: str = ""
    error: str = ""
    exit_code: int | None = None
    started: float | None = None
    ended: float | None = None
    cancel_requested: float | None = None
    last_seen: float | None = None
    retry_at: float | None = None
    parent_id: str | None = None
    rerun_of: str | None = None
    notebook: str = ""
    cell_id: str = ""
    source: str = ""
    gpus: int = 0
    params: dict[str, Any] = {}
    tags: dict[str, str] = {}
    metrics: dict[str, float | str] | None = None


class Runs(Struct, kw_only=True):
    """A page of runs.

    Attributes:
        cursor: Of the next page; empty on the last one.
        total: How many match in all.
        revision: What to ask ``changes`` for from here on.
    """

    runs: list[RunLine]
    cursor: str
    total: int
    revision: int


class Changes(Struct, kw_only=True):
    """What changed since a revision.

    Attributes:
        revision: What to ask for next.
        has_more: Whether there is more to ask for at once.
    """

    runs: list[RunLine]
    deleted: list[str]
    revision: int
    has_more: bool


class Cells(Struct, kw_only=True):
    """The last run of each cell of a notebook, by the cell's id."""

    cells: dict[str, RunLine]


class RunDetails(Struct, kw_only=True):
    """A run and what it has said in short.

    Attributes:
        run: The run as asked for and as it stands.
        metrics: The last value of each metric.
        progress: How far it is.
        failure: The exception that ended it.
        phases: What it has gone through.
        logs: The names of its logs that are here.
        log_size: Bytes of the log that are here.
    """

    run: Run
    metrics: dict[str, float | str]
    progress: ProgressEvent | None
    failure: ErrorEvent | None
    phases: list[PhaseEvent]
    logs: list[str]
    log_size: int


class Series(Struct, kw_only=True):
    """The values of a metric in order, column by column; ``nan`` and ``inf`` are text."""

    step: list[int | None]
    t: list[float]
    value: list[float | str]


class Metrics(Struct, kw_only=True):
    """Metrics by name."""

    metrics: dict[str, Series]


class Tables(Struct, kw_only=True):
    """Tables by name, row by row."""

    tables: dict[str, list[dict[str, Any]]]


class Lists(Struct, kw_only=True):
    """Lists by name."""

    lists: dict[str, list[float | str]]


class Images(Struct, kw_only=True):
    """Images in order; ``results/file`` has their bytes."""

    images: list[ImageEvent]


class Displays(Struct, kw_only=True):
    """Rich outputs in order, as MIME bundles."""

    displays: list[DisplayEvent]


class Variables(Struct, kw_only=True):
    """Variables that were asked for, by name."""

    variables: dict[str, VariableEvent]


class Said(Struct, kw_only=True):
    """One event and its number."""

    number: int
    event: Event


class Events(Struct, kw_only=True):
    """Events in order; ask again after the last number."""

    events: list[Said]


class Logs(Struct, kw_only=True):
    """The logs of a run that are here, with their sizes in bytes."""

    logs: dict[str, int]
    attempt: int
    is_final: bool


class Outputs(Struct, kw_only=True):
    """The files that a run left."""

    outputs: list[OutputFile]


class Captured(Struct, kw_only=True):
    """The files that a run works on.

    Attributes:
        tree: Sizes of folders and files; the first one is the whole.
    """

    id: str
    files: list[SnapshotFile]
    tree: list[SizeEntry]


class SizeTree(Struct, kw_only=True):
    """Sizes of the folders and files that would be captured; the first one is the whole."""

    tree: list[SizeEntry]


class Peek(Struct, kw_only=True):
    """The beginning of a file, for people.

    Attributes:
        kind: ``text``, ``table``, ``notebook``, ``image`` or ``binary``.
        mime: Its type, guessed from its name.
        text: The beginning of a text.
        rows: The first rows of a table, the titles first.
        notebook: A notebook of format 4.
        is_whole: Whether nothing is left out.
    """

    path: str
    size: int
    kind: str
    mime: str
    text: str = ""
    rows: list[list[str]] = []
    notebook: dict[str, Any] | None = None
    is_whole: bool = True
