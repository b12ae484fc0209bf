from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_compute.model import Run, ScriptCommand, new_run_id
from jupyter_compute.store import Store


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(path, clock=clock) as store:
        yield store


@pytest.fixture
def new_run() -> Callable[..., Run]:
    """Make a run that is not in the store yet."""

    def make(**fields: object) -> Run:
        defaults = {
            "id": new_run_id(),
            "experiment": "digits",
            "name": "train.py",
            "target": "local",
            "snapshot_id": "a" * 64,
            "command": ScriptCommand(path="train.py"),
        }
        return Run(**{**defaults, **fields})  # type: ignore[arg-type]

    return make
