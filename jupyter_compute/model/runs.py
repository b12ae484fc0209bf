"""An execution that a user asked for, and how runs are listed and compared."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from .names import Digest, RunId, RunState
from .requests import Command, Environment, InputFile, PythonEnvironment, Resources
from .snapshots import GitState


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
        retry_at: When its target is asked again, if that is silent.
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
    retry_at: float | None = None
    git: GitState | None = None
    source: str = ""
    facts: RunFacts = field(default_factory=RunFacts)
    revision: int = 0

    @property
    def is_final(self) -> bool:
        """Whether the run is over."""
        return self.state.is_final

    @property
    def is_detached(self) -> bool:
        """Whether nobody follows the run, because its target is not attached any more."""
        return not self.is_final and self.reason.startswith(DETACHED)

    def reason_at(self, now: float) -> str:
        """Return the reason; what it says of a silent target is counted down."""
        if self.is_final or self.retry_at is None:
            return self.reason
        return _RETRYING.sub(retrying(self.retry_at - now), self.reason, count=1)


DETACHED = "its target is detached"
"""What the reason of a run begins with whose target is not attached any more."""

_RETRYING = re.compile(r"retrying (in \d+ s|now)")


def retrying(left_s: float) -> str:
    """Say when a silent target is asked again; the reason of each of its runs has these words."""
    return f"retrying in {math.ceil(left_s)} s" if left_s > 0 else "retrying now"


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


class RunFilter(Struct, frozen=True, kw_only=True):
    """Which runs to list; everything given must hold.

    Attributes:
        text: Part of the id, name, experiment, tags or error, ignoring case.
        sort: A field of the run; ``-`` before it means descending.
        limit: Page size.
        cursor: Where the page before ended.
        offset: How many runs to pass over, to begin anywhere in a list without a cursor.
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
    offset: int = 0


class RunPage(Struct, frozen=True, kw_only=True):
    """A page of runs; ``cursor`` is empty on the last one."""

    runs: tuple[Run, ...]
    cursor: str = ""
    total: int = 0


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
