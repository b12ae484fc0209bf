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


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for all the examples of a property; making one costs more than using it."""
    with Store.open(tmp_path_factory.mktemp("one") / "store.db") as store:
        yield store


@pytest.fixture(scope="session")
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
