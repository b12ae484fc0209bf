"""What is particular to this machine as a target, and to a driver on a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from interpreters import interpreters

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.local import LocalDriver, LocalOptions
from jupyter_compute.errors import ConfigError, DriverError, NotFoundError, TargetUnreachableError
from jupyter_compute.model import Job, JobStatus, RunState, Secret, TargetInfo
from jupyter_compute.options import read_options
from jupyter_compute.testing import MemoryBlobs, leave, make_job, rest, say

PATIENCE_S = 90.0


def make_driver(folder: Path, python: str = sys.executable, **options: Any) -> LocalDriver:
    context = DriverContext(target="local", folder=str(folder / "target"), default_python=python)
    return LocalDriver(context, LocalOptions(**options))


def play(driver: LocalDriver, act: Callable[[LocalDriver], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        try:
            return await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()

    return asyncio.run(whole())


async def over(driver: LocalDriver, job: Job) -> JobStatus:
    known: dict[str, JobStatus] = {}
    while True:
        known = await driver.poll([job], known, 5)
        if job.run_id in known and known[job.run_id].state.is_final:
            return known[job.run_id]


async def run(driver: LocalDriver, job: Job, blobs: MemoryBlobs) -> JobStatus:
    await driver.upload(job.digests, blobs)
    await driver.launch(job)
    return await over(driver, job)


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


# -- what can be said about it -----------------------------------------------------------------


def test_slots_are_two_a_core_or_as_said(tmp_path: Path) -> None:
    info = play(make_driver(tmp_path), lambda driver: driver.check())
    assert info.slots == max(1, round(2 * info.cpus))
    assert info.python == ".".join(map(str, sys.version_info[:3]))
    info = play(make_driver(tmp_path, slots=3), lambda driver: driver.check())
    assert info.slots == 3


def test_how_much_can_run_there_is_known_without_a_look_at_its_tools(tmp_path: Path) -> None:
    async def act(driver: LocalDriver) -> tuple[TargetInfo, TargetInfo]:
        return await driver.measure(), await driver.check()

    brief, whole = play(make_driver(tmp_path), act)
    assert (brief.cpus, brief.memory_gb, brief.slots) == (whole.cpus, whole.memory_gb, whole.slots)
    assert whole.facts["uv"] and whole.facts["containers"] and whole.facts["disk free"]
    assert brief.facts["disk free"] and "uv" not in brief.facts
    assert "login" not in whole.facts and "clock" not in whole.facts


def test_options_come_from_flags_and_wrong_ones_are_named() -> None:
    assert read_options(LocalOptions, {"slots": "5"}) == LocalOptions(slots=5)
    with pytest.raises(ConfigError, match="slot"):
        read_options(LocalOptions, {"slotz": "5"})


def test_every_local_target_is_one_place() -> None:
    assert LocalDriver.resource_id(LocalOptions(slots=1)) == LocalDriver.resource_id(LocalOptions())


# -- what can be wrong with it -----------------------------------------------------------------


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    driver = make_driver(tmp_path, "/no/such/python")
    with pytest.raises(DriverError, match="/no/such/python") as caught:
        play(driver, lambda driver: driver.list_jobs())
    assert not isinstance(caught.value, TargetUnreachableError)
    assert (caught.value.target, caught.value.kind) == ("local", "local")
    assert "python" in caught.value.hint
    info = play(driver, lambda driver: driver.check())
    assert not info.is_usable and "/no/such/python" in info.problems[0].message


def test_an_interpreter_that_is_none_or_too_old_says_so(tmp_path: Path) -> None:
    old = script(tmp_path / "old", "#!/bin/sh\necho 'needs Python 3.8 or newer' >&2\nexit 1\n")
    with pytest.raises(DriverError, match=r"3\.8 or newer"):
        play(make_driver(tmp_path, old), lambda driver: driver.list_jobs())


def test_noise_before_the_greeting_is_passed_over(tmp_path: Path) -> None:
    noise = "echo 'Welcome!'; head -c 100000 /dev/zero; echo motd >&2"
    python = script(tmp_path / "python", f'#!/bin/sh\n{noise}\nexec {sys.executable} "$@"\n')
    assert play(make_driver(tmp_path, python), lambda driver: driver.list_jobs()) == []


def test_an_agent_that_is_killed_at_once_is_no_answer(tmp_path: Path) -> None:
    python = script(tmp_path / "python", "#!/bin/sh\nkill -9 $$\n")
    with pytest.raises(TargetUnreachableError, match="SIGKILL"):
        play(make_driver(tmp_path, python), lambda driver: driver.list_jobs())


def test_a_greeting_that_never_comes_is_no_answer(tmp_path: Path) -> None:
    python = script(tmp_path / "python", "#!/bin/sh\necho Password:\nexec cat >/dev/null\n")
    driver = make_driver(tmp_path, python)
    driver.host.greeting_s = 0.3
    with pytest.raises(TargetUnreachableError, match="Password:"):
        play(driver, lambda driver: driver.list_jobs())


def test_a_root_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    (tmp_path / "file").write_text("")
    driver.hello = {"root": str(tmp_path / "file")}
    with pytest.raises(DriverError, match="file") as caught:
        play(driver, lambda driver: driver.list_jobs())
    assert not isinstance(caught.value, TargetUnreachableError)


def test_an_agent_that_falls_silent_is_no_answer_and_then_replaced(tmp_path: Path) -> None:
    driver = make_driver(tmp_path)
    driver.silence_s = 1.5

    async def act(driver: LocalDriver) -> None:
        await driver.list_jobs()
        assert driver.agent is not None
        driver.silence_s = 60.0
        pid = driver.agent.hello["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(TargetUnreachableError, match="silent"):
                await driver.execute(["true"])
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await driver.list_jobs() == []
        assert driver.agent.hello["pid"] != pid

    play(driver, act)


def test_a_run_that_is_not_here_cannot_be_read(tmp_path: Path) -> None:
    job = make_job(MemoryBlobs(), leave(0))
    with pytest.raises(NotFoundError, match=job.run_id):
        play(make_driver(tmp_path), lambda driver: driver.read(job, "log", 0))


# -- what a run sees ---------------------------------------------------------------------------


def test_a_secret_reaches_the_run_and_no_file(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    secret = "correct horse " + "battery"
    code = b"import os; print(len(os.environ['TOKEN']))"
    job = make_job(blobs, files={"show.py": code})
    job = msgspec.structs.replace(
        job, argv=("{python}", "show.py"), secret_env={"TOKEN": Secret(secret)}
    )

    async def act(driver: LocalDriver) -> bytes:
        assert (await run(driver, job, blobs)).exit_code == 0
        return await driver.read(job, "log", 0)

    assert play(make_driver(tmp_path), act) == b"%d\n" % len(secret)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()


def test_a_run_imports_what_comes_with_it_from_its_own_snapshot_first(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    code = b"import jupyter_compute_run; print(jupyter_compute_run.__file__)"
    job = msgspec.structs.replace(
        make_job(blobs, files={"show.py": code}), argv=("{python}", "show.py")
    )

    async def act(driver: LocalDriver) -> bytes:
        await run(driver, job, blobs)
        return await driver.read(job, "log", 0)

    assert play(make_driver(tmp_path), act).startswith(str(tmp_path / "target/lib").encode())


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).resolve().name)
def test_a_job_runs_on_every_interpreter_that_a_target_could_have(
    tmp_path: Path, python: str
) -> None:
    blobs = MemoryBlobs()
    code = b"import sys; print(sys.version_info[:2]); import jupyter_compute_run"
    job = msgspec.structs.replace(
        make_job(blobs, files={"show.py": code}), argv=("{python}", "show.py")
    )

    async def act(driver: LocalDriver) -> None:
        assert (await run(driver, job, blobs)).error == ""
        version = ", ".join((await driver.check()).python.split(".")[:2])
        assert await driver.read(job, "log", 0) == f"({version})\n".encode()

    play(make_driver(tmp_path, python), act)


def test_the_agent_and_its_children_are_gone_when_it_is_closed(tmp_path: Path) -> None:
    async def act(driver: LocalDriver) -> int:
        await driver.list_jobs()
        assert driver.agent is not None
        return int(driver.agent.hello["pid"])

    pid = play(make_driver(tmp_path), act)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# -- for kinds on top --------------------------------------------------------------------------


def test_a_command_runs_there(tmp_path: Path) -> None:
    async def act(driver: LocalDriver) -> None:
        done = await driver.execute(["cat"], input=b"x" * 300_000)
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"x" * 300_000, b"")
        done = await driver.execute(["sh", "-c", "echo $A; exit 3"], env={"A": "b"}, cwd="/")
        assert (done.exit_code, done.stdout) == (3, b"b\n")
        with pytest.raises(DriverError, match="sbatch-that-is-not-there"):
            await driver.execute(["sbatch-that-is-not-there"])

    play(make_driver(tmp_path), act)


def test_many_ended_runs_are_found_again_in_one_poll(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    template = make_job(blobs, leave(0))
    jobs = [msgspec.structs.replace(template, run_id=f"r{number:09d}") for number in range(300)]
    status = json.dumps({"state": "completed", "exit_code": 0, "ended": time.time()})
    for job in jobs:
        folder = tmp_path / "target/runs" / job.run_id / "1"
        folder.mkdir(parents=True)
        (folder / "job.json").write_text("{}")
        (folder / "exit.json").write_text(status)
        os.utime(folder / "exit.json", (1e9, 1e9))

    async def act(driver: LocalDriver) -> None:
        found = await driver.poll(jobs)
        assert {status.state for status in found.values()} == {RunState.COMPLETED}
        assert len(found) == 300
        assert await driver.poll(jobs, found, 0.01) == found
        assert len(await driver.list_jobs()) == 300

    play(make_driver(tmp_path), act)


def test_a_killed_keeper_is_noticed_by_a_held_poll(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    job = make_job(blobs, say("on\n"), rest(600))

    async def act(driver: LocalDriver) -> JobStatus:
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        await driver.read(job, "log", 0, PATIENCE_S)
        state = tmp_path / "target/runs" / job.run_id / "1/state.json"
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
        return await over(driver, job)

    status = play(make_driver(tmp_path), act)
    assert status.state is RunState.FAILED and "keeper" in status.error


def test_large_blobs_of_the_workspace_are_not_sent_through_the_pipe(tmp_path: Path) -> None:
    class FileBlobs(MemoryBlobs):
        """Blobs that stand alone, as the workspace's large ones do; reading them is an error."""

        def large_path(self, digest: str) -> str:
            path = tmp_path / digest
            if not path.exists():
                path.write_bytes(self._blobs[digest])
            return str(path)

        def open(self, digest: str) -> Any:
            assert self.size(digest) < 1000
            return super().open(digest)

    blobs = FileBlobs()
    data = os.urandom(3_000_000)
    job = make_job(blobs, leave(0), files={"data.bin": data})
    status = play(make_driver(tmp_path), lambda driver: run(driver, job, blobs))
    assert status.exit_code == 0
    work = tmp_path / "target/runs" / job.run_id / "1/work"
    assert (work / "data.bin").read_bytes() == data
    (work / "data.bin").write_bytes(b"changed")
    source = next(path for path in tmp_path.iterdir() if path.is_file())
    assert source.read_bytes() == data


