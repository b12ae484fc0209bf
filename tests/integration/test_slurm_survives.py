"""The whole product on a real Slurm whose daemons die, whose nodes lose power, that is silent.

What runs have done is noted outside the product, and compared with what the product says.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import slurm_crash
from clusters.slurm import Slurm
from killer import LINES, SEED, kill
from machines import Sshd
from slurm_survivors import SlurmStage, fill, stages_of
from survivors import until

from jupyter_compute.drivers._slurm_endings import Endings
from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.model import Run, RunState
from jupyter_compute.testing import rest, say
from jupyter_compute.testing.house import House

SetUp = Callable[..., SlurmStage]


@pytest.fixture(scope="module")
def cluster(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Slurm]:
    """A cluster that tests break, and mend."""
    engine("slurm")
    with Slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


@pytest.fixture
def new_stage(cluster: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set up a workspace; the arguments are those of ``SlurmStage``."""
    with stages_of(cluster, tmp_path, monkeypatch) as set_up:
        yield set_up


# -- the cluster's controller ------------------------------------------------------------------


def test_a_killed_slurmctld_delays_and_loses_nothing(new_stage: SetUp, cluster: Slurm) -> None:
    stage = new_stage()
    hold = stage.place / "hold"
    running = stage.submit("running", LINES, hold)
    ending = stage.submit("ending", LINES, stage.place / "hold-ending")
    stage.until_in_state(running.id, "running")
    stage.until_in_state(ending.id, "running")
    cluster.kill_controller()
    (stage.place / "hold-ending").touch()
    until(lambda: stage.note("ends", "ending"), "the end of one of them")
    waiting = stage.submit("waiting", LINES)
    until(lambda: "no answer" in stage.client.run(waiting.id).reason, "that it does not answer")
    assert stage.client.run(running.id).state is RunState.RUNNING
    cluster.start_controller()
    hold.touch()
    for run in stage.over(running.id, ending.id, waiting.id):
        stage.check_whole(run, LINES)


