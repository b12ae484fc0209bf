"""What every driver must do with jobs: launch, poll, cancel, and what is left of them."""

# ruff: noqa: D102  (the names of the tests are sentences)

from __future__ import annotations

import asyncio
import signal
from typing import Any

import msgspec
import pytest

from ..driver import Driver
from ..errors import DriverError
from ..model import JobStatus, RunState
from .jobs import die, ignore_terminate, leave, rest, say
from .stage import LONG_S, Stage, Subject


class JobCases(Subject):
    """Cases about jobs."""

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
            await stage.start(second)
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
