"""The nouns of the package: frozen, without I/O, and without a reference to what acts on them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union

from msgspec import Struct, field

Digest = str
"""A sha256 in lower-case hex."""

RunId = str
"""Names a run everywhere: the store, the target's folder, the engine's own job."""

JsonValue = Union[None, bool, int, float, str, list["JsonValue"], dict[str, "JsonValue"]]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_run_id() -> RunId:
    """Make a run id: ``r`` and nine characters, so that any engine takes it as a name."""
    return "r" + "".join(secrets.choice(_ALPHABET) for _ in range(9))


class RunState(str, Enum):
    """Where a run stands. Forward only within an attempt."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINALIZING = "finalizing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether nothing can change any more."""
        return self in _FINAL

    @property
    def rank(self) -> int:
        """The place in the order; the three final states share the last."""
        return _RANK[self]


_FINAL = frozenset({RunState.COMPLETED, RunState.FAILED, RunState.CANCELED})
_RANK = {state: min(place, 4) for place, state in enumerate(RunState)}


class Distribution(str, Enum):
    """How the processes of a run find each other."""

    NONE = "none"
    MPI = "mpi"
    PYTORCH = "pytorch"
    TENSORFLOW = "tensorflow"


# -- what is asked for -------------------------------------------------------------------------


class CellCommand(Struct, frozen=True, kw_only=True, tag="cell", tag_field="type"):
    """Run the source of one cell.

    Attributes:
        code: The cell's text.
        notebook: The notebook's path relative to the snapshot's root; empty without one.
        cell_id: The cell's id in its notebook.
        outputs: Names of the variables to bring back.
        allow_pickle: Whether these may travel as pickles.
    """

    code: str
    notebook: str = ""
    cell_id: str = ""
    outputs: tuple[str, ...] = ()
    allow_pickle: bool = False


class ScriptCommand(Struct, frozen=True, kw_only=True, tag="script", tag_field="type"):
    """Run a Python script of the snapshot with arguments."""

    path: str
    args: tuple[str, ...] = ()


class NotebookCommand(Struct, frozen=True, kw_only=True, tag="notebook", tag_field="type"):
    """Execute a notebook of the snapshot; the executed copy becomes an output."""

    path: str


class ArgvCommand(Struct, frozen=True, kw_only=True, tag="argv", tag_field="type"):
    """Run any program with arguments, without a shell."""

    argv: tuple[str, ...]


Command = Union[CellCommand, ScriptCommand, NotebookCommand, ArgvCommand]


class PythonEnvironment(Struct, frozen=True, kw_only=True, tag="python", tag_field="type"):
    """An interpreter on the target by path or name; empty means the target's default."""

    interpreter: str = ""


class PackagesEnvironment(Struct, frozen=True, kw_only=True, tag="packages", tag_field="type"):
    """A set of packages, built once per digest on the target.

    Attributes:
        requirements: Requirement lines, normalised; empty when a lock or project is given.
        files: Names and texts of the files it is built from: ``requirements.txt``, ``uv.lock``,
            ``pyproject.toml``, ``pylock.toml``.
        python: The interpreter or version it is built with; empty means the target's default.
    """

    requirements: tuple[str, ...] = ()
    files: dict[str, str] = {}
    python: str = ""


class CondaEnvironment(Struct, frozen=True, kw_only=True, tag="conda", tag_field="type"):
    """An ``environment.yml``, by its text."""

    text: str


class ImageEnvironment(Struct, frozen=True, kw_only=True, tag="image", tag_field="type"):
    """A container image by its OCI reference."""

    image: str


Environment = Union[PythonEnvironment, PackagesEnvironment, CondaEnvironment, ImageEnvironment]


class Resources(Struct, frozen=True, kw_only=True):
    """What a run needs. ``None`` leaves it to the target."""

    nodes: int = 1
    processes_per_node: int = 1
    cpus: float | None = None
    gpus: int = 0
    memory_gb: float | None = None
    time_limit_min: float | None = None
    distribution: Distribution = Distribution.NONE


