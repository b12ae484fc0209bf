"""What Slurm is asked, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_compute.drivers import _slurm_commands as commands
from jupyter_compute.drivers import _slurm_states as states
from jupyter_compute.drivers.slurm import SlurmDriver, SlurmOptions, slurm_id
from jupyter_compute.errors import ConfigError
from jupyter_compute.model import Distribution, Job, Resources, RunState
from jupyter_compute.options import read_options, schema_of

# Every state that the manual of squeue has.
_GOING_ON = (
    *(
        "CONFIGURING",
        "COMPLETING",
        "PENDING",
        "RUNNING",
        "RESV_DEL_HOLD",
        "REQUEUE_FED",
        "REQUEUED",
    ),
    *("REQUEUE_HOLD", "RESIZING", "SIGNALING", "SPECIAL_EXIT", "STAGE_OUT", "STOPPED", "SUSPENDED"),
)
_OVER = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"),
    *("PREEMPTED", "REVOKED", "TIMEOUT"),
)


def job(**more: Any) -> Job:
    return Job(run_id="r-1.x", argv=("true",), snapshot_id="0" * 64, digests=(), **more)


@pytest.mark.parametrize("state", [*_GOING_ON, *_OVER])
def test_every_state_of_slurm_has_a_meaning_and_only_some_are_an_end(state: str) -> None:
    meaning = states.meaning_of(state)
    assert not meaning.words.startswith("Slurm says")
    assert meaning.is_over == (state in _OVER)


def test_a_state_that_is_not_known_is_no_end() -> None:
    assert states.meaning_of("ENTANGLED").state is RunState.RUNNING
    assert states.meaning_of("").state is RunState.RUNNING
    assert states.meaning_of("CANCELLED by 1000").state is RunState.CANCELED


@pytest.mark.parametrize(
    ("reason", "start", "said"),
    [
        ("Priority", "N/A", "PENDING: Priority (others come before it)"),
        ("None", "", "PENDING"),
        ("(Resources)", "N/A", "PENDING: Resources (what it asks for is not free)"),
        ("QOSMaxJobsPerUserLimit", "", "PENDING: QOSMaxJobsPerUserLimit (a limit of its QOS is"),
        ("AssocGrpCpuLimit", "", "a limit of its account is reached"),
        ("ReqNodeNotAvail, UnavailableNodes:n7", "", "UnavailableNodes:n7 (a node it asks for is"),
        ("SomethingNew", "", "PENDING: SomethingNew"),
        ("Priority", "2027-01-20T14:05:31", "start expected 2027-01-20 14:05"),
    ],
)
def test_why_a_job_waits_is_said_in_words(reason: str, start: str, said: str) -> None:
    assert said in states.why_waiting("PENDING", reason, start)


@pytest.mark.parametrize(
    ("words", "is_full", "is_silence"),
    [
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv", False, True),
        ("sbatch: error: Unable to contact slurm controller (connect failure)", False, True),
        ("sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job …", True, False),
        ("Slurm temporarily unable to accept job, sleeping and retrying", True, False),
        ("sbatch: error: invalid partition specified: gpux", False, False),
        ("sbatch: unrecognized option '--exclusiv'", False, False),
    ],
)
def test_a_refusal_is_told_from_silence_and_from_a_full_queue(
    words: str, is_full: bool, is_silence: bool
) -> None:
    assert states.is_full(words) == is_full
    assert states.is_silence(words) == is_silence
    assert states.hint_for(words)


def test_what_slurm_complains_of_is_one_line_without_its_own_name() -> None:
    said = "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job failed\n"
    assert states.plain(said) == "invalid partition specified: x; Batch job failed"


def test_a_job_asks_for_what_its_run_asks_for_and_for_nothing_else() -> None:
    plain = commands.sbatch(job(), SlurmOptions())
    assert not any(word.startswith(("--nodes", "--mem", "--time", "--gres")) for word in plain)
    assert "--job-name=jc-1-r-1.x" in plain and "--no-requeue" in plain
    wanted = Resources(
        nodes=2,
        processes_per_node=4,
        cpus=1.5,
        gpus=1,
        memory_gb=0.5,
        time_limit_min=0.2,
        distribution=Distribution.PYTORCH,
    )
    asked = commands.sbatch(job(resources=wanted, requeues=3), SlurmOptions(partition="gpu"))
    for word in (
        "--nodes=2",
        "--ntasks-per-node=4",
        "--cpus-per-task=2",
        "--gres=gpu:1",
        "--mem=500M",
        "--time=1",
        "--partition=gpu",
        "--requeue",
        "--signal=B:USR2@60",
    ):
        assert word in asked


def test_a_script_has_what_the_target_wants_before_the_keeper() -> None:
    options = SlurmOptions(sbatch=("--exclusive", "#SBATCH -C a"), modules=("gcc",), prologue="x=1")
    lines = commands.script(job(attempt=2), options).splitlines()
    assert lines[0] == "#!/bin/bash -l"
    assert lines[1:5] == [
        "#SBATCH --exclusive",
        "#SBATCH -C a",
        "module load gcc || exit 1",
        "x=1",
    ]
    assert lines[5].startswith("exec @KEEPER@$((2 + ")


def test_the_name_of_a_job_leads_back_to_its_run() -> None:
    assert commands.run_of(commands.name_of("r-1.x", 12)) == ("r-1.x", 12)
    assert commands.run_of("jc-probe") is None
    assert commands.run_of("somebody's job") is None


def test_a_row_of_the_queue_is_read_by_its_columns() -> None:
    cells = {"JobID": "7", "Name": "jc-1-r", "State": "PENDING", "RestartCnt": "0"}
    cells.update(StartTime="N/A", Reason="ReqNodeNotAvail, may be down")
    line = "".join(cells[name].ljust(width) for name, width in commands._COLUMNS)
    assert list(commands.rows_of(f"{line}\n\n")) == [cells]


@pytest.mark.parametrize(
    ("job_id", "number"), [("12", "12"), ("12+1", "12"), ("r-1.x/1", ""), ("", "")]
)
def test_slurms_number_is_found_in_the_id_of_a_job(job_id: str, number: str) -> None:
    assert slurm_id(job_id) == number


@pytest.mark.parametrize(
    "options",
    [
        {"partition": "a b"},
        {"account": "-x"},
        {"qos": "a\nb"},
        {"sbatch": ("--exclusive\nrm -r /",)},
        {"modules": ("",)},
        {"password": "hunter2"},
        {"signal_s": -1},
        {"container_mounts": ("data",)},
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_options(SlurmOptions, options)
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_nothing_must_be_given_and_every_option_is_described() -> None:
    schema = schema_of(SlurmOptions)
    assert not schema.get("required")
    assert all(field.get("description") for field in schema["properties"].values())


def test_each_queue_of_a_cluster_is_a_place_of_its_own() -> None:
    def place(**options: Any) -> str:
        return SlurmDriver.resource_id(SlurmOptions(**options))

    assert place() == "slurm+local"
    assert place(partition="a", qos="b") == "slurm+local/a?qos=b"
    assert len({place(), place(partition="a"), place(account="a"), place(partition="b")}) == 4
