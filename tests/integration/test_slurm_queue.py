"""Runs in a real Slurm's queue: very many, refused, put off, preempted, and out of time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clusters.slurm import Slurm
from killer import LINES
from slurm_survivors import SlurmStage, fill, stages_of
from survivors import until

from jupyter_compute.drivers import _slurm_queue
from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.model import Resources, Run, RunState
from jupyter_compute.testing import say
from jupyter_compute.testing.house import House

SetUp = Callable[..., SlurmStage]


@pytest.fixture
def new_stage(slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set up a workspace; the arguments are those of ``SlurmStage``."""
    with stages_of(slurm, tmp_path, monkeypatch) as set_up:
        yield set_up


# -- very many ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_very_many_runs_that_wait_cost_few_questions(
    count: int, slurm_with_accounting: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = slurm_with_accounting
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_slurm_queue, "_LONGEST_S", 2.0)
    fill(slurm)
    options = {"root": str(tmp_path / "shared")}
    house = House(tmp_path / "home", SlurmDriver, options, python=sys.executable)

    async def act() -> list[Run]:
        async with house.serving():
            runs = [house.submit(say("never\n")) for _ in range(count)]
            for run in runs:
                await house.until(run.id, lambda run: run.reason.startswith("PENDING"))
            slurm.commands.forget()
            for _ in range(3):
                await asyncio.to_thread(_until_asked_again, slurm)
            asked = [call.split()[0] for call in slurm.commands.calls()]
            assert set(asked) == {"squeue"} and len(asked) <= 4, asked
            slurm.cancel_all()
            slurm.commands.forget()
            over = [await house.over(run.id) for run in runs]
            # Slurm may have cleared them away by parts.
            assert len(slurm.commands.calls("squeue", "sacct")) < 40
            return over

    try:
        for run in asyncio.run(act()):
            assert (run.state, run.attempt) == (RunState.CANCELED, 1), run
        assert not slurm.commands.calls("sbatch")
    finally:
        house.close()
        slurm.cancel_all()


def _until_asked_again(slurm: Slurm) -> None:
    before = len(slurm.commands.calls("squeue"))
    until(lambda: len(slurm.commands.calls("squeue")) > before, "a question")


# -- limits ------------------------------------------------------------------------------------


def test_a_run_beyond_the_limit_of_an_account_waits_and_says_so(
    slurm_with_accounting: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = slurm_with_accounting
    with stages_of(slurm, tmp_path, monkeypatch) as set_up:
        stage = set_up(account="lab")
        hold = stage.place / "hold"
        with slurm.limit("lab", maxsubmitjobs=1):
            first = stage.submit("first", LINES, hold)
            stage.until_in_state(first.id, "running")
            second = stage.submit("second", LINES)
            stage.until_reason(second, "limit")
            third = stage.submit("third", LINES)
            stage.client.cancel(third.id, "somebody")
            (third,) = stage.over(third.id)
            assert third.state is RunState.CANCELED
            hold.touch()
            first, second = stage.over(first.id, second.id)
        for run in (first, second):
            stage.check_whole(run, LINES)


def test_a_run_beyond_what_the_cluster_holds_waits_and_says_so(
    slurm: Slurm, new_stage: SetUp
) -> None:
    stage = new_stage()
    slurm.configure(MaxJobCount=len(slurm.jobs()) + 2)
    try:
        first = stage.submit("first", LINES, stage.place / "hold")
        stage.until_in_state(first.id, "running")
        slurm.configure(MaxJobCount=len(slurm.jobs()))
        second = stage.submit("second", LINES)
        until(lambda: stage.client.run(second.id).reason, "words about that")
        assert not stage.client.run(second.id).is_final
        (stage.place / "hold").touch()
        stage.over(first.id)
    finally:
        slurm.configure(MaxJobCount=10000)
    (second,) = stage.over(second.id)
    stage.check_whole(second, LINES)


@pytest.mark.parametrize(
    ("options", "resources", "words"),
    [
        ({"partition": "attic"}, Resources(), "partition"),
        ({}, Resources(gpus=9), "not available"),
        ({"constraint": "no-such-thing"}, Resources(), "feature"),
        ({"sbatch": ["--no-such-option"]}, Resources(), "no-such-option"),
        ({"sbatch": ["--mem=1.5.2"]}, Resources(), "--mem"),
        ({"prologue": "echo no such module >&2; exit 3"}, Resources(), "no such module"),
    ],
    ids=["partition", "gpus", "constraint", "option", "value", "prologue"],
)
def test_what_slurm_refuses_fails_with_its_own_words_and_our_hint(
    options: dict[str, Any], resources: Resources, words: str, new_stage: SetUp
) -> None:
    stage = new_stage(**options)
    run = stage.client.submit(["true"], source=stage.source, target="lab", resources=resources)
    (run,) = stage.over(run.id)
    assert run.state is RunState.FAILED
    assert words in run.error.lower(), run.error
    assert not [job for job in stage.jobs(run) if job.state in ("PENDING", "RUNNING")]


def test_a_run_that_can_never_start_waits_and_says_why(new_stage: SetUp) -> None:
    stage = new_stage()
    wanted = Resources(nodes=50)
    run = stage.client.submit(["true"], source=stage.source, target="lab", resources=wanted)
    run = stage.until_reason(run, "PENDING: Partition")
    assert "it asks for more" in run.reason
    stage.client.cancel(run.id, "somebody")
    (run,) = stage.over(run.id)
    assert run.state is RunState.CANCELED


def test_accounting_that_is_away_delays_and_loses_nothing(
    slurm_with_accounting: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = slurm_with_accounting
    with stages_of(slurm, tmp_path, monkeypatch) as set_up:
        stage = set_up()
        hold = stage.place / "hold"
        running = stage.submit("running", LINES, hold)
        stage.until_in_state(running.id, "running")
        slurm.kill_dbd()
        try:
            late = stage.submit("late", LINES)
            hold.touch()
            for run in stage.over(running.id, late.id):
                stage.check_whole(run, LINES)
        finally:
            slurm.start_dbd()
