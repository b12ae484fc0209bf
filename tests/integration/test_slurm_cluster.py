"""The Slurm that tests stand on is what it claims to be."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clusters.slurm import Slurm
from machines import Login, Sshd

_PATIENCE_S = 60.0
_HOLD = """
import sys
from pathlib import Path
from clusters.slurm import Slurm

with Slurm(Path(sys.argv[1]), nodes=1) as slurm:
    slurm.run("sbatch", "--wrap", "setsid sleep 4321 & wait")
    while not any(process.name == "sleep" for process in slurm.processes("n1")):
        pass
    print("ready", flush=True)
    sys.stdin.read()
"""


def _wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _submit(slurm: Slurm, script: str, *options: str) -> int:
    told = slurm.run("sbatch", "--parsable", "--output=/dev/null", *options, "--wrap", script)
    return int(told.split(";")[0])


def test_a_job_runs_on_each_node_and_a_node_has_a_name_and_a_boot_of_its_own(
    slurm: Slurm, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    show = "srun sh -c 'hostname; cat /proc/sys/kernel/random/boot_id'"
    slurm.run("sbatch", "--wait", "--nodes=2", f"--output={said}", "--wrap", show)
    words = said.read_text().split()
    assert {"n1", "n2"} < set(words)
    assert len(set(words)) == 4


def test_clients_are_counted_and_fail_or_lose_the_answer_when_told(slurm: Slurm) -> None:
    env = {**os.environ, **slurm.env}
    submit = ["sbatch", "--job-name=lost one", "--output=/dev/null", "--wrap", "true"]
    slurm.commands.forget()
    slurm.commands.lose("sbatch")
    lost = subprocess.run(submit, env=env, capture_output=True, text=True)
    assert (lost.returncode, lost.stdout) == (1, "")
    assert "Socket timed out" in lost.stderr
    assert len(slurm.jobs("lost one")) == 1
    assert subprocess.run(submit, env=env, capture_output=True).returncode == 0
    with slurm.commands.failing("squeue"):
        failed = subprocess.run("squeue", env=env, capture_output=True, text=True)
        assert failed.returncode == 1 and "Unable to contact" in failed.stderr
    with slurm.commands.hanging("squeue"):
        hanging = subprocess.Popen("squeue", env=env, stderr=subprocess.DEVNULL)
        _wait_for(lambda: len(slurm.commands.calls("squeue")) == 2)
        assert hanging.poll() is None
    assert hanging.wait(_PATIENCE_S) == 1
    assert [call.split()[0] for call in slurm.commands.calls()] == 2 * ["sbatch"] + 2 * ["squeue"]


def test_a_node_without_power_takes_its_jobs_along_and_they_start_anew(slurm: Slurm) -> None:
    job = _submit(slurm, "setsid sleep 4321 & wait", "--nodelist=n2")
    _wait_for(lambda: any(process.name == "sleep" for process in slurm.processes("n2")))
    sleeper = next(process for process in slurm.processes("n2") if process.name == "sleep")
    slurm.kill_node("n2")
    assert not Path(f"/proc/{sleeper.host_pid}").exists()
    assert [(found.state, found.restarts) for found in slurm.jobs() if found.id == job] == [
        ("PENDING", 1)
    ]
    slurm.start_node("n2")
    slurm.run("scancel", str(job))


def test_a_controller_comes_back_with_its_jobs(slurm: Slurm) -> None:
    job = _submit(slurm, "sleep 4321")
    _wait_for(lambda: slurm.state(job) == "RUNNING")
    slurm.kill_controller()
    slurm.start_controller()
    assert slurm.state(job) == "RUNNING"
    slurm.cancel_all()
    assert slurm.state(job) == "CANCELLED"


def test_accounting_keeps_what_the_controller_forgot(slurm_with_accounting: Slurm) -> None:
    slurm = slurm_with_accounting
    job = _submit(slurm, "exit 3", "--account=lab")
    show = ("sacct", "-X", "-n", "-P", f"--jobs={job}", "--format=State,ExitCode,Account")
    _wait_for(lambda: slurm.run(*show) == "FAILED|3:0|lab\n")


def test_limits_of_an_account_refuse_a_job(slurm_with_accounting: Slurm) -> None:
    slurm = slurm_with_accounting
    with slurm.limit("lab", maxsubmitjobs=1):
        job = _submit(slurm, "sleep 4321", "--account=lab")
        words = ["sbatch", "--account=lab", "--wrap", "true"]
        refused = subprocess.run(
            words, env={**os.environ, **slurm.env}, capture_output=True, text=True
        )
        assert "AssocMaxSubmitJobLimit" in refused.stderr
    slurm.run("scancel", str(job))


def test_who_logs_in_by_ssh_finds_the_same_cluster(slurm: Slurm, tmp_path: Path) -> None:
    with Sshd(tmp_path / "sshd", env=slurm.env) as sshd:
        login = Login(tmp_path / "login", sshd.ssh_config)
        shown = login.run(sshd.name, "command -v squeue; sinfo --noheader --Node --format=%N")
    assert shown.stdout.split()[0].startswith(str(slurm.folder))
    assert set(shown.stdout.split()[1:]) == {"n1", "n2"}


def test_nothing_is_left_when_whoever_started_it_is_gone(
    engine: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine("slurm")
    folder = tmp_path_factory.mktemp("slurm")
    words = [sys.executable, "-c", _HOLD, str(folder)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    holder = subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdin
    assert holder.stdout.readline() == b"ready\n"
    assert len(_of(folder)) >= 5
    holder.kill()
    holder.wait()
    _wait_for(lambda: not _of(folder))
    holder.stdin.close()
    holder.stdout.close()


def _of(folder: Path) -> list[str]:
    """Find the processes that know of a folder, by their command line or their variables."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in known and process.name != str(os.getpid()):
            found.append(process.name)
    return found