class InputFile(Struct, frozen=True, kw_only=True):
    """A file that travels beside the snapshot, such as a variable given by ``--in``.

    Attributes:
        path: Where it stands under the run's ``files`` folder.
        digest: Its bytes.
        size: In bytes.
        codec: How a variable was written (``json``, ``npy``, ``parquet``, ``pickle``…); empty
            for a plain file.
        name: The variable's name; empty for a plain file.
        type: The variable's type as the user knows it, such as ``numpy.ndarray``.
    """

    path: str
    digest: Digest
    size: int
    codec: str = ""
    name: str = ""
    type: str = ""


# -- where it runs -----------------------------------------------------------------------------


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


# -- snapshots ---------------------------------------------------------------------------------


class GitState(Struct, frozen=True, kw_only=True):
    """Where the source stood in git. URLs carry no credentials."""

    repository: str = ""
    branch: str = ""
    commit: str = ""
    dirty: bool = False


class SnapshotFile(Struct, frozen=True, gc=False):
    """A file or a link of a snapshot.

    Attributes:
        path: Relative, with ``/``; bytes that are no UTF-8 stand as surrogate escapes.
        digest: Of the content; empty for a link.
        size: In bytes.
        mode: ``0o644`` or ``0o755``; links have ``0o777``.
        link: The link's target; ``None`` for a file.
    """

    path: str
    digest: Digest
    size: int
    mode: int
    link: str | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """A folder at one moment.

    Attributes:
        id: The digest of the canonical manifest, which is itself a blob of that name.
        files: Files and links, ordered by path.
        folders: Every folder's path, so that empty ones come along.
        source: The folder it was taken from.
        git: Where the source stood in git; ``None`` outside a repository.
    """

    id: Digest
    files: tuple[SnapshotFile, ...]
    folders: tuple[str, ...] = ()
    source: str = ""
    git: GitState | None = None

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size for file in self.files)


# -- runs --------------------------------------------------------------------------------------


class RunFacts(Struct, frozen=True, kw_only=True):
    """What is recorded about how a run went; filled in as it becomes known.

    Attributes:
        host: Where it ran.
        python: The interpreter's version.
        interpreter: The interpreter's path.
        environment_digest: What its environment was made from.
        packages: Names and versions of what was installed.
        phases: Seconds of each phase, such as ``snapshot``, ``queue``, ``upload``,
            ``environment``, ``run``, ``collect``.
        peak_memory_bytes: Of all its processes together.
        signal: What ended it, if a signal did.
        submitted_by: User and host.
        client_version: The version that submitted it.
    """

    host: str = ""
    python: str = ""
    interpreter: str = ""
    environment_digest: str = ""
    packages: dict[str, str] = {}
    phases: dict[str, float] = {}
    peak_memory_bytes: int | None = None
    signal: int | None = None
    submitted_by: str = ""
    client_version: str = ""


class Run(Struct, frozen=True, kw_only=True):
    """One execution that the user asked for. Times are seconds since the epoch.

    Attributes:
        reason: The engine's own word, or what the run waits for.
        error: One line that says why it ended, empty while it has not or when all went well.
        env: Environment variables from ``--setenv``.
        secrets: Variable name → reference (``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``).
        inputs: Files and variables that travel beside the snapshot.
        last_seen: When the target last said anything about it.
        cancel_requested: When a cancel was asked for.
        canceled_by: Who asked.
        source: The folder it was submitted from.
        rerun_of: The run this one repeats.
        parent_id: The sweep's or pipeline's run.
        revision: Grows with every change in the workspace; a follower's cursor.
    """

    id: RunId
    experiment: str
    name: str
    target: str
    snapshot_id: Digest
    command: Command
    params: dict[str, Any] = {}
    environment: Environment = field(default_factory=PythonEnvironment)
    resources: Resources = field(default_factory=Resources)
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    inputs: tuple[InputFile, ...] = ()
    state: RunState = RunState.QUEUED
    reason: str = ""
    error: str = ""
    attempt: int = 1
    job_id: str = ""
    exit_code: int | None = None
    parent_id: RunId | None = None
    rerun_of: RunId | None = None
    tags: dict[str, str] = {}
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    cancel_requested: float | None = None
    canceled_by: str = ""
    last_seen: float | None = None
    git: GitState | None = None
    source: str = ""
    facts: RunFacts = field(default_factory=RunFacts)
    revision: int = 0

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.state.is_final


