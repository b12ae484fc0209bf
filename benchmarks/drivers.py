"""What a driver on this machine costs by itself, without controller, store and snapshot."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.local import LocalDriver, LocalOptions
from jupyter_compute.model import Job, JobStatus
from jupyter_compute.testing import MemoryBlobs, make_job

REPEATS = 15
FIRST_LINE = "import time; print(time.time(), flush=True)\n"
LAST_LINE = "import os, time; print(time.time(), flush=True); os._exit(0)\n"
MANY_LINES = (
    "import time\nfor _ in range(100):\n    print(time.time(), flush=True); time.sleep(0.02)\n"
)
BULK = 5000
BULK_SIZE = 20_000


def rows(peers: Path) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        yield from asyncio.run(_all(folder))


async def _all(folder: str) -> list[dict[str, object]]:
    context = DriverContext(
        target="local", folder=str(Path(folder, "target")), default_python=sys.executable
    )
    driver = LocalDriver(context, LocalOptions())
    try:
        started = time.perf_counter()
        await driver.list_jobs()
        opened = (time.perf_counter() - started) * 1e3
        first = statistics.median([await _first_line(driver) for _ in range(REPEATS)])
        bare = statistics.median([_bare() for _ in range(REPEATS)])
        known = statistics.median([await _end_to_known(driver) for _ in range(REPEATS)])
        lag = statistics.median(await _line_lags(driver))
        upload, copied = await _bulk(driver, Path(folder))
        idle = await _idle(driver)
    finally:
        await driver.close()
    return [
        _row("open the pipe for the first time", opened, None, None),
        _row("upload and launch → first line, against a bare detached python", first, bare, 3),
        _row("end → known, against its limit", known, 50.0, 1),
        _row("a log line → here (p50), against its limit", lag, 20.0, 1),
        _row(f"{BULK} new blobs of {BULK_SIZE} bytes, against tar | tar", upload, copied, None),
        _row("CPU of an agent that holds a poll of five runs, per second", idle, None, None),
    ]


def _row(what: str, ours: float, other: float | None, bound: float | None) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 2),
        "other": None if other is None else round(other, 2),
        "ratio": None if other is None else round(ours / other, 3),
        "bound": bound,
        "unit": "ms",
    }


async def _launch(driver: LocalDriver, code: str) -> Job:
    blobs = MemoryBlobs()
    job = make_job(blobs, files={"code.py": code.encode()})
    job = msgspec.structs.replace(job, argv=("{python}", "code.py"))
    await driver.upload(job.digests, blobs)
    await driver.launch(job)
    return job


async def _over(driver: LocalDriver, job: Job) -> None:
    known: dict[str, JobStatus] = {}
    while job.run_id not in known or not known[job.run_id].state.is_final:
        known = await driver.poll([job], known, 10)


async def _first_line(driver: LocalDriver) -> float:
    started = time.time()
    job = await _launch(driver, FIRST_LINE)
    line = await driver.read(job, "log", 0, 60)
    await _over(driver, job)
    return (float(line) - started) * 1e3


async def _end_to_known(driver: LocalDriver) -> float:
    job = await _launch(driver, LAST_LINE)
    await _over(driver, job)
    known = time.time()
    return (known - float(await driver.read(job, "log", 0))) * 1e3


async def _line_lags(driver: LocalDriver) -> list[float]:
    job = await _launch(driver, MANY_LINES)
    lags: list[float] = []
    offset = 0
    while data := await driver.read(job, "log", offset, 60):
        now = time.time()
        offset += len(data)
        lags.extend((now - float(line)) * 1e3 for line in data.split())
    return lags


async def _bulk(driver: LocalDriver, folder: Path) -> tuple[float, float]:
    blobs = MemoryBlobs()
    source, target = folder / "source", folder / "copy"
    source.mkdir()
    target.mkdir()
    digests = []
    for number in range(BULK):
        data = os.urandom(BULK_SIZE)
        digests.append(blobs.add(data))
        (source / str(number)).write_bytes(data)
    started = time.perf_counter()
    await driver.upload(digests, blobs)
    upload = (time.perf_counter() - started) * 1e3
    started = time.perf_counter()
    command = f"tar -C {source} -c . | tar -C {target} -x"
    await asyncio.to_thread(subprocess.run, command, shell=True, check=True)
    return upload, (time.perf_counter() - started) * 1e3


async def _idle(driver: LocalDriver) -> float:
    jobs = [await _launch(driver, "import time; time.sleep(600)\n") for _ in range(5)]
    await asyncio.sleep(1)
    known = await driver.poll(jobs)
    assert driver.agent is not None
    before = _cpu_ms(driver.agent.hello["pid"])
    await driver.poll(jobs, known, 5)
    used = _cpu_ms(driver.agent.hello["pid"]) - before
    for job in jobs:
        await driver.cancel(job)
        await _over(driver, job)
    return used / 5


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e3 / os.sysconf("SC_CLK_TCK")


def _bare() -> float:
    started = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", FIRST_LINE], stdout=subprocess.PIPE, start_new_session=True
    )
    line, _ = process.communicate()
    return (float(line) - started) * 1e3
