"""Runs on a real Slurm: beginning, log, end, and how often a thousand of them are asked about."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from jupyter_compute.client import Client
from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.model import Job, Run, RunState, Secret
from jupyter_compute.testing.house import House
from jupyter_compute.workspace import Workspace

from ._far import row, timed
from .runs import end_to_known, first_line, line_lags, write_sources

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from clusters.slurm import Slurm

REPEATS = 9
RUNS = 1000
WINDOW_S = 60.0

SUBMITIT = """
import statistics, sys, time
import submitit

executor = submitit.SlurmExecutor(sys.argv[1])
executor.update_parameters(time=5, setup=[])
started, known = [], []
for _ in range(5):
    submitted = time.time()
    job = executor.submit(time.time)
    started.append((job.result() - submitted) * 1e3)
    known.append((time.time() - job.result()) * 1e3)
print(statistics.median(started), statistics.median(known))
"""


def rows(peers: Path) -> Iterator[dict[str, object]]:
    # Sockets lie below it, whose paths are short.
    with tempfile.TemporaryDirectory(prefix="jc", dir="/tmp") as folder, _cluster(folder) as slurm:
        yield from _compared(slurm, Path(folder), peers)
        yield from _tracked(slurm, Path(folder, "workspace of many"))


@contextmanager
def _cluster(folder: str) -> Iterator[Slurm]:
    before = {name: os.environ.get(name) for name in ("PATH", "SLURM_CONF")}
    with Slurm(Path(folder, "slurm"), nodes=2) as slurm:
        os.environ.update(slurm.env)
        try:
            yield slurm
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name)
                else:
                    os.environ[name] = value


# -- one at a time -----------------------------------------------------------------------------


def _compared(slurm: Slurm, folder: Path, peers: Path) -> Iterator[dict[str, object]]:
    source = folder / "source"
    source.mkdir()
    write_sources(source)
    client = Client(Workspace(root=folder / "workspace").make())
    client.attach("lab", "slurm", {"root": str(folder / "runs")})
    try:
        first_line(client, source, "lab")
        ours, bare = [], []
        for _ in range(REPEATS):
            ours.append(first_line(client, source, "lab"))
            bare.append(_bare(source, folder))
        started = statistics.median(ours)
        known = statistics.median(end_to_known(client, source, "lab") for _ in range(REPEATS))
        lag = statistics.median(line_lags(client, source, "lab"))
    finally:
        client.stop_controller()
    yield row("submit → first line, against bare sbatch", started, statistics.median(bare))
    theirs = _submitit(peers, folder / "submitit")
    if theirs:
        yield row("submit → first line, against submitit", started, theirs[0])
    yield row("end → known, against its limit", known, 50.0, 1)
    if theirs:
        yield row("end → known, against submitit", known, theirs[1])
    yield row("a log line → the front end (p50), against its limit", lag, 20.0, 1)


def _bare(source: Path, folder: Path) -> float:
    """Return what passes between sbatch and the first line of a script of its own."""
    output = folder / "bare"
    output.unlink(missing_ok=True)
    started = time.time()
    subprocess.run(
        ["sbatch", "--wait", f"--output={output}"],
        input=f"#!/bin/sh\nexec {sys.executable} {source}/first.py\n",
        text=True,
        check=True,
        capture_output=True,
    )
    return (float(output.read_text()) - started) * 1e3


def _submitit(python: Path, folder: Path) -> tuple[float, float] | None:
    done = subprocess.run(
        [str(python), "-c", SUBMITIT, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        print(f"submitit could not be measured: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    first, known = done.stdout.split()[-2:]
    return float(first), float(known)


# -- a thousand --------------------------------------------------------------------------------


class _Sleeping(House):
    """Has runs that cost the machine as little as can be."""

    def job(self, run: Run, secrets: Mapping[str, Secret]) -> Job:
        return msgspec.structs.replace(super().job(run, secrets), argv=("sleep", "3600"))


def _tracked(slurm: Slurm, folder: Path) -> Iterator[dict[str, object]]:
    options = {"root": str(folder / "runs")}
    house = _Sleeping(folder, SlurmDriver, options, python=sys.executable)
    try:
        found = asyncio.run(_listed(_track(slurm, house)))
    finally:
        house.close()
        slurm.cancel_all()
    yield from found


async def _listed(rows: AsyncIterator[dict[str, object]]) -> list[dict[str, object]]:
    return [one async for one in rows]


async def _track(slurm: Slurm, house: House) -> AsyncIterator[dict[str, object]]:
    calls = slurm.commands
    bare = await asyncio.to_thread(_many_bare, slurm)
    calls.forget()
    started = time.perf_counter()
    runs = [house.submit() for _ in range(RUNS)]
    async with house.serving() as controller:
        while controller.followed < RUNS:
            await asyncio.sleep(0.1)
        taken = time.perf_counter() - started
        yield row(f"{RUNS:,} runs handed over, against bare sbatch", taken, bare, unit="s")
        yield _calls("handed over: calls of sbatch", calls.calls("sbatch"))
        yield _calls("handed over: other calls", calls.calls(), calls.calls("sbatch"))
        while not house.store.counts().get(RunState.RUNNING, 0):
            await asyncio.sleep(0.1)
        calls.forget()
        await asyncio.sleep(WINDOW_S)
        asked = ("squeue", "sacct")
        for name in asked:
            yield _calls(f"tracked for a minute: calls of {name}", calls.calls(name))
        yield _calls("tracked for a minute: other calls", calls.calls(), calls.calls(*asked))
        calls.forget()
        for run in runs:
            house.cancel(run.id)
        while house.store.count_active():
            await asyncio.sleep(0.2)
        yield _calls("canceled: calls", calls.calls())


def _calls(what: str, found: list[str], but: Sequence[str] = ()) -> dict[str, object]:
    return row(f"{RUNS:,} runs {what}", len(found) - len(but), unit="calls")


def _many_bare(slurm: Slurm) -> float:
    """Return how many seconds sbatch takes for as many, one after the other."""
    script = "#!/bin/sh\nsleep 3600\n"

    def submit() -> None:
        for _ in range(RUNS):
            words = ["sbatch", "--output=/dev/null"]
            subprocess.run(words, input=script, text=True, check=True, capture_output=True)

    taken = timed(submit) / 1e3
    slurm.cancel_all()
    return taken
