"""From submit to the first line on Spark, beside a bare ``spark-submit``, and a line's way here."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.spark import SparkDriver, SparkOptions
from jupyter_compute.model import Job, JobStatus
from jupyter_compute.testing import MemoryBlobs, make_job

REPEATS = 5
ENGINE = Path(__file__).parents[1] / ".engines" / "spark"
PYTHON = str(ENGINE / "bin" / "python")
ENV = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "127.0.0.1"}
FIRST_LINE = "import time; print(time.time(), flush=True)\n"
MANY_LINES = (
    "import time\nfor _ in range(100):\n    print(time.time(), flush=True); time.sleep(0.02)\n"
)


def rows(peers: Path) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        yield from asyncio.run(_all(Path(folder)))


async def _all(folder: Path) -> list[dict[str, object]]:
    context = DriverContext(target="spark", folder=str(folder / "there"), default_python=PYTHON)
    driver = SparkDriver(context, SparkOptions(master="local[1]", env=ENV))
    try:
        await _first_line(driver)
        # In turn, since the machine does not stay as it is.
        pairs = [(await _first_line(driver), _bare(folder)) for _ in range(REPEATS)]
        lag = statistics.median(await _line_lags(driver))
    finally:
        await driver.close()
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    return [
        _row("upload and launch → first line, against a bare spark-submit", ours, bare, 1.3),
        _row("a log line → here (p50), against its limit", lag, 20.0, 1),
    ]


def _row(what: str, ours: float, other: float, bound: float) -> dict[str, object]:
    ratio = round(ours / other, 3)
    figures = {"ours": round(ours, 2), "other": round(other, 2), "ratio": ratio}
    return {"what": what, **figures, "bound": bound, "unit": "ms"}


async def _launch(driver: SparkDriver, code: str) -> Job:
    blobs = MemoryBlobs()
    job = make_job(blobs, files={"job.py": code.encode()})
    await driver.upload(job.digests, blobs)
    await driver.launch(job)
    return job


async def _over(driver: SparkDriver, job: Job) -> None:
    known: dict[str, JobStatus] = {}
    while job.run_id not in known or not known[job.run_id].state.is_final:
        known = await driver.poll([job], known, 10)


async def _first_line(driver: SparkDriver) -> float:
    began = time.time()
    job = await _launch(driver, FIRST_LINE)
    await _over(driver, job)
    return (float(await driver.read(job, "log", 0)) - began) * 1e3


def _bare(folder: Path) -> float:
    script = folder / "first.py"
    script.write_text(FIRST_LINE)
    (home,) = ENGINE.glob("lib/python3*/site-packages/pyspark")
    own = {"SPARK_HOME": str(home), "PYSPARK_PYTHON": PYTHON}
    began = time.time()
    done = subprocess.run(
        [str(home / "bin" / "spark-submit"), "--master", "local[1]", str(script)],
        env={**os.environ, **ENV, **own},
        capture_output=True,
        check=True,
    )
    return (float(done.stdout) - began) * 1e3


async def _line_lags(driver: SparkDriver) -> list[float]:
    job = await _launch(driver, MANY_LINES)
    lags: list[float] = []
    seen, rest = 0, b""
    while len(lags) < 100:
        chunk = await driver.read(job, "log", seen, 10)
        now = time.time()
        seen += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        lags += [(now - float(line)) * 1e3 for line in lines]
    await _over(driver, job)
    return lags
