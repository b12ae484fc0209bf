"""Runs on a cluster of Ray beside ``ray job submit``, and what many of them cost in calls."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec

from jupyter_compute.client import Client
from jupyter_compute.driver import DriverContext
from jupyter_compute.drivers.ray import RayDriver, RayOptions
from jupyter_compute.model import Job, ScriptCommand
from jupyter_compute.workspace import Workspace

from .runs import FIRST_LINE, MANY_LINES

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from clusters.ray import PROGRAM, RayCluster

REPEATS = 5
RUNS, NODES, POLLS = 1000, 4, 20


def rows(peers: Path) -> Iterator[dict[str, object]]:
    """Yield the figures; nothing of ``peers`` is needed."""
    del peers
    yield from _tracked()
    with tempfile.TemporaryDirectory(prefix="bench") as folder, RayCluster() as cluster:
        source = Path(folder, "source")
        source.mkdir()
        (source / "first.py").write_text(FIRST_LINE)
        (source / "many.py").write_text(MANY_LINES)
        client = Client(Workspace(root=Path(folder, "workspace")).make())
        try:
            client.attach("lab", "ray", {"address": cluster.address, "cpus": 0.1})
            yield from _against_ray(client, source, cluster)
        finally:
            client.stop_controller()


def _against_ray(client: Client, source: Path, cluster: RayCluster) -> Iterator[dict[str, object]]:
    _first_line(client, source)
    _submitted(cluster)
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(_first_line(client, source))
        theirs.append(_submitted(cluster))
    yield _row("submit → first line, against ray job submit", ours, theirs)
    yield _row(
        "a log line → the front end (p50), against ray job submit", *_lags(client, source, cluster)
    )


def _first_line(client: Client, source: Path) -> float:
    submitted = time.time()
    run = client.submit(ScriptCommand(path="first.py"), source=source, target="lab")
    client.wait(run.id)
    return (float(client.log(run.id)) - submitted) * 1e3


def _submitted(cluster: RayCluster) -> float:
    """From a job's submission with Ray's own program to its first line."""
    submitted = time.time()
    return (float(_lines(cluster, FIRST_LINE)[0][0]) - submitted) * 1e3


def _lines(cluster: RayCluster, code: str) -> list[tuple[str, float]]:
    """Return the lines of a job, each with when it came."""
    process = subprocess.Popen(
        [
            *(str(PROGRAM), "job", "submit", "--address", cluster.address, "--"),
            *(sys.executable, "-c", code),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    found = [(line.strip(), time.time()) for line in process.stdout]
    process.wait()
    return [(line, at) for line, at in found if re.fullmatch(r"\d{10}\.\d+", line)]


def _lags(client: Client, source: Path, cluster: RayCluster) -> tuple[list[float], list[float]]:
    run = client.submit(ScriptCommand(path="many.py"), source=source, target="lab")
    ours, text = list[float](), b""
    while True:
        is_over = client.run(run.id).is_final
        now = time.time()
        fresh = client.log(run.id)[len(text) :]
        ours += [(now - float(line)) * 1e3 for line in fresh.split()]
        text += fresh
        if is_over:
            break
        time.sleep(0.01)
    theirs = [(at - float(line)) * 1e3 for line, at in _lines(cluster, MANY_LINES)]
    return ours, theirs


def _tracked() -> Iterator[dict[str, object]]:
    """Poll many runs that say nothing, on a dashboard that only answers."""
    jobs = [Job(run_id=f"r{n:09d}", argv=(), snapshot_id="", digests=()) for n in range(RUNS)]
    infos = [
        {
            "submission_id": f"{job.run_id}-1",
            "status": "RUNNING",
            "driver_node_id": f"node{number % NODES}",
        }
        for number, job in enumerate(jobs)
    ]
    with _Dashboard(json.dumps(infos).encode()) as dashboard, tempfile.TemporaryDirectory() as at:
        context = DriverContext(target="lab", folder=at, default_python=sys.executable)
        options = msgspec.convert({"address": dashboard.address}, RayOptions)
        calls, seconds = asyncio.run(_poll(RayDriver(context, options), jobs))
    what = f"{RUNS} runs on {NODES} nodes tracked, calls a poll"
    yield {"what": what, "ours": round(calls, 2), "other": RUNS, "unit": "calls", "bound": None}
    yield {
        "what": f"{RUNS} runs tracked, a poll",
        "ours": round(seconds * 1e3, 1),
        "other": None,
        "unit": "ms",
        "bound": None,
    }


async def _poll(driver: RayDriver, jobs: list[Job]) -> tuple[float, float]:
    await driver.poll(jobs)
    before, begun = driver.api.calls, time.perf_counter()
    for _ in range(POLLS):
        await driver.poll(jobs)
    await driver.close()
    return (driver.api.calls - before) / POLLS, (time.perf_counter() - begun) / POLLS


class _Dashboard:
    def __init__(self, infos: bytes) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                is_listing = self.path.startswith("/api/jobs/")
                body = infos if is_listing else b'{"data": {"result": {}}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> _Dashboard:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _row(what: str, ours: list[float], theirs: list[float]) -> dict[str, object]:
    here, there = statistics.median(ours), statistics.median(theirs)
    return {
        "what": what,
        "ours": round(here, 1),
        "other": round(there, 1),
        "ratio": round(here / there, 3),
        "bound": None,
        "unit": "ms",
    }
