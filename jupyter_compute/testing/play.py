"""What a fake job has done by a given time: a pure function, so that it can be asked again."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence

from msgspec import Struct

from ..model import JobStatus, RunState
from .jobs import Step


class Act(Struct, frozen=True, kw_only=True):
    """A job to be played: its steps, and what happened to it from outside."""

    steps: Sequence[Step]
    launched: float
    canceled: float | None = None
    released: float | None = None
    grace_s: float = 10.0


class Performance(Struct, kw_only=True):
    """What a job has done so far.

    Attributes:
        next_change: When it will do something next; ``None`` when only others can change it.
    """

    status: JobStatus
    files: dict[str, bytes]
    next_change: float | None = None

    def read(self, name: str, offset: int) -> bytes:
        """Return the bytes of a file from an offset; empty when there are none."""
        return self.files.get(name, b"")[offset:]


def hold() -> Step:
    """Do nothing until the engine's ``release``; only a fake can."""
    return ("hold",)


def lose() -> Step:
    """Be lost to a dead node, so that the job may be started again; only a fake can."""
    return ("lose",)


def prepare(seconds: float) -> Step:
    """Be preparing for a while before the program starts; only a fake can."""
    return ("prepare", seconds)


def pend(seconds: float, reason: str = "PENDING: Priority") -> Step:
    """Stand in the engine's own queue for a while; only a fake can."""
    return ("pend", seconds, reason)


def perform(act: Act, now: float) -> Performance:
    """Play a job from its launch up to a time."""
    return _Player(act, now).play()


class _Player:
    def __init__(self, act: Act, now: float) -> None:
        self.act = act
        self.now = now
        self.t = act.launched
        self.files: dict[str, bytes] = {"log": b"", "events": b""}
        self.end_by = float("inf") if act.canceled is None else act.canceled
        self.state = RunState.RUNNING
        self.next: float | None = None
        self.started: float | None = None
        self.reason = ""

    def play(self) -> Performance:
        for step in self.act.steps:
            name, rest = step[0], step[1:]
            self.reason = rest[1] if name == "pend" else ""
            if name == "prepare":
                self.state = RunState.PREPARING
            elif name == "pend":
                self.state = RunState.QUEUED
            elif self.started is None:
                self.state, self.started = RunState.RUNNING, self.t
            if name == "leave":
                return self._over(exit_code=rest[0])
            if name == "die":
                return self._over(number=rest[0])
            if name == "lose":
                return self._over(requeue=True)
            if name == "ignore_terminate" and self.end_by != float("inf"):
                self.end_by = (self.act.canceled or 0.0) + self.act.grace_s
            until = self._until(name, rest)
            if self.end_by < until and self.end_by <= self.now:
                self.t = max(self.end_by, self.t)
                return self._over(number=signal.SIGTERM, canceled=True)
            if until > self.now:
                self.next = min(until, self.end_by)
                return self._performance(self._status())
            self.t = until
            self._do(name, rest)
        return self._over(exit_code=0)

    def _until(self, name: str, rest: Step) -> float:
        if name in ("rest", "prepare", "pend"):
            return self.t + float(rest[0])
        if name == "hold":
            released = self.act.released
            return float("inf") if released is None else max(self.t, released)
        return self.t

    def _do(self, name: str, rest: Step) -> None:
        if name == "say":
            self.files["log"] += rest[0].encode()
        elif name == "write":
            self.files[rest[0]] = rest[1].encode()
        elif name == "tell":
            self._tell({"t": self.t, **rest[0]})

    def _tell(self, event: dict[str, object]) -> None:
        self.files["events"] += json.dumps(event).encode() + b"\n"

    def _over(
        self,
        *,
        exit_code: int | None = None,
        number: int | None = None,
        requeue: bool = False,
        canceled: bool = False,
    ) -> Performance:
        for path, data in sorted(self.files.items()):
            if path.startswith(("outputs/", "results/")):
                self._tell({"t": self.t, "type": "output", "path": path, "size": len(data)})
        state, error = RunState.COMPLETED, ""
        if canceled:
            state, error = RunState.CANCELED, "canceled"
        elif requeue:
            state, error = RunState.FAILED, "the node was lost"
        elif number is not None:
            state, error = RunState.FAILED, f"ended by the signal {signal.Signals(number).name}"
        elif exit_code:
            state, error = RunState.FAILED, f"exit code {exit_code}"
        self.state, self.next = state, None
        status = self._status(error, exit_code, number, requeue)
        return self._performance(status)

    def _status(
        self,
        error: str = "",
        exit_code: int | None = None,
        number: int | None = None,
        requeue: bool = False,
    ) -> JobStatus:
        return JobStatus(
            state=self.state,
            reason="" if self.state.is_final else self.reason,
            error=error,
            exit_code=exit_code,
            signal=None if number is None else int(number),
            sizes={
                name: len(data)
                for name, data in self.files.items()
                if name in ("log", "events") or name.startswith("logs/")
            },
            started=self.started,
            ended=self.t if self.state.is_final else None,
            requeue=requeue,
            facts={"host": "fake"} if self.state.is_final else {},
        )

    def _performance(self, status: JobStatus) -> Performance:
        return Performance(status=status, files=self.files, next_change=self._finite())

    def _finite(self) -> float | None:
        return None if self.next in (None, float("inf")) else self.next
