"""A run that is told what to do, and screens that remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from jupyter_compute.display.view import RunPicture
from jupyter_compute.model import CellCommand, Event, OutputFile, Run, RunState


def make_run(**facts: Any) -> Run:
    values: dict[str, Any] = {
        "id": "r000000001",
        "experiment": "digits",
        "name": "train",
        "target": "local",
        "snapshot_id": "0" * 64,
        "command": CellCommand(code="1"),
        "state": RunState.RUNNING,
        "created": 100.0,
        "started": 101.0,
        **facts,
    }
    return Run(**values)


class ScriptedRun:
    """A source whose facts change by one step of a script at each wait."""

    def __init__(self, *steps: Callable[[ScriptedRun], None], **facts: Any) -> None:
        self.steps = list(steps)
        self.now = make_run(**facts)
        self.text = b""
        self.said: list[Event] = []
        self.files: dict[str, bytes] = {}
        self.left: list[OutputFile] = []
        self.cancels = 0

    def change(self, **facts: Any) -> None:
        self.now = msgspec.structs.replace(self.now, revision=self.now.revision + 1, **facts)

    def end(self, state: RunState = RunState.COMPLETED, **facts: Any) -> None:
        self.change(state=state, ended=110.0, **facts)

    def run(self) -> Run:
        return self.now

    def read_log(self, offset: int, limit: int) -> bytes:
        return self.text[offset : offset + limit]

    def log_size(self) -> int:
        return len(self.text)

    def events(self, after: int) -> Sequence[tuple[int, Event]]:
        return list(enumerate(self.said, 1))[after:]

    def outputs(self) -> Sequence[OutputFile]:
        return self.left

    def read_result(self, path: str) -> bytes | None:
        return self.files.get(path)

    def wait(self, seconds: float) -> None:
        assert self.steps, "nothing more happens to this run"
        self.steps.pop(0)(self)

    def cancel(self) -> None:
        self.cancels += 1
        self.change(cancel_requested=105.0)


class RecordingScreen:
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.pictures: list[RunPicture] = []
        self.printed = b""
        self.bundles: list[tuple[dict[str, Any], str, bool]] = []
        self.pressed = False
        self.asides = 0
        self.is_closed = False

    def show(self, picture: RunPicture) -> None:
        assert not self.is_closed
        self.pictures.append(picture)

    def log(self, data: bytes) -> None:
        self.printed += data

    def publish(
        self, data: dict[str, Any], metadata: dict[str, Any], display_id: str, update: bool
    ) -> None:
        self.bundles.append((data, display_id, update))

    def is_cancel_pressed(self) -> bool:
        return self.pressed

    def step_aside(self) -> None:
        self.asides += 1

    def close(self, picture: RunPicture) -> None:
        self.show(picture)
        self.is_closed = True
