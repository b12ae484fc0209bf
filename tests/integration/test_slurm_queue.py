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

from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.model import Resources, RunState
from jupyter_compute.testing import say
from jupyter_compute.testing.house import House

SetUp = Callable[..., SlurmStage]


@pytest.fixture
def new_stage(slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetUp]:
    """Set up a workspace; the arguments are those of ``SlurmStage``."""
    with stages_of(slurm, tmp_path, monkeypatch) as set_up:
        yield set_up


# -- very many ---------------------------------------------------------------------------------


def test_a_thousand_runs_that_wait_cost_few_questions(
    slurm_with_accounting: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = slurm_with_accounting
    for name, value in slurm.env.items():
        monkeypatch.setenv(name, value)
    fill(slurm)
    options = {"root": str(tmp_path / "shared")}
    house = House(tmp_path / "home", SlurmDriver, options, python=sys.executable)

    async def act() -> list[Any]:
        async with house.serving():
            runs = [house.submit(say("never\n")) for _ in range(1000)]
            for run in runs:
                await house.until(run.id, lambda run: run.reason.startswith("PENDING"))
            slurm.commands.forget()
            for _ in range(3):
                await asyncio.to_thread(_until_asked_again, slurm)
            asked = slurm.commands.calls()
            print(len(asked), "calls for three questions:", *asked, sep="\n")
            assert [call.split()[0] for call in asked].count("squeue") <= 4
            assert not slurm.commands.calls("sacct")
            slurm.cancel_all()
            slurm.commands.forget()
            over = [await house.over(run.id) for run in runs]
            print(len(slurm.commands.calls()), "calls for a thousand ends")
            assert len(slurm.commands.calls("squeue", "sacct")) < 60
            return over

    try:
        for run in asyncio.run(act()):
            assert (run.state, run.attempt) == (RunState.CANCELED, 1), run
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
        ({"partition": "attic"}, Resources(), "invalid partition"),
        ({}, Resources(gpus=9), "not available"),
        ({}, Resources(nodes=50), "not available"),
        ({"constraint": "no-such-thing"}, Resources(), "feature"),
        ({"sbatch": ["--no-such-option"]}, Resources(), "no-such-option"),
    ],
    ids=["partition", "gpus", "nodes", "constraint", "extra"],
)
def test_what_slurm_refuses_fails_with_its_own_words_and_our_hint(
    options: dict[str, Any], resources: Resources, words: str, new_stage: SetUp
) -> None:
    stage = new_stage(**options)
    run = stage.submit("run", resources=resources)
    (run,) = stage.over(run.id)
    assert run.state is RunState.FAILED
    assert words in run.error.lower(), run.error
    assert not stage.jobs(run)
