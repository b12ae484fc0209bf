"""A run goes on in another attempt where its first was taken away, and ends where it is not."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clusters.slurm import Slurm
from killer import LINES
from slurm_survivors import SlurmStage, fill, stages_of
from survivors import until

from jupyter_compute.model import RunState

SetUp = Callable[..., SlurmStage]

COUNTING = """
import os, signal, sys, time

place = sys.argv[1]
path = os.path.join(os.environ["JUPYTER_COMPUTE_CHECKPOINT"], "number")
number = int(open(path).read()) if os.path.exists(path) else 0
print("from", number, flush=True)

def keep(*_):
    with open(path, "w") as file:
        file.write(str(number))
    print("kept", number, flush=True)

signal.signal(signal.SIGTERM, keep)
signal.signal(signal.SIGUSR2, keep)
while not os.path.exists(os.path.join(place, "hold")):
    number += 1
    if number % 10 == 0:
        keep()
    time.sleep(0.01)
print("done", flush=True)
"""


@pytest.fixture
def new_stage(slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set up a workspace; the arguments are those of ``SlurmStage``."""
    with stages_of(slurm, tmp_path, monkeypatch) as set_up:
        yield set_up


def test_a_preempted_run_goes_on_from_its_checkpoint_in_another_attempt(
    slurm: Slurm, new_stage: SetUp
) -> None:
    stage = new_stage(partition="low")
    (stage.source / "counting.py").write_text(COUNTING)
    command = ["python", "counting.py", str(stage.place)]
    run = stage.client.submit(command, source=stage.source, target=stage.target, name="run")
    until(lambda: b"kept 20\n" in stage.client.log(run.id), "a checkpoint")
    filler = fill(slurm, "--partition=high")
    until(lambda: stage.client.run(run.id).attempt == 2, "another attempt")
    assert not stage.client.run(run.id).is_final
    slurm.run("scancel", str(filler))
    (stage.place / "hold").touch()
    (run,) = stage.over(run.id)
    assert (run.state, run.attempt) == (RunState.COMPLETED, 2), run
    log = stage.client.log(run.id)
    assert log.startswith(b"from ") and int(log.split()[1]) >= 20, log
    assert len(stage.jobs(run)) == 1


def test_a_run_that_is_preempted_for_good_goes_on_in_another_job(
    slurm: Slurm, new_stage: SetUp
) -> None:
    stage = new_stage(partition="spare")
    run = stage.submit("run", LINES, stage.place / "hold")
    stage.until_in_state(run.id, "running")
    until(lambda: stage.client.log(run.id).endswith(b"000059\n"), "its last line")
    filler = fill(slurm, "--partition=high")
    until(lambda: stage.client.run(run.id).attempt == 2, "another attempt")
    slurm.run("scancel", str(filler))
    (stage.place / "hold").touch()
    (run,) = stage.over(run.id)
    stage.check_facts(run, attempt=2, starts=2, lines=LINES)
    first, second = stage.jobs(run)
    assert first.state == "PREEMPTED" and second.id > first.id


def test_a_submit_from_inside_a_job_is_a_job_like_any_other(slurm: Slurm, new_stage: SetUp) -> None:
    """What Slurm has set for the one around it says nothing about the new one."""
    stage = new_stage()
    submit = (
        "from survivors import *; import sys\n"
        "with Client(sys.argv[1]) as client:\n"
        "    run = submit(client, Path(sys.argv[2]), sys.argv[3], 'inner', 60, target='lab')\n"
        "    process.ensure(client.workspace)\n"
        "    until(lambda: client.run(run.id).job_id, 'a job')\n"
    )
    words = [sys.executable, "-c", submit, str(stage.home), str(stage.source), stage.there]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    around = ["srun", "--nodes=2", "--ntasks=1", "--cpus-per-task=3", "--time=2", "--mem=50"]
    subprocess.run([*around, *words], env=env, check=True)
    run = stage.runs()["inner"]
    (run,) = stage.over(run.id)
    stage.check_whole(run, 60)


def test_names_of_any_sort_do_no_harm(new_stage: SetUp) -> None:
    stage = new_stage()
    submit = functools.partial(stage.client.submit, ["echo", "fine"], source=stage.source)
    names = ("50% of %j", "-x ünï 'q\" \\b", "x" * 200)
    runs = [submit(target=stage.target, name=name) for name in names]
    for run in stage.over(*(run.id for run in runs)):
        assert (run.state, stage.client.log(run.id)) == (RunState.COMPLETED, b"fine\n")


def test_a_run_that_is_too_long_fails_as_that(new_stage: SetUp, slurm: Slurm) -> None:
    stage = new_stage()
    run = stage.submit("run", LINES, stage.place / "hold")
    stage.until_in_state(run.id, "running")
    slurm.end_in(stage.until_job(run, "RUNNING").id, 2)
    (run,) = stage.over(run.id)
    assert run.state is RunState.FAILED and "time" in run.error, run


def test_a_run_that_is_warned_of_its_end_goes_on_from_its_checkpoint(
    new_stage: SetUp, slurm: Slurm
) -> None:
    """Slurm itself warns it, and starts its job again: nobody of ours has to be there."""
    stage = new_stage(signal_s=120)
    program = COUNTING.replace(
        "signal.signal(signal.SIGUSR2, keep)",
        "signal.signal(signal.SIGUSR2, lambda *_: (keep(), os._exit(3)))",
    )
    (stage.source / "counting.py").write_text(program)
    command = ["python", "counting.py", str(stage.place)]
    run = stage.client.submit(command, source=stage.source, target=stage.target, name="run")
    until(lambda: b"kept 20\n" in stage.client.log(run.id), "a checkpoint")
    slurm.end_in(stage.until_job(run, "RUNNING").id, 90)
    until(lambda: stage.client.run(run.id).attempt == 2, "another attempt")
    (stage.place / "hold").touch()
    (run,) = stage.over(run.id)
    assert (run.state, run.attempt) == (RunState.COMPLETED, 2), run
    assert int(stage.client.log(run.id).split()[1]) >= 20
    (job,) = stage.jobs(run)
    assert job.restarts == 1
