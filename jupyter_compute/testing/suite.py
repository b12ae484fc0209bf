"""A suite that asks a driver's methods one by one, each of them twice, and breaks in between.

Inherit from it in a test module and say which driver::

    class TestMine(DriverSuite):
        driver = MyDriver
        options = {"host": "login1"}

``interrupt`` is where a kind says how its connection is broken without warning.
"""

# ruff: noqa: D102  (the names of the tests are sentences)

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ..errors import ComputeError
from ..model import RunState, TargetInfo
from .cases import JobCases
from .jobs import rest, say, tell, write
from .stage import LONG_S, CountingBlobs, Stage


class DriverSuite(JobCases):
    """What every driver must do, whatever the kind.

    Attributes:
        driver: The kind under test.
        options: The options of the target under test.
        patience_s: How long anything may take; only a broken driver makes a test wait for it.
    """

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
            # It is kept in a file, for front ends.
            assert msgspec.json.decode(msgspec.json.encode(first), type=TargetInfo) == first
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
