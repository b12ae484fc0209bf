"""A suite that takes jobs the whole way: store, controller, driver, and back.

``DriverSuite`` asks a driver's methods one by one; this asks what a user would see. Inherit
from it in a test module and say which driver::

    class TestMine(JobSuite):
        driver = MyDriver
        options = {"host": "login1"}
"""

# ruff: noqa: D102  (the names of the tests are sentences)

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ..driver import Driver
from ..model import Run, RunState
from .house import House
from .jobs import leave, rest, say, tell, write


class JobSuite:
    """What every kind of target must do for its users.

    Attributes:
        driver: The kind under test.
        options: The options of the target under test.
        settings: Fields of the controller's ``Context`` for it.
    """

    driver: ClassVar[type[Driver]]
    options: ClassVar[Mapping[str, Any]] = {}
    settings: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture
    def house(self, tmp_path: Path) -> Iterator[House]:
        """Return a workspace with the target under test."""
        house = House(
            tmp_path / "workspace",
            self.driver,
            self.target_options(tmp_path),
            python=sys.executable,
            **self.settings,
        )
        yield house
        house.close()

    def target_options(self, folder: Path) -> Mapping[str, Any]:
        """Return the options of the target; override it when they need a folder."""
        return self.options

    def test_a_job_completes_and_its_log_is_here(self, house: House) -> None:
        run = _one(house, lambda: house.submit(say("one\n"), say("two\n")))
        assert (run.state, run.exit_code, run.error) == (RunState.COMPLETED, 0, "")
        assert house.file(run, "log") == b"one\ntwo\n"
        assert run.started is not None and run.ended is not None

    def test_an_exit_code_is_a_failure_with_that_code(self, house: House) -> None:
        run = _one(house, lambda: house.submit(say("so far\n"), leave(3)))
        assert (run.state, run.exit_code) == (RunState.FAILED, 3)
        assert "3" in run.error
        assert house.file(run, "log") == b"so far\n"

    def test_outputs_are_here_when_the_run_is_over(self, house: House) -> None:
        run = _one(
            house,
            lambda: house.submit(
                write("outputs/model.txt", "weights"), write("outputs/deep/er.txt", "")
            ),
        )
        assert house.file(run, "outputs/model.txt") == b"weights"
        assert house.file(run, "outputs/deep/er.txt") == b""

    def test_every_event_is_stored_once_and_in_order(self, house: House) -> None:
        metrics = [tell({"type": "metric", "name": "loss", "value": n}) for n in range(20)]
        run = _one(house, lambda: house.submit(*metrics))
        events = [event for _, event in house.store.events(run.id, types=("metric",))]
        assert [getattr(event, "value", None) for event in events] == list(range(20))

    def test_files_under_logs_are_here(self, house: House) -> None:
        run = _one(house, lambda: house.submit(write("logs/worker.txt", "it works\n")))
        assert house.file(run, "logs/worker.txt") == b"it works\n"

    def test_a_run_that_is_canceled_ends_as_canceled(self, house: House) -> None:
        async def act() -> Run:
            async with house.serving():
                run = house.submit(say("working\n"), rest(600))
                await house.state(run.id, RunState.RUNNING)
                house.cancel(run.id)
                return await house.over(run.id)

        run = asyncio.run(act())
        assert run.state is RunState.CANCELED
        assert "a test" in run.error

    def test_a_second_controller_goes_on_where_the_first_stopped(self, house: House) -> None:
        async def act() -> Run:
            async with house.serving():
                run = house.submit(say("one\n"), rest(1), say("two\n"), write("outputs/a", "b"))
                await house.state(run.id, RunState.RUNNING)
            async with house.serving():
                return await house.over(run.id)

        run = asyncio.run(act())
        assert run.state is RunState.COMPLETED
        assert house.file(run, "log") == b"one\ntwo\n"
        assert house.file(run, "outputs/a") == b"b"

    def test_many_runs_at_once_all_complete(self, house: House) -> None:
        async def act() -> list[Run]:
            async with house.serving():
                runs = [house.submit(say(f"{n}\n")) for n in range(6)]
                return [await house.over(run.id) for run in runs]

        for number, run in enumerate(asyncio.run(act())):
            assert (run.state, run.attempt) == (RunState.COMPLETED, 1)
            assert house.file(run, "log") == f"{number}\n".encode()


def _one(house: House, submit: Callable[[], Run]) -> Run:
    async def act() -> Run:
        async with house.serving():
            return await house.over(submit().id)

    return asyncio.run(act())
