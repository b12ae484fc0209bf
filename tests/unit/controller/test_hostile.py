"""What a machine that means ill cannot do: write elsewhere, read elsewhere, fill, hang, deceive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import HostileDriver, Machine, PlayedOptions

from jupyter_compute.config import Settings
from jupyter_compute.controller import inspection, progress
from jupyter_compute.controller.launch import merged
from jupyter_compute.controller.mirror import check_name
from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers._statuses import status_of
from jupyter_compute.errors import ComputeError, DriverError, TargetUnreachableError
from jupyter_compute.model import Run, RunFacts, RunState
from jupyter_compute.runner.protocol import MARKER
from jupyter_compute.testing import MemoryBlobs, make_job
from jupyter_compute.testing.house import House

PATIENCE_S = 60.0
LIMIT_MB = 2.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(HostileDriver, "machine", machine, raising=False)
    return machine


def play(act: Callable[[HostileDriver], Any], folder: Path) -> Any:
    async def whole() -> Any:
        context = DriverContext(target="t", folder=str(folder), default_python="python3")
        driver = HostileDriver(context, PlayedOptions())
        driver.silence_s = 2.0
        try:
            return await asyncio.wait_for(act(driver), PATIENCE_S)
        finally:
            await driver.close()

    return asyncio.run(whole())


# -- the pipe ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "greeting",
    [
        MARKER + b"x" * 1_000_000,
        MARKER + b"[1]\n",
        MARKER + b"[" * 60_000 + b"\n",
        MARKER + b"{broken\n",
        MARKER + b'{"protocols": 5}\n',
        MARKER + b'{"protocols": [[1]]}\n',
        MARKER + b'{"protocols": [1], "login_s": "soon"}\n' + b"\xff" * 100,
    ],
)
def test_a_greeting_that_is_none_is_told_and_holds_nothing(
    machine: Machine, tmp_path: Path, greeting: bytes
) -> None:
    machine.greeting = greeting
    with pytest.raises(DriverError):
        play(lambda driver: driver.poll([]), tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x00\x00\x02\x05" + (50_000_000).to_bytes(4, "big") + bytes(4),
        b"\x00\x00\x00\x02\x05" + (100_000).to_bytes(4, "big") + bytes(4) + b"[" * 100_000,
        b"\x00\x00\x00\x02\x05" + (9).to_bytes(4, "big") + bytes(4) + b'"a head"x',
    ],
)
def test_a_head_that_is_too_large_too_deep_or_none_ends_the_pipe(
    machine: Machine, tmp_path: Path, said: bytes
) -> None:
    machine.answers["poll"] = lambda head: said
    with pytest.raises(TargetUnreachableError, match="pipe broke"):
        play(lambda driver: driver.poll([]), tmp_path)


def test_an_answer_without_end_is_given_up(machine: Machine, tmp_path: Path) -> None:
    machine.answers["read"] = lambda head: ({}, b"x" * 70_000_000)
    job = make_job(MemoryBlobs())
    with pytest.raises(TargetUnreachableError, match="without end"):
        play(lambda driver: driver.read(job, "log", 0), tmp_path)


@pytest.mark.parametrize(
    "head",
    [{}, {"statuses": 5, "unknown": []}, {"statuses": {"r": 1}, "unknown": [[]]}, {"unknown": []}],
)
def test_an_answer_of_the_wrong_shape_is_an_error_with_words(
    machine: Machine, tmp_path: Path, head: dict[str, Any]
) -> None:
    machine.answers["poll"] = lambda _: head
    with pytest.raises(DriverError, match="makes no sense"):
        play(lambda driver: driver.poll([]), tmp_path)


def test_runs_that_were_not_asked_about_are_not_heard(machine: Machine, tmp_path: Path) -> None:
    job = make_job(MemoryBlobs())
    mine, other = ({"state": state} for state in ("running", "completed"))
    machine.answers["poll"] = lambda _: {
        "statuses": {job.run_id: ["m", mine], "another": ["m", other], "../x": ["m", other]},
        "unknown": [],
    }
    found = play(lambda driver: driver.poll([job]), tmp_path)
    assert {run: status.state for run, status in found.items()} == {job.run_id: RunState.RUNNING}


# -- what it can read --------------------------------------------------------------------------


def test_it_gets_no_bytes_that_the_job_does_not_send(machine: Machine, tmp_path: Path) -> None:
    class Blobs(MemoryBlobs):
        def open(self, digest: str) -> Any:
            opened.append(digest)
            return super().open(digest)

    opened: list[str] = []
    blobs = Blobs()
    secret = blobs.add(b"of another run")
    job = make_job(blobs)
    wanted = [secret, "../../../../etc/passwd", *job.digests]
    machine.answers["missing"] = lambda head: {
        "missing": wanted,
        "partial": dict.fromkeys(wanted, -5),
    }
    refusals = [True]

    def launch(head: Any) -> Any:
        if refusals:
            refusals.pop()
            told = {"code": "missing-blobs", "message": "", "hint": "", "digests": wanted}
            data = json.dumps(told).encode()
            id_ = machine.asked.index(head) + 1
            return id_.to_bytes(4, "big") + b"\x07" + len(data).to_bytes(4, "big") + bytes(4) + data
        return {"job_id": "j/1"}

    machine.answers["launch"] = launch

    async def act(driver: HostileDriver) -> None:
        await driver.upload(job.digests, blobs)
        await driver.launch(job)

    play(act, tmp_path)
    assert set(opened) <= set(job.digests)
    assert b"of another run" not in machine.given


# -- what it can say ---------------------------------------------------------------------------


def test_a_status_with_numbers_that_no_clock_and_no_disk_has_loses_them() -> None:
    status = status_of(
        {
            "state": "failed",
            "exit_code": 10**400,
            "signal": -(10**30),
            "started": 1e300,
            "ended": float("nan"),
            "sizes": {"log": 10**30, "events": -5, "logs/a": 3},
        }
    )
    assert (status.exit_code, status.signal, status.started, status.ended) == (None,) * 4
    assert status.sizes == {"logs/a": 3}
    assert status_of({"state": "gone"}).state is RunState.RUNNING
    assert len(
        status_of({"state": "running", "sizes": {str(n): 1 for n in range(10**5)}}).sizes
    ) < (20_000)


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07\x1b[2J", "a\rb\x08", "one\u202etwo\x9b"])
def test_a_line_steers_no_terminal(text: str) -> None:
    line = progress.one_line(text)
    assert line.isprintable() and line


def test_a_line_has_an_end() -> None:
    assert len(progress.one_line("x " * 10_000_000)) <= 2000


def test_facts_that_make_no_sense_are_left_out() -> None:
    facts = RunFacts(host="h")
    assert merged(facts, {"phases": {"run": "long"}}) == facts
    assert merged(facts, {"packages": {str(n): "1" for n in range(10**5)}}).packages.keys() < {
        str(n) for n in range(10**5)
    }
    assert merged(facts, {"host": "\x1b[31m" + "x" * 10**6}).host.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "outputs/../../x",
        "/etc/passwd",
        "outputs/\0",
        "outputs/a//b",
        "outputs/\ud800",
        "outputs/" + "x" * 300,
        "outputs/" + "x/" * 5000 + "y",
        "state.json",
        "..",
    ],
)
def test_a_file_is_named_inside_the_run_or_not_at_all(name: str) -> None:
    with pytest.raises(ComputeError, match="no file of a run"):
        check_name(name)


def test_what_a_check_shows_is_lines_of_bounded_length(machine: Machine, tmp_path: Path) -> None:
    evil = "\x1b]0;x\x07<script>" + "y" * 3000
    machine.answers["hello"] = lambda _: {"root": evil, "place": evil, "host": evil}
    machine.answers["facts"] = lambda _: {
        "host": evil,
        "python": evil,
        "platform": evil,
        "gpus": {"found": [{"name": evil}] * 1000, "trouble": evil},
        "containers": [{"name": evil, "trouble": evil, "remedy": evil}] * 1000,
    }
    house = House(tmp_path / "w", HostileDriver)

    async def scene() -> inspection.Answer:
        async with house.serving():
            inspection.wish(house.workspace, "there")
            while not (found := inspection.read_answer(house.workspace, "there")):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            return found

    try:
        info = asyncio.run(asyncio.wait_for(scene(), PATIENCE_S)).info
    finally:
        house.close()
    assert info is not None
    texts = [info.host, info.python, info.place, *info.gpus, *info.facts.values()]
    texts += [text for one in info.problems for text in (one.message, one.remedy)]
    assert all(text.isprintable() and len(text) <= 2000 for text in texts)
    assert len(info.gpus) <= 256 and len(info.problems) <= 256


# -- what it can fill --------------------------------------------------------------------------


class Ill(Machine):
    """Runs what it is given for as long as the controller listens, and lies about its files."""

    def __init__(self, files: dict[str, bytes | None], events: bytes = b"", **status: Any) -> None:
        super().__init__()
        self.files = files
        self.events = events
        self.status = status
        self.answers.update(poll=self._poll, read=self._read)

    def _poll(self, head: Any) -> Any:
        told = {"state": "completed", "exit_code": 0, **self.status}
        # A file without an end is said to be longer than any disk.
        sizes = {name: 1 << 50 if data is None else len(data) for name, data in self.files.items()}
        told["sizes"] = {
            "events": len(self.events),
            **{n: s for n, s in sizes.items() if n == "log" or n[:5] == "logs/"},
        }
        return {"statuses": {run: ["m", told] for run, _, _ in head["jobs"]}, "unknown": []}

    def _read(self, head: Any) -> Any:
        name, offset = head["name"], head["offset"]
        data = self.events if name == "events" else self.files.get(name, b"")
        body = b"x" * 4_000_000 if data is None else data[offset : offset + 4_000_000]
        return {"size": 1 << 60, "is_over": False}, body


def lines(*events: dict[str, Any]) -> bytes:
    return b"".join(json.dumps({"t": 1.0, **event}).encode() + b"\n" for event in events)


def output(path: str, size: int) -> dict[str, Any]:
    return {"type": "output", "path": path, "size": size, "mode": 0o644}


@pytest.fixture
def run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Machine], Run]]:
    houses: list[House] = []

    def act(machine: Machine) -> Run:
        monkeypatch.setattr(HostileDriver, "machine", machine, raising=False)
        limits = Settings(log_limit_mb=LIMIT_MB, outputs_limit_mb=LIMIT_MB)
        house = House(tmp_path / "w", HostileDriver, settings=limits, hold_s=0.05, retry_s=0.01)
        houses.append(house)

        async def scene() -> Run:
            async with house.serving():
                return await house.over(house.submit().id)

        return asyncio.run(asyncio.wait_for(scene(), PATIENCE_S))

    yield act
    for house in houses:
        house.close()


def weight(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


LIES: dict[str, Ill] = {
    "a log without end": Ill({"log": None}),
    "many logs without end": Ill({f"logs/{n}": None for n in range(20)}),
    "an output without end": Ill(
        {"outputs/a": None}, lines(output("outputs/a", 1000), output("outputs/b", 10**15))
    ),
    "outputs of less than nothing": Ill(
        {"outputs/a": None},
        lines(*(output(f"outputs/m{n}", -(10**12)) for n in range(5)), output("outputs/a", 10**9)),
    ),
    "a result without end": Ill(
        {f"results/{n}": None for n in range(5)},
        lines(*({"type": "display", "path": f"results/{n}"} for n in range(5))),
    ),
    "names that lead out": Ill(
        {"outputs/../../../evil": b"x", "/tmp/evil": b"x"},
        lines(output("outputs/../../../evil", 1), output("/tmp/evil", 1), output("log", 1)),
    ),
    "a file that is a folder, too": Ill(
        {"outputs/a": b"1", "outputs/a/b": b"2", "logs/a": b"3", "logs/a/b": b"4"},
        lines(output("outputs/a", 1), output("outputs/a/b", 1)),
    ),
    "an event without end": Ill({}, b"x" * 40_000_000),
    "tags without number": Ill(
        {}, lines(*({"type": "tag", "name": f"t{n}", "value": "v" * 5000} for n in range(3000)))
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_run_ends_and_this_machine_is_not_filled(
    run_on: Callable[[Machine], Run], tmp_path: Path, lie: str
) -> None:
    run = run_on(LIES[lie])
    assert run.state is RunState.COMPLETED
    assert weight(tmp_path / "w" / "runs") <= 3 * LIMIT_MB * 1_000_000
    assert not list(tmp_path.rglob("evil"))
    assert len(run.tags) <= 1000 and all(len(value) <= 500 for value in run.tags.values())


def test_a_state_never_goes_back(run_on: Callable[[Machine], Run]) -> None:
    machine = Ill({})
    states = iter(["running", "queued", "preparing", "running", "queued", "completed"])

    def poll(head: Any) -> Any:
        told = {"state": next(states, "completed"), "reason": "\x1b[2J" + "z" * 100_000}
        return {
            "statuses": {run: [told["state"], told] for run, _, _ in head["jobs"]},
            "unknown": [],
        }

    machine.answers["poll"] = poll
    run = run_on(machine)
    assert run.state is RunState.COMPLETED and run.started is not None
    assert run.reason.isprintable() and len(run.reason) <= 2000
