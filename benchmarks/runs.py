"""From submit to the first line, from a line to the front end, from the end to who waits for it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_compute.client import Client
from jupyter_compute.model import ScriptCommand
from jupyter_compute.workspace import Workspace

REPEATS = 15

FIRST_LINE = "import time; print(time.time(), flush=True)\n"
LAST_LINE = "import os, time; print(time.time(), flush=True); os._exit(0)\n"
MANY_LINES = (
    "import time\nfor _ in range(100):\n    print(time.time(), flush=True); time.sleep(0.03)\n"
)

SUBMITIT = """
import statistics, sys, tempfile, time
import submitit

with tempfile.TemporaryDirectory() as folder:
    executor = submitit.LocalExecutor(folder)
    executor.update_parameters(timeout_min=1)
    started, known = [], []
    for _ in range(5):
        job = executor.submit(time.time)
        submitted = time.time()
        started.append((job.result() - submitted) * 1e3)
        known.append((time.time() - job.result()) * 1e3)
    print(statistics.median(started), statistics.median(known))
"""


def rows(peers: Path) -> Iterator[dict[str, object]]:
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        source = Path(folder, "source")
        source.mkdir()
        client = Client(Workspace(root=Path(folder, "workspace")).make())
        try:
            yield from _rows(client, source, peers)
        finally:
            client.stop_controller()


def _rows(client: Client, source: Path, peers: Path) -> Iterator[dict[str, object]]:
    write_sources(source)
    client.wait(client.submit(ScriptCommand(path="first.py"), source=source).id)
    started = statistics.median(first_line(client, source) for _ in range(REPEATS))
    bare = statistics.median(_bare() for _ in range(REPEATS))
    known = statistics.median(end_to_known(client, source) for _ in range(REPEATS))
    lag = statistics.median(line_lags(client, source))
    theirs = _submitit(peers)
    yield _row("submit → first line, against a bare detached python", started, bare, 3)
    if theirs:
        yield _row("submit → first line, against submitit", started, theirs[0], None)
    yield _row("end → known, against its limit", known, 50.0, 1)
    if theirs:
        yield _row("end → known, against submitit", known, theirs[1], None)
    yield _row("a log line → the front end (p50), against its limit", lag, 20.0, 1)


def write_sources(source: Path) -> None:
    """Write the scripts that are measured with."""
    for name, code in (("first", FIRST_LINE), ("last", LAST_LINE), ("many", MANY_LINES)):
        (source / f"{name}.py").write_text(code)


def _row(what: str, ours: float, other: float, bound: float | None) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 2),
        "other": round(other, 2),
        "ratio": round(ours / other, 3),
        "bound": bound,
        "unit": "ms",
    }


def first_line(client: Client, source: Path, target: str = "local") -> float:
    """Return the milliseconds from submit to the first line of ``first.py``."""
    run = client.submit(ScriptCommand(path="first.py"), source=source, target=target)
    submitted = time.time()
    client.wait(run.id)
    return (float(client.log(run.id)) - submitted) * 1e3


def end_to_known(client: Client, source: Path, target: str = "local") -> float:
    """Return the milliseconds from the last line of ``last.py`` until its end is known here."""
    run = client.submit(ScriptCommand(path="last.py"), source=source, target=target)
    client.wait(run.id)
    known = time.time()
    return (known - float(client.log(run.id))) * 1e3


def line_lags(client: Client, source: Path, target: str = "local") -> list[float]:
    """Return the milliseconds from each line of ``many.py`` until it is here."""
    run = client.submit(ScriptCommand(path="many.py"), source=source, target=target)
    lags: list[float] = []
    rest = b""
    for chunk in client.follow(run.id):
        now = time.time()
        *lines, rest = (rest + chunk).split(b"\n")
        lags.extend((now - float(line)) * 1e3 for line in lines)
    return lags


def _bare() -> float:
    started = time.time()
    process = subprocess.Popen(
        [sys.executable, "-c", FIRST_LINE], stdout=subprocess.PIPE, start_new_session=True
    )
    line, _ = process.communicate()
    return (float(line) - started) * 1e3


def _submitit(python: Path) -> tuple[float, float] | None:
    done = subprocess.run(
        [str(python), "-c", SUBMITIT], capture_output=True, text=True, check=False, timeout=300
    )
    if done.returncode:
        print(f"submitit could not be measured: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    first, known = done.stdout.split()[-2:]
    return float(first), float(known)