def test_an_upload_that_cannot_be_read_leaves_nothing_open(tmp_path: Path) -> None:
    class BrokenBlobs(MemoryBlobs):
        def open(self, digest: str) -> Any:
            raise NotFoundError(f"{digest} is gone")

    broken, whole = BrokenBlobs(), MemoryBlobs()
    digests = [blobs.add(b"x" * 1_000_000) for blobs in (broken, whole)][:1]

    async def act(driver: LocalDriver) -> None:
        with pytest.raises(NotFoundError):
            await driver.upload(digests, broken)
        await driver.upload(digests, whole)

    play(make_driver(tmp_path), act)


def test_a_status_that_makes_no_sense_does_not_hide_the_others(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    template = make_job(blobs, leave(0))
    jobs = [msgspec.structs.replace(template, run_id=f"r{number}") for number in range(2)]
    for job, state in zip(jobs, ("completed", "flying"), strict=True):
        folder = tmp_path / "target/runs" / job.run_id / "1"
        folder.mkdir(parents=True)
        (folder / "exit.json").write_text(json.dumps({"state": state}))

    found = play(make_driver(tmp_path), lambda driver: driver.poll(jobs))
    assert found["r0"].state is RunState.COMPLETED
    assert not found["r1"].state.is_final and "flying" in found["r1"].reason


def test_a_call_that_is_held_when_the_driver_is_closed_opens_no_pipe_again(tmp_path: Path) -> None:
    async def act(driver: LocalDriver) -> None:
        await driver.list_jobs()
        held = asyncio.ensure_future(driver.poll([], {}, 600))
        await asyncio.sleep(0)
        while driver.agent is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await driver.close()
        with pytest.raises(TargetUnreachableError):
            await held
        assert driver.agent is None

    play(make_driver(tmp_path), act)


def test_a_read_that_waits_ends_when_the_keeper_is_killed(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    job = make_job(blobs, say("on\n"), rest(600))

    async def act(driver: LocalDriver) -> None:
        await driver.upload(job.digests, blobs)
        await driver.launch(job)
        assert await driver.read(job, "log", 0, PATIENCE_S) == b"on\n"
        state = tmp_path / "target/runs" / job.run_id / "1/state.json"
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
        assert await driver.read(job, "log", 3, 600) == b""

    play(make_driver(tmp_path), act)
