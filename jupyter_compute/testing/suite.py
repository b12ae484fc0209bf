"""A suite that asks a driver's methods one by one, each of them twice, and breaks in between.

Inherit from it in a test module and say which driver::

    class TestMine(DriverSuite):
        driver = MyDriver
        options = {"host": "login1"}

``interrupt`` is where a kind says how its connection is broken without warning.
"""

# ruff: noqa: D102  (the names of the tests are sentences)

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, TypeVar

import msgspec
import pytest

from ..driver import Driver, DriverContext
from ..errors import ComputeError, DriverError
from ..model import Digest, Job, JobStatus, RunState
from .jobs import MemoryBlobs, die, ignore_terminate, leave, make_job, rest, say, tell, write

T = TypeVar("T")

LONG_S = 600.0


class CountingBlobs(MemoryBlobs):
    """Blobs that remember which of them were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Digest] = []

    def open(self, digest: Digest) -> BinaryIO:
        """Open a blob for reading, and remember it."""
        self.opened.append(digest)
        return super().open(digest)


class DriverSuite:
    """What every driver must do, whatever the kind.

    Attributes:
        driver: The kind under test.
        options: The options of the target under test.
        patience_s: How long anything may take; only a broken driver makes a test wait for it.
    """

    driver: ClassVar[type[Driver]]
    options: ClassVar[Mapping[str, Any]] = {}
    patience_s: ClassVar[float] = 90.0

    # -- what a kind may say otherwise ---------------------------------------------------------

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        """Return the options of the target; override it when they need a folder."""
        return self.options

    def make_driver(self, folder: Path) -> Driver:
        """Make a driver; those of one folder are of one target."""
        context = DriverContext(
            target="suite", folder=str(folder / "target"), default_python=sys.executable
        )
        options = msgspec.convert(dict(self.target_options(folder)), self.driver.Options)
        return self.driver(context, options)  # type: ignore[call-arg]

    async def interrupt(self, driver: Driver) -> None:
        """Break what connects the driver with its target, without a word; nothing by default."""

    # -- help for the tests --------------------------------------------------------------------

    @pytest.fixture
    def play(self, tmp_path: Path) -> Callable[[Callable[[Stage], Awaitable[T]]], T]:
        """Return what runs a test's coroutine with a stage of its own."""

        def play(act: Callable[[Stage], Awaitable[T]]) -> T:
            async def whole() -> T:
                stage = Stage(self, tmp_path)
                try:
                    return await act(stage)
                finally:
                    await stage.clear()

            return asyncio.run(whole())

        return play

    # -- check ---------------------------------------------------------------------------------

    def test_making_a_driver_touches_nothing(self, tmp_path: Path) -> None:
        options = msgspec.convert(dict(self.target_options(tmp_path)), self.driver.Options)
        first = self.driver.resource_id(options)
        before = sorted(tmp_path.rglob("*"))
        self.make_driver(tmp_path)
        assert sorted(tmp_path.rglob("*")) == before
        assert self.driver.resource_id(options) == first != ""

    def test_a_check_says_what_is_there_and_again(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            first = await stage.driver.check()
            await self.interrupt(stage.driver)
            second = await stage.driver.check()
            assert first.is_usable, first.problems
            assert (first.resource_id, first.slots) == (second.resource_id, second.slots)
            assert first.slots is None or first.slots > 0

        play(act)

    # -- upload --------------------------------------------------------------------------------

    def test_only_what_is_missing_is_uploaded(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            blobs = CountingBlobs()
            digests = [blobs.add(b"%d" % number * 1000) for number in range(100)]
            await stage.driver.upload(digests[:50], blobs)
            await self.interrupt(stage.driver)
            await stage.driver.upload(digests[:50], blobs)
            other = stage.another()
            blobs.opened.clear()
            await other.upload(digests, blobs)
            assert set(blobs.opened) == set(digests[50:])
            blobs.opened.clear()
            await other.upload(digests, blobs)
            assert blobs.opened == []

        play(act)

    def test_blobs_of_every_size_arrive(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            blobs = stage.blobs
            sizes = (0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 3_000_000)
            files = {f"data/{size}": b"x" * size for size in sizes}
            job = await stage.launch(say("done\n"), files=files)
            await stage.driver.upload([*job.digests, *job.digests], blobs)
            status = await stage.over(job)
            assert (status.state, status.error) == (RunState.COMPLETED, "")

        play(act)

    def test_uploading_nothing_is_fine(self, play: Any) -> None:
        play(lambda stage: stage.driver.upload([], stage.blobs))

    # -- launch --------------------------------------------------------------------------------

    def test_launching_twice_is_launching_once(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("once\n"))
            first = await stage.driver.launch(job)
            await self.interrupt(stage.driver)
            assert await stage.driver.launch(job) == first != ""
            await stage.over(job)
            assert await stage.driver.launch(job) == first
            assert await stage.whole(job, "log") == b"once\n"

        play(act)

    def test_launching_at_the_same_time_is_launching_once(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = stage.job(say("once\n"))
            await stage.driver.upload(job.digests, stage.blobs)
            drivers = [stage.driver, stage.another(), stage.driver, stage.another()]
            ids = await asyncio.gather(*(driver.launch(job) for driver in drivers))
            assert len(set(ids)) == 1
            await stage.over(job)
            assert await stage.whole(job, "log") == b"once\n"

        play(act)

    def test_a_launch_whose_answer_was_lost_can_be_repeated(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = stage.job(say("once\n"))
            await stage.driver.upload(job.digests, stage.blobs)
            launching = asyncio.ensure_future(stage.driver.launch(job))
            await asyncio.sleep(0)
            await self.interrupt(stage.driver)
            await asyncio.gather(launching, return_exceptions=True)
            await stage.another().launch(job)
            await stage.over(job)
            assert await stage.whole(job, "log") == b"once\n"

        play(act)

    def test_a_second_attempt_is_a_job_of_its_own(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            first = await stage.launch(say("one\n"), leave(1))
            await stage.over(first)
            second = msgspec.structs.replace(first, attempt=2)
            await stage.driver.launch(second)
            status = await stage.over(second)
            assert status.exit_code == 1
            assert await stage.whole(second, "log") == b"one\n"
            assert await stage.whole(first, "log") == b"one\n"

        play(act)

    def test_a_job_whose_blobs_are_not_there_is_refused(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = stage.job(say("never\n"))
            for _ in range(2):
                with pytest.raises(DriverError):
                    await stage.driver.launch(job)
            assert await stage.driver.poll([job]) == {}

        play(act)

    # -- poll ----------------------------------------------------------------------------------

    def test_a_job_that_is_not_known_is_left_out(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            unknown = stage.job(say("never\n"))
            job = await stage.launch(rest(LONG_S))
            assert await stage.driver.poll([]) == {}
            assert await stage.driver.poll([unknown]) == {}
            await self.interrupt(stage.driver)
            assert set(await stage.driver.poll([unknown, job])) == {job.run_id}

        play(act)

    def test_states_only_go_forward_to_the_end(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("a"), rest(0.1), say("b"))
            ranks, known = [0], dict[str, JobStatus]()
            while ranks[-1] < RunState.COMPLETED.rank:
                known = await stage.within(stage.driver.poll([job], known, 1))
                ranks.append(known[job.run_id].state.rank)
            assert ranks == sorted(ranks)
            status = known[job.run_id]
            assert (status.state, status.exit_code) == (RunState.COMPLETED, 0)
            await self.interrupt(stage.driver)
            assert await stage.driver.poll([job]) == known

        play(act)

    def test_a_poll_of_nothing_new_gives_the_same_in_the_end(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("done\n"))
            await stage.over(job)
            known = await stage.driver.poll([job])
            assert await stage.driver.poll([job], known, 0.05) == known
            assert await stage.another().poll([job], known, 0.05) == known

        play(act)

    def test_a_held_poll_lets_others_in_between(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("x\n"), rest(LONG_S))
            await stage.text(job, b"x\n")
            known = await stage.driver.poll([job])
            holding = asyncio.ensure_future(stage.driver.poll([job], known, LONG_S))
            assert await stage.whole(job, "log") == b"x\n"
            await stage.driver.cancel(job)
            while not known[job.run_id].state.is_final:
                known = await stage.within(holding)
                holding = asyncio.ensure_future(stage.driver.poll([job], known, LONG_S))
            holding.cancel()
            await asyncio.gather(holding, return_exceptions=True)

        play(act)

    def test_many_jobs_are_polled_at_once(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            jobs = [await stage.launch(say(f"{n}\n"), leave(n)) for n in range(3)]
            for number, job in enumerate(jobs):
                assert (await stage.over(job)).exit_code == number
            found = await stage.another().poll(jobs)
            assert [found[job.run_id].exit_code for job in jobs] == [0, 1, 2]

        play(act)

    def test_an_exit_code_and_a_signal_are_told_with_a_reason(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            left = await stage.over(await stage.launch(leave(7)))
            killed = await stage.over(await stage.launch(die(signal.SIGKILL)))
            assert (left.state, left.exit_code, left.signal) == (RunState.FAILED, 7, None)
            assert "7" in left.error
            assert (killed.state, killed.signal) == (RunState.FAILED, signal.SIGKILL)
            assert killed.error

        play(act)

    # -- read ----------------------------------------------------------------------------------

    def test_a_log_is_whole_once_the_job_is_over(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            text = "".join(f"line {number}\n" for number in range(2000))
            job = await stage.launch(say(text[:9000]), say(text[9000:]))
            status = await stage.over(job)
            assert status.sizes["log"] == len(text)
            assert await stage.whole(job, "log") == text.encode()

        play(act)

    def test_bytes_come_from_any_offset_once(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("0123456789"))
            await stage.over(job)
            for offset in range(12):
                data = await stage.driver.read(job, "log", offset)
                assert data == b"0123456789"[offset:]
            await self.interrupt(stage.driver)
            assert await stage.driver.read(job, "log", 5) == b"56789"

        play(act)

    def test_a_follower_gets_every_byte_whatever_breaks(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            steps = [step for n in range(40) for step in (say(f"{n}\r\n"), rest(0.01))]
            job = await stage.launch(*steps)
            log, ended = b"", False
            while not ended:
                ended = (await stage.driver.poll([job]))[job.run_id].state.is_final
                while data := await stage.within(stage.driver.read(job, "log", len(log), 0.02)):
                    log += data
                    if len(log) % 7 == 0:
                        await self.interrupt(stage.driver)
            assert log == "".join(f"{n}\r\n" for n in range(40)).encode()

        play(act)

    def test_a_read_waits_for_bytes_and_ends_with_the_job(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(rest(0.2), say("late\n"))
            assert await stage.within(stage.driver.read(job, "log", 0, LONG_S)) == b"late\n"
            assert await stage.within(stage.driver.read(job, "log", 5, LONG_S)) == b""
            assert await stage.driver.read(job, "outputs/never", 0) == b""

        play(act)

    def test_outputs_and_events_are_read_by_name(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            names = ("outputs/a b.txt", "outputs/déjà/vu", "logs/-x.log")
            metric = {"type": "metric", "name": "loss", "value": 0.5}
            job = await stage.launch(*(write(name, name) for name in names), tell(metric))
            status = await stage.over(job)
            for name in names:
                assert await stage.whole(job, name) == name.encode()
            events = [json.loads(line) for line in (await stage.whole(job, "events")).splitlines()]
            assert [e["value"] for e in events if e["type"] == "metric"] == [0.5]
            paths = [event["path"] for event in events if event["type"] == "output"]
            assert sorted(path for path in paths if path.startswith("outputs/")) == sorted(
                names[:2]
            )
            assert status.sizes["logs/-x.log"] == len(names[2])

        play(act)

    @pytest.mark.parametrize("name", ["job.json", "../log", "/etc/passwd", "work/job.py", ""])
    def test_no_other_file_can_be_named(self, play: Any, name: str) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("done\n"))
            for _ in range(2):
                with pytest.raises(ComputeError):
                    await stage.driver.read(job, name, 0)

        play(act)

    # -- cancel --------------------------------------------------------------------------------

    def test_canceling_twice_cancels(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("working\n"), rest(LONG_S))
            await stage.text(job, b"working\n")
            await stage.driver.cancel(job)
            await self.interrupt(stage.driver)
            await stage.driver.cancel(job)
            assert (await stage.over(job)).state is RunState.CANCELED
            await stage.driver.cancel(job)
            assert (await stage.over(job)).state is RunState.CANCELED
            # A kind may add a line of its own about how the job ended.
            assert (await stage.whole(job, "log")).startswith(b"working\n")

        play(act)

    def test_a_job_that_does_not_want_to_end_is_ended(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(
                ignore_terminate(), say("no\n"), rest(LONG_S), changes={"grace_s": 0.2}
            )
            await stage.text(job, b"no\n")
            await stage.driver.cancel(job)
            assert (await stage.over(job)).state is RunState.CANCELED

        play(act)

    def test_canceling_what_is_over_or_unknown_changes_nothing(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(leave(0))
            before = await stage.over(job)
            for _ in range(2):
                await stage.driver.cancel(job)
                await stage.driver.cancel(stage.job(say("never\n")))
            assert await stage.over(job) == before

        play(act)

    # -- what is left --------------------------------------------------------------------------

    def test_jobs_are_listed_and_deleted(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            jobs = [await stage.launch(leave(0)) for _ in range(2)]
            for job in jobs:
                await stage.over(job)
            listed = await stage.another().list_jobs()
            if listed:  # not every engine remembers
                assert {(job.run_id, 1) for job in jobs} <= set(listed)
            for _ in range(2):
                await stage.driver.delete(jobs[0])
                await self.interrupt(stage.driver)
            assert (jobs[0].run_id, 1) not in await stage.driver.list_jobs()
            assert (await stage.driver.poll(jobs))[jobs[1].run_id].state is RunState.COMPLETED

        play(act)

    def test_deleting_does_not_end_a_job(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(say("working\n"), rest(LONG_S))
            await stage.text(job, b"working\n")
            try:
                await stage.driver.delete(job)
            except DriverError as exc:
                assert exc.hint
            found = await stage.driver.poll([job])
            assert found[job.run_id].state is RunState.RUNNING

        play(act)

    def test_jobs_go_on_when_the_driver_is_closed(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            job = await stage.launch(rest(0.3), say("alone\n"))
            await stage.driver.close()
            await stage.driver.close()
            other = stage.another()
            assert (await stage.over(job, other)).state is RunState.COMPLETED
            assert await other.read(job, "log", 0) == b"alone\n"

        play(act)

    def test_what_a_kind_does_not_manage_it_says(self, play: Any) -> None:
        async def act(stage: Stage) -> None:
            for name in ("create", "start", "stop", "remove"):
                if getattr(type(stage.driver), name) is getattr(Driver, name):
                    with pytest.raises(DriverError, match=stage.driver.kind):
                        await getattr(stage.driver, name)()

        play(act)


class Stage:
    """One target, its drivers and the jobs of one test; all of them are ended with it."""

    def __init__(self, suite: DriverSuite, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.blobs = MemoryBlobs()
        self.drivers: list[Driver] = []
        self.jobs: list[Job] = []
        self.driver = self.another()

    def another(self) -> Driver:
        """Make one more driver of the same target."""
        self.drivers.append(self.suite.make_driver(self.folder))
        return self.drivers[-1]

    def job(
        self,
        *steps: Any,
        files: Mapping[str, bytes] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Job:
        """Make a job that takes the steps."""
        self.jobs.append(make_job(self.blobs, *steps, files=files, **(changes or {})))
        return self.jobs[-1]

    async def launch(self, *steps: Any, **changes: Any) -> Job:
        """Upload and launch a job that takes the steps."""
        job = self.job(*steps, **changes)
        await self.within(self.driver.upload(job.digests, self.blobs))
        await self.within(self.driver.launch(job))
        return job

    async def over(self, job: Job, driver: Driver | None = None) -> JobStatus:
        """Wait until a job is over."""
        driver = driver or self.driver
        known: dict[str, JobStatus] = {}
        deadline = time.monotonic() + self.suite.patience_s
        while time.monotonic() < deadline:
            known = await self.within(driver.poll([job], known, 5))
            if job.run_id in known and known[job.run_id].state.is_final:
                return known[job.run_id]
            await asyncio.sleep(driver.interval_s)
        raise AssertionError(f"the job is not over: {known}")

    async def whole(self, job: Job, name: str) -> bytes:
        """Read a file of a run to its end as it is now."""
        data = b""
        while piece := await self.within(self.driver.read(job, name, len(data))):
            data += piece
        return data

    async def text(self, job: Job, log: bytes) -> None:
        """Wait until the log holds something."""
        deadline = time.monotonic() + self.suite.patience_s
        data = b""
        while log not in data:
            assert time.monotonic() < deadline, data
            data += await self.within(self.driver.read(job, "log", len(data), 5))

    async def within(self, call: Awaitable[T]) -> T:
        """Wait for a call, which a test's patience bounds."""
        return await asyncio.wait_for(call, self.suite.patience_s)

    async def clear(self) -> None:
        """End every job and close every driver."""
        ended: Collection[Job] = []
        try:
            found = await self.within(self.driver.poll(self.jobs))
            ended = [job for job in self.jobs if job.run_id in found]
            for job in ended:
                await self.driver.cancel(job)
        finally:
            for driver in self.drivers:
                await driver.close()