class Secret:
    """A value that never shows itself: not in ``repr``, not in JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that hands it over."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"


class Job(Struct, frozen=True, kw_only=True):
    """A run as it is handed to a driver: nothing in it is left to decide.

    Attributes:
        argv: ``{python}`` as the first word stands for the environment's interpreter.
        env: Environment variables, without secrets.
        secret_env: Environment variables whose values are shown and stored nowhere.
        snapshot_id: The manifest's digest.
        digests: Every blob that must be on the target, the manifest among them.
        inputs: Files that stand beside the snapshot, in the run's ``files`` folder.
        job_id: The engine's name for it once launched.
        grace_s: Seconds between asking a cancelled run to end and ending it.
    """

    run_id: RunId
    argv: tuple[str, ...]
    snapshot_id: Digest
    digests: tuple[Digest, ...]
    name: str = ""
    attempt: int = 1
    env: dict[str, str] = {}
    secret_env: dict[str, Secret] = {}
    inputs: tuple[InputFile, ...] = ()
    environment: Environment = field(default_factory=PythonEnvironment)
    environment_digest: str = ""
    resources: Resources = field(default_factory=Resources)
    gpu_ids: tuple[str, ...] = ()
    grace_s: float = 10.0
    job_id: str = ""


class JobStatus(Struct, frozen=True, kw_only=True):
    """What an engine says about a job.

    Attributes:
        state: Never ``queued``-to-final by silence: a final state needs an exit status, the
            engine's own final word, or a changed boot id.
        reason: The engine's own word.
        error: One line that says why it ended; empty unless it failed or was cancelled.
        exit_code: The program's own exit code.
        signal: The signal that ended it.
        sizes: Bytes so far of ``log``, ``events`` and each ``logs/…`` file, so that a follower
            knows that there is more.
        started: When the user's program started there.
        ended: When it ended there.
        requeue: The job was lost to preemption or a dead node and may be started again.
        facts: What the run's record takes over, by the names of :class:`RunFacts`.
    """

    state: RunState
    reason: str = ""
    error: str = ""
    exit_code: int | None = None
    signal: int | None = None
    sizes: dict[str, int] = {}
    started: float | None = None
    ended: float | None = None
    requeue: bool = False
    facts: dict[str, Any] = {}


# -- what a run says ---------------------------------------------------------------------------


class MetricEvent(Struct, frozen=True, kw_only=True, tag="metric", tag_field="type"):
    """One number of a series."""

    t: float
    name: str
    value: float | str
    step: int | None = None


class ListEvent(Struct, frozen=True, kw_only=True, tag="list", tag_field="type"):
    """A whole list of numbers under one name; ``nan`` and ``inf`` travel as text."""

    t: float
    name: str
    values: list[float | str]


class RowEvent(Struct, frozen=True, kw_only=True, tag="row", tag_field="type"):
    """One row of a table."""

    t: float
    name: str
    row: dict[str, Any]


class ImageEvent(Struct, frozen=True, kw_only=True, tag="image", tag_field="type"):
    """An image, by its file under ``results/``."""

    t: float
    name: str
    path: str
    mime: str = "image/png"
    step: int | None = None


class ProgressEvent(Struct, frozen=True, kw_only=True, tag="progress", tag_field="type"):
    """How far the run is, from 0 to 1."""

    t: float
    fraction: float
    label: str = ""


class TagEvent(Struct, frozen=True, kw_only=True, tag="tag", tag_field="type"):
    """A tag set by the run itself."""

    t: float
    name: str
    value: str


class DisplayEvent(Struct, frozen=True, kw_only=True, tag="display", tag_field="type"):
    """A rich output of the cell, as a MIME bundle.

    Attributes:
        data: MIME type → data, as in a notebook; empty when ``path`` is given.
        path: A JSON file under ``results/`` that holds the bundle, when it is large.
        display_id: Names a display that later events with ``update`` replace.
    """

    t: float
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    path: str = ""
    display_id: str = ""
    update: bool = False


class VariableEvent(Struct, frozen=True, kw_only=True, tag="variable", tag_field="type"):
    """A variable that was asked for by ``--out``; ``error`` says why it cannot travel."""

    t: float
    name: str
    path: str = ""
    codec: str = ""
    size: int = 0
    python_type: str = ""
    error: str = ""


class OutputEvent(Struct, frozen=True, kw_only=True, tag="output", tag_field="type"):
    """A file that the run left, named as it is read: ``outputs/…`` or ``results/…``."""

    t: float
    path: str
    size: int
    mode: int = 0o644


class ErrorEvent(Struct, frozen=True, kw_only=True, tag="error", tag_field="type"):
    """The exception that ended the user's program, its last frames in the user's own code."""

    t: float
    ename: str
    evalue: str
    traceback: list[str] = []
    line: int | None = None
    file: str = ""
    source: str = ""


class PhaseEvent(Struct, frozen=True, kw_only=True, tag="phase", tag_field="type"):
    """A phase began, in the words shown to the user, such as ``building the environment``."""

    t: float
    name: str
    seconds: float | None = None


class FactsEvent(Struct, frozen=True, kw_only=True, tag="facts", tag_field="type"):
    """Facts by the names of :class:`RunFacts`."""

    t: float
    facts: dict[str, Any]


Event = Union[
    MetricEvent,
    ListEvent,
    RowEvent,
    ImageEvent,
    ProgressEvent,
    TagEvent,
    DisplayEvent,
    VariableEvent,
    OutputEvent,
    ErrorEvent,
    PhaseEvent,
    FactsEvent,
]


class OutputFile(Struct, frozen=True, kw_only=True):
    """A file that a run left.

    Attributes:
        path: ``outputs/…`` or ``logs/…``.
        size: In bytes.
        is_here: Whether all of it has arrived on this machine.
    """

    path: str
    size: int
    is_here: bool = True


# -- what a user asks about --------------------------------------------------------------------


class RunFilter(Struct, frozen=True, kw_only=True):
    """Which runs to list; everything given must hold.

    Attributes:
        text: Part of the id, name, experiment, tags or error, ignoring case.
        sort: A field of the run; ``-`` before it means descending.
        limit: Page size.
        cursor: Where the page before ended.
    """

    text: str = ""
    states: tuple[RunState, ...] = ()
    target: str = ""
    experiment: str = ""
    notebook: str = ""
    parent_id: str = ""
    tags: Mapping[str, str] = {}
    sort: str = "-created"
    limit: int = 50
    cursor: str = ""


class RunPage(Struct, frozen=True, kw_only=True):
    """A page of runs; ``cursor`` is empty on the last one."""

    runs: tuple[Run, ...]
    cursor: str = ""
    total: int = 0


class SizeEntry(Struct, frozen=True, kw_only=True):
    """A folder or file in the size tree of a preview."""

    path: str
    files: int
    bytes: int


class Excluded(Struct, frozen=True, kw_only=True):
    """Something that was left out: which rule of which file decided.

    Attributes:
        source: The rule's file, or ``built-in`` or ``looks like a secret``.
        line: The rule's line number; 0 for a built-in one.
        pattern: The rule as written.
    """

    path: str
    source: str
    line: int
    pattern: str


class Preview(Struct, frozen=True, kw_only=True):
    """What a snapshot would hold, before it is taken."""

    source: str
    files: int
    bytes: int
    largest: tuple[SizeEntry, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    limit_bytes: int = 0
    suggestions: tuple[str, ...] = ()


class Explanation(Struct, frozen=True, kw_only=True):
    """Whether a path is in the snapshot, and which rule of which file decided.

    Attributes:
        rule: ``None`` when no rule matches, which means that it is in.
    """

    path: str
    is_included: bool
    rule: Excluded | None = None


class Difference(Struct, frozen=True, kw_only=True):
    """How two runs differ. Each mapping goes from a name to the first's and second's value.

    Attributes:
        files: Path → ``added``, ``removed`` or ``changed``.
        texts: Path → a unified diff, for text files that changed.
    """

    first: RunId
    second: RunId
    files: dict[str, str] = {}
    texts: dict[str, str] = {}
    params: dict[str, tuple[Any, Any]] = {}
    environment: dict[str, tuple[Any, Any]] = {}
    metrics: dict[str, tuple[Any, Any]] = {}
    fields: dict[str, tuple[Any, Any]] = {}
