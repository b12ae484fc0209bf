"""The whole product under `kill -9`, on full disks and beside unfriendly neighbors.

Nothing here is a fake. Seeds decide what is killed and when; ``SURVIVAL_SEED`` sets another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from survivors import PATIENCE_S, SEED, Killer, Stage, kill

LINES = 60


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "home", tmp_path / "place", settings="slots = 5")
    yield stage
    stage.close()


def test_whatever_is_killed_under_load_no_run_is_lost_or_started_twice(stage: Stage) -> None:
    print("seed", SEED)
    survive(stage, Killer(stage, SEED, keepers=4), count=15, kills=24)


def survive(stage: Stage, killer: Killer, *, count: int, kills: int) -> None:
    """Have two front ends submit at once, and kill until enough are killed or all is over."""
    fronts = {prefix: stage.start_front_end(prefix, count, LINES) for prefix in ("a", "b")}
    wanted = {f"{prefix}-{number:02}" for prefix in fronts for number in range(count)}
    while len(killer.killed) < kills and not is_over(stage, wanted):
        killer.strike()
        for prefix, front in fronts.items():
            if front.poll() is None and killer.random.random() < 0.15:
                kill(front.pid)
                front.wait()
                killer.killed.append("front end")
            if front.poll() not in (None, 0):
                fronts[prefix] = stage.start_front_end(prefix, count, LINES)
    for front in fronts.values():
        assert front.wait(PATIENCE_S) == 0
    print(len(killer.killed), "killed:", *killer.killed)
    runs = stage.runs()
    assert set(runs) == wanted
    ids = [run.id for run in runs.values()]
    for run in stage.over(*ids):
        check = stage.check_bereaved if run.name in killer.bereaved else stage.check_whole
        check(run, LINES)
    assert stage.processes_of(*ids) == []


def is_over(stage: Stage, wanted: set[str]) -> bool:
    runs = stage.runs()
    return set(runs) == wanted and all(run.is_final for run in runs.values())
