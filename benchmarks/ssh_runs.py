"""Runs on a machine behind ssh: beginning, log, end, outputs, and all of them found again."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import msgspec

from jupyter_compute.client import Client
from jupyter_compute.model import Job, Run, RunState, ScriptCommand, Secret
from jupyter_compute.testing.house import House
from jupyter_compute.workspace import Workspace

from ._far import Counted, Far, far, row, run, timed
from .runs import end_to_known, first_line, line_lags, write_sources

DISTANCES_MS = (0, 50)
REPEATS = 9
LOG_MB, OUTPUT_MB = 100, 100
RUNS = 1000

LONG_LOG = f"import sys\nfor _ in range({LOG_MB}): sys.stdout.write(('x' * 99 + '\\n') * 10000)\n"
OUTPUTS = "for n in range(20): open(f'outputs/{n}', 'w').write(str(n))\n"
OUTPUT = f"import os\nopen('outputs/large', 'wb').write(os.urandom({OUTPUT_MB} * 1000000))\n"


def rows(peers: Path) -> Iterator[dict[str, object]]:
    """Yield the figures; nothing of ``peers`` is needed."""
    del peers
    for distance in DISTANCES_MS:
        with tempfile.TemporaryDirectory(prefix="bench") as folder:
            yield from _at_distance(Path(folder), distance)
    with (
        tempfile.TemporaryDirectory(prefix="bench") as folder,
        far(Path(folder, "far"), 0) as machine,
    ):
        yield from _adopted(machine, Path(folder, "workspace"))


def _at_distance(folder: Path, distance: float) -> Iterator[dict[str, object]]:
    source = folder / "source"
    source.mkdir()
    write_sources(source)
    for name, code in {"log": LONG_LOG, "outputs": OUTPUTS, "output": OUTPUT}.items():
        (source / f"{name}.py").write_text(code)
    client = Client(Workspace(root=folder / "workspace").make())
    with far(folder / "far", distance) as machine:
        client.attach("far", "ssh", machine.options)
        try:
            for part in (_beginning, _end, _bytes):
                for one in part(machine, client, source):
                    yield {**one, "what": f"{one['what']}, round trip {distance:g} ms"}
        finally:
            client.stop_controller()


def _submit(client: Client, source: Path, name: str) -> Run:
    return client.submit(ScriptCommand(path=f"{name}.py"), source=source, target="far")


def _plain(machine: Far, words: str) -> float:
    started = time.time()
    command = f"{words} {machine.name} python3 -c \"'import time; print(time.time())'\""
    line = subprocess.run(command, shell=True, check=True, capture_output=True).stdout
    return (float(line) - started) * 1e3


def _beginning(machine: Far, client: Client, source: Path) -> Iterator[dict[str, object]]:
    times: dict[str, list[float]] = {"far": [], "local": []}
    plain: dict[str, list[float]] = {machine.ssh: [], machine.through_master: []}
    for target in times:
        first_line(client, source, target)
    for _ in range(REPEATS):
        for target, found in times.items():
            found.append(first_line(client, source, target))
        for words, found in plain.items():
            found.append(_plain(machine, words))
    ours, local = (statistics.median(found) for found in times.values())
    fresh, through = (statistics.median(found) for found in plain.values())
    trip = machine.round_trip_ms
    yield row("submit → first line, against local and one round trip", ours, local + trip, 1)
    yield row("submit → first line, against ssh host python", ours, fresh)
    yield row("submit → first line, against the same through a ControlMaster", ours, through)


def _end(machine: Far, client: Client, source: Path) -> Iterator[dict[str, object]]:
    trip = machine.round_trip_ms
    known = statistics.median(end_to_known(client, source, "far") for _ in range(REPEATS))
    yield row("end → known, against its limit and one round trip", known, 50 + trip, 1)
    lag = statistics.median(line_lags(client, source, "far"))
    yield row("a log line → here (p50), against its limit and one round trip", lag, 20 + trip, 1)


def _bytes(machine: Far, client: Client, source: Path) -> Iterator[dict[str, object]]:
    started = time.perf_counter()
    written = _submit(client, source, "log")
    assert client.wait(written.id).state is RunState.COMPLETED
    taken = time.perf_counter() - started
    log = next(machine.home.glob(f".jupyter_compute/runs/{written.id}/1/log"))
    cat = timed(lambda: run(f"{machine.through_master} {machine.name} cat {log}")) / 1e3
    what = f"a log of {LOG_MB} MB from submit to end, against ssh cat"
    yield row(what, LOG_MB / taken, LOG_MB / cat, unit="MB/s")
    collected = _collected(client, source, "outputs")
    yield row("20 small outputs collected", collected)
    collected = _collected(client, source, "output")
    what = f"an output of {OUTPUT_MB} MB collected, against ssh cat"
    yield row(what, OUTPUT_MB / collected * 1e3, OUTPUT_MB / cat, unit="MB/s")


def _collected(client: Client, source: Path, name: str) -> float:
    """Return how many milliseconds passed between the end of a run and that all of it is here."""
    run = client.wait(_submit(client, source, name).id)
    assert run.state is RunState.COMPLETED and not run.reason, run
    return run.facts.phases["collect"] * 1e3


# -- found again -------------------------------------------------------------------------------


class _Sleeping(House):
    """Has runs that cost the machine as little as can be."""

    def job(self, run: Run, secrets: Mapping[str, Secret]) -> Job:
        return msgspec.structs.replace(super().job(run, secrets), argv=("sleep", "3600"))


def _adopted(machine: Far, folder: Path) -> Iterator[dict[str, object]]:
    drivers: list[Counted] = []

    class Seen(Counted):
        def __init__(self, *words: object) -> None:
            # Made by the controller, as any driver, with what the kind's own takes.
            super().__init__(*words)  # type: ignore[arg-type]
            drivers.append(self)

    options = {**machine.options, "slots": RUNS}
    house = _Sleeping(folder, Seen, options, python=sys.executable)
    try:
        found = asyncio.run(_listed(_adopt(machine, house, drivers)))
    finally:
        house.close()
    yield from found


async def _listed(rows: AsyncIterator[dict[str, object]]) -> list[dict[str, object]]:
    return [one async for one in rows]


async def _adopt(
    machine: Far, house: House, drivers: list[Counted]
) -> AsyncIterator[dict[str, object]]:
    runs = [house.submit() for _ in range(RUNS)]
    async with house.serving():
        while house.store.counts().get(RunState.RUNNING, 0) < RUNS:
            await asyncio.sleep(0.1)
    drivers.clear()
    try:
        before = machine.connections()
        started = time.perf_counter()
        async with house.serving() as controller:
            while controller.followed < RUNS:
                await asyncio.sleep(0.002)
            taken = time.perf_counter() - started
            asked = sum(len(driver.asked) for driver in drivers)
            yield row(f"{RUNS:,} runs re-adopted, all followed", taken, 2.0, 1, "s")
            made = machine.connections() - before
            yield row(f"{RUNS:,} runs re-adopted: connections", made, 1, 1, "connections")
            yield row(f"{RUNS:,} runs re-adopted: requests", asked, unit="requests")
    finally:
        async with house.serving():
            for one in runs:
                house.cancel(one.id)
            while house.store.counts().get(RunState.RUNNING, 0):
                await asyncio.sleep(0.2)
