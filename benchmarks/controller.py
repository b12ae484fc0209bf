"""What the controller costs when it has nothing to do, and when it has a thousand runs to find."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_compute.config import Targets
from jupyter_compute.controller import process
from jupyter_compute.controller.inspection import read_answer, wish
from jupyter_compute.model import RunState
from jupyter_compute.registry import Registry
from jupyter_compute.testing import FakeDriver, FakeEngine, hold
from jupyter_compute.testing.house import House
from jupyter_compute.workspace import Workspace

TARGETS = 10
RUNS = 1000
WATCHED_S = 20.0


def rows(peers: Path) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        yield from _idle(Workspace(Path(folder, "idle")).make())
    times = [_adopt() for _ in range(3)]
    seconds = statistics.median(taken for taken, _ in times)
    polls = max(polls for _, polls in times)
    yield _row("1,000 runs re-adopted, all followed", seconds, 2.0, "s")
    yield _row("1,000 runs re-adopted, questions asked", polls, 4, "calls")


def _row(what: str, ours: float, other: float, unit: str) -> dict[str, object]:
    return {
        "what": f"{what}, against its limit",
        "ours": round(ours, 4),
        "other": other,
        "ratio": round(ours / other, 4),
        "bound": 1,
        "unit": unit,
    }


def _idle(workspace: Workspace) -> Iterator[dict[str, object]]:
    """Attach targets that are this machine under other interpreters, and have each checked."""
    targets = Targets(workspace, Registry())
    names = ["local"]
    for number in range(TARGETS - 1):
        name = f"there{number}"
        workspace.target(name).mkdir(parents=True)
        text = f'[targets.{name}]\nkind = "local"\n'
        with workspace.targets_file.open("a") as file:
            file.write(text)
        names.append(name)
    known = {target.name for target in targets.list()}
    names = [name for name in names if name in known]
    process.ensure(workspace, wait=True)
    try:
        for name in names:
            wish(workspace, name)
        process.ensure(workspace)
        deadline = time.monotonic() + 120
        while any(read_answer(workspace, name) is None for name in names):
            assert time.monotonic() < deadline, workspace.controller_log.read_text()
            time.sleep(0.1)
        facts = process.facts(workspace)
        assert facts is not None
        before = _cpu_s(facts.pid)
        time.sleep(WATCHED_S)
        share = (_cpu_s(facts.pid) - before) / WATCHED_S * 100
        what = f"idle controller with {len(names)} targets"
        yield _row(f"{what}, CPU", share, 0.5, "%")
        yield _row(f"{what}, memory", _memory_mb(facts.pid), 60.0, "MB")
    finally:
        process.stop(workspace, 60)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _adopt() -> tuple[float, int]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        house = House(Path(folder, "workspace"), FakeDriver, {"engine": folder, "slots": RUNS})
        engine = FakeEngine.named(folder)
        try:
            return asyncio.run(_adopt_all(house, engine))
        finally:
            house.close()


async def _adopt_all(house: House, engine: FakeEngine) -> tuple[float, int]:
    for _ in range(RUNS):
        house.submit(hold())
    async with house.serving():
        while house.store.counts().get(RunState.RUNNING, 0) < RUNS:
            await asyncio.sleep(0.1)
    engine.calls.clear()
    began = time.perf_counter()
    async with house.serving() as controller:
        while controller.followed < RUNS:
            await asyncio.sleep(0.002)
        taken = time.perf_counter() - began
    return taken, engine.calls["poll"]
