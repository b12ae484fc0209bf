"""A run as it is handed to a driver, and what an engine says about it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from .names import Digest, RunId, RunState
from .requests import Environment, InputFile, PythonEnvironment, Resources


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
        requeues: How often it may still be started again after this attempt.
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
    requeues: int = 0
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
