"""Runs whose processes a real ``mpirun`` starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from keeper_stage import Stage, log_of, until

from jupyter_compute.runner import status

RANK = "import os; rank, size = (os.environ['OMPI_COMM_WORLD_' + n] for n in ('RANK', 'SIZE'))\n"


@pytest.fixture
def stage(tmp_path: Path, engine: Callable[[str], str]) -> Iterator[Stage]:
    engine("mpirun")
    stage = Stage(tmp_path)
    yield stage
    stage.close()


def resources(count: int) -> dict[str, object]:
    return {"processes_per_node": count, "distribution": "mpi"}


def test_as_many_processes_run_as_were_asked_for_however_few_the_cores(stage: Stage) -> None:
    folder = stage.python(
        RANK + "os.write(1, f'{rank} of {size}\\n'.encode())", resources=resources(5)
    )
    assert stage.finish(folder)["state"] == "completed", log_of(folder)
    assert sorted(log_of(folder).splitlines()) == [f"{rank} of 5" for rank in range(5)]


def test_the_exit_code_of_a_rank_is_the_runs(stage: Stage) -> None:
    code = RANK + "import sys, time\nif rank == '1': sys.exit(5)\ntime.sleep(1000)"
    found = stage.finish(stage.python(code, resources=resources(3)))
    assert (found["state"], found["exit_code"]) == ("failed", 5)
    assert stage.left() == []


def test_a_cancel_ends_all_ranks(stage: Stage) -> None:
    code = RANK + "import time\nprint('on', flush=True); time.sleep(1000)"
    folder = stage.python(code, resources=resources(3))
    until(lambda: log_of(folder).count("on") == 3, "the ranks")
    status.cancel(folder)
    assert stage.finish(folder)["state"] == "canceled"
    assert stage.left() == []


def test_without_mpirun_it_is_said(stage: Stage, tmp_path: Path) -> None:
    folder = stage.python("1", resources=resources(2), env={"PATH": str(tmp_path)})
    error = stage.finish(folder)["error"]
    assert error.endswith("MPI is asked for, and mpirun is not on this target")