def test_a_job_that_slurmctld_forgot_before_it_ran_is_handed_over_again(
    cluster: Slurm, new_stage: SetUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes down what it knows every few seconds, and is killed before."""
    assert new_stage
    monkeypatch.setattr(Endings, "absent_s", 3.0)
    filler = fill(cluster)
    options = {"root": str(tmp_path / "shared")}
    house = House(tmp_path / "home", SlurmDriver, options, python=sys.executable)

    async def act() -> list[Run]:
        async with house.serving():
            runs = []
            while not runs or cluster.jobs(_name_of(runs[-1])):
                # With luck it writes down the job in time, and we try again.
                runs.append(house.submit(say("here\n")))
                await house.until(runs[-1].id, lambda run: bool(run.job_id))
                cluster.kill_controller(saved=False)
                cluster.start_controller()
            cluster.run("scancel", str(filler))
            return [await house.over(run.id) for run in runs]

    for run in asyncio.run(act()):
        assert run.state is RunState.COMPLETED, run
        assert house.file(run, "log") == b"here\n"
    house.close()


def test_a_silent_squeue_is_neither_success_nor_failure(new_stage: SetUp) -> None:
    stage = new_stage()
    commands = stage.slurm.commands
    hold = stage.place / "hold"
    run = stage.submit("run", LINES, hold)
    stage.until_in_state(run.id, "running")
    with commands.failing("squeue", "sacct", "scontrol"):
        commands.forget()
        until(lambda: commands.calls("squeue"), "a question that fails")
        late = stage.submit("late", LINES)
        (late,) = stage.over(late.id)
        stage.check_whole(late, LINES)
        assert stage.client.run(run.id).state is RunState.RUNNING
    with commands.hanging("squeue", "sacct", "scontrol"):
        commands.forget()
        until(lambda: commands.calls("squeue"), "a question that hangs")
        hold.touch()
        until(lambda: stage.note("ends", "run"), "its end")
        assert not stage.client.run(run.id).error
    (run,) = stage.over(run.id)
    stage.check_whole(run, LINES)


# -- submits whose answer is lost --------------------------------------------------------------


@pytest.mark.parametrize("hang", [False, True], ids=["timed-out", "hung"])
def test_a_job_that_was_accepted_without_an_answer_runs_once(hang: bool, new_stage: SetUp) -> None:
    stage = new_stage()
    commands = stage.slurm.commands
    commands.lose("sbatch", hang=hang)
    run = stage.submit("run", LINES)
    until(lambda: commands.calls("sbatch"), "the hand-over")
    if hang:
        until(lambda: stage.jobs(run), "that the cluster has it")
        kill(until(stage.agent, "the agent"))
        commands.heal("sbatch")
    (run,) = stage.over(run.id)
    stage.check_whole(run, LINES)
    assert len(stage.jobs(run)) == 1
    assert len(commands.calls("sbatch")) == 1


# -- nodes -------------------------------------------------------------------------------------


def test_a_node_without_power_ends_an_attempt_and_the_run_goes_on_elsewhere(
    new_stage: SetUp, cluster: Slurm
) -> None:
    stage = new_stage()
    hold = stage.place / "hold"
    run = stage.submit("run", LINES, hold)
    stage.until_in_state(run.id, "running")
    until(lambda: stage.client.log(run.id).endswith(b"000059\n"), "its last line")
    node = stage.node_of(run)
    cluster.kill_node(node)
    try:
        hold.touch()
        (run,) = stage.over(run.id)
    finally:
        cluster.start_node(node)
    stage.check_facts(run, attempt=2, starts=2, lines=LINES)


def test_a_run_whose_nodes_always_die_fails_when_its_budget_is_spent(
    cluster: Slurm, new_stage: SetUp, tmp_path: Path
) -> None:
    assert new_stage
    options = {"root": str(tmp_path / "shared")}
    house = House(tmp_path / "home", SlurmDriver, options, python=sys.executable, requeues=1)

    async def act() -> Run:
        async with house.serving():
            run = house.submit(say("here\n"), rest(1000))
            for attempt in (1, 2):
                await house.until(run.id, lambda run, n=attempt: run.attempt == n)
                await house.state(run.id, RunState.RUNNING)
                (node,) = {job.nodes for job in cluster.jobs() if job.state == "RUNNING"}
                cluster.kill_node(node)
                cluster.start_node(node)
            return await house.over(run.id)

    run = asyncio.run(act())
    house.close()
    assert (run.state, run.attempt) == (RunState.FAILED, 2)
    # Slurm said so, or the job itself when it had begun again.
    assert "2 attempts" in run.error and ("back" in run.error or "again" in run.error)
    assert not [job for job in cluster.jobs() if job.state in ("PENDING", "RUNNING")]


def test_a_killed_keeper_fails_its_run_and_leaves_no_process_on_the_node(new_stage: SetUp) -> None:
    stage = new_stage()
    run = stage.submit("run", LINES, stage.place / "hold")
    stage.until_in_state(run.id, "running")
    kill(until(lambda: stage.keeper(run), "the keeper"))
    (run,) = stage.over(run.id)
    assert (run.state, run.attempt) == (RunState.FAILED, 1), run
    assert "the keeper of the run was killed" in run.error
    until(lambda: not stage.processes_of(run.id), "the end of what was left")


# -- who is here -------------------------------------------------------------------------------


def test_whatever_is_killed_here_no_run_is_lost_or_doubled(new_stage: SetUp) -> None:
    stage = new_stage()
    chance = random.Random(SEED)
    runs = [stage.submit(f"run-{number}", LINES) for number in range(4)]
    killed: list[str] = []
    while len(killed) < 8 and not all(run.is_final for run in stage.runs().values()):
        stage.care()
        time.sleep(chance.uniform(0.0, 0.3))
        who = chance.choice(["controller", "agent", "agent"])
        victim = stage.controller() if who == "controller" else stage.agent()
        if victim:
            kill(victim)
            killed.append(who)
    print(*killed)
    for run in stage.over(*(run.id for run in runs)):
        stage.check_whole(run, LINES)
        assert len(stage.jobs(run)) == 1


def test_a_controller_that_is_killed_at_any_step_is_followed_by_one_that_goes_on(
    cluster: Slurm, new_stage: SetUp, tmp_path: Path
) -> None:
    assert new_stage
    program = str(Path(slurm_crash.__file__))
    started = {}
    for number, step in enumerate(slurm_crash.STEPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        words = [sys.executable, program, str(folder), *map(str, step)]
        started[step] = subprocess.Popen(words, stdout=subprocess.PIPE)
    for step, process in started.items():
        out, _ = process.communicate()
        told = json.loads(out)
        ids = told.pop("ids")
        assert told == {
            "killed": True,
            "whole": ["completed", 0, 1, ""],
            "endless": ["canceled", 1, "canceled by a test"],
            "log": "one\ntwo\n",
            "model": "weights",
            "losses": [1],
        }, step
        jobs = [job for job in cluster.jobs() if any(run in job.name for run in ids)]
        assert len(jobs) == 2, (step, jobs)


def test_a_login_that_is_cut_again_and_again_loses_and_doubles_nothing(
    new_stage: SetUp, cluster: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sshd(tmp_path / "sshd", "login1", env=cluster.env) as login_node:
        host = {"host": login_node.name, "config_file": str(login_node.ssh_config)}
        stage = new_stage(**host)
        monkeypatch.delenv("SLURM_CONF")
        runs = [stage.submit(f"run-{number}", LINES) for number in range(4)]
        for _ in range(5):
            stage.care()
            kill(until(stage.ssh, "the connection"))
        for run in stage.over(*(run.id for run in runs)):
            stage.check_whole(run, LINES)
            assert len(stage.jobs(run)) == 1
        stage.close()


def test_two_who_share_a_folder_there_do_not_mind_each_other(new_stage: SetUp) -> None:
    first = new_stage()
    second = new_stage(root=str(first.root))
    pairs = [(stage, stage.submit("same name", LINES)) for stage in (first, second) for _ in "ab"]
    for stage, run in pairs:
        (run,) = stage.over(run.id)
        assert run.state is RunState.COMPLETED
        assert len(stage.jobs(run)) == 1


# -- ends that somebody wants ------------------------------------------------------------------


def test_a_run_that_waits_is_canceled_and_never_starts(new_stage: SetUp, cluster: Slurm) -> None:
    stage = new_stage()
    fill(cluster)
    run = stage.submit("run")
    stage.until_job(run, "PENDING")
    stage.until_reason(run, "PENDING")
    stage.client.cancel(run.id, "somebody")
    stage.client.cancel(run.id, "somebody else")
    (run,) = stage.over(run.id)
    assert run.state is RunState.CANCELED and "somebody" in run.error
    stage.until_job(run, "CANCELLED")
    assert len(stage.jobs(run)) == 1
    assert stage.note("starts", "run") == b""


def test_a_run_that_runs_is_canceled_with_all_its_processes(new_stage: SetUp) -> None:
    stage = new_stage()
    run = stage.submit("run", LINES, stage.place / "hold")
    stage.until_in_state(run.id, "running")
    until(lambda: stage.note("starts", "run"), "its start")
    stage.client.cancel(run.id, "somebody")
    (run,) = stage.over(run.id)
    stage.check_canceled(run, LINES)
    until(lambda: not stage.processes_of(run.id), "the end of its processes")


def test_what_somebody_else_cancels_is_canceled(new_stage: SetUp) -> None:
    stage = new_stage()
    run = stage.submit("run", LINES, stage.place / "hold")
    stage.until_in_state(run.id, "running")
    stage.slurm.run("scancel", str(stage.until_job(run, "RUNNING").id))
    (run,) = stage.over(run.id)
    assert run.state is RunState.CANCELED, run
    assert run.error


def _name_of(run: Run) -> str:
    return f"jc-{run.attempt}-{run.id}"
