"""The suite that takes jobs the whole way, over the fake."""

from __future__ import annotations

from jupyter_compute.testing import FakeDriver, JobSuite


class TestFake(JobSuite):
    driver = FakeDriver


class TestFakeOnDisk(JobSuite):
    driver = FakeDriver

    def target_options(self, folder):
        return {"engine": str(folder), "folder": str(folder / "engine")}


class TestFakeThatCannotHoldAPoll(JobSuite):
    class Slow(FakeDriver):
        kind = "slow"
        interval_s = 0.05

        async def poll(self, jobs, known=None, wait_s=0.0):
            return await super().poll(jobs)

    driver = Slow
