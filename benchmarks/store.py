"""Lists of 100,000 runs, and how fast events are taken."""

from __future__ import annotations

import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import structs

from jupyter_compute.model import (
    MetricEvent,
    PackagesEnvironment,
    Run,
    RunFacts,
    RunFilter,
    RunState,
    ScriptCommand,
    new_run_id,
)
from jupyter_compute.store import Store
from jupyter_compute.store.rows import insert

RUNS = 100_000
REPEATS = 300
BATCHES = 300
BATCH = 100

PACKAGES = {f"package-{number}": "1.2.3" for number in range(200)}
ENVIRONMENT = PackagesEnvironment(files={"uv.lock": "x" * 100_000})


def rows(peers: Path) -> Iterator[dict[str, object]]:
    with (
        tempfile.TemporaryDirectory(prefix="bench") as folder,
        Store.open(Path(folder, "store.db")) as store,
    ):
        ids = fill(store)
        yield from _lists(store)
        yield from _writes(store, ids[-1], Path(folder))


def fill(store: Store) -> list[str]:
    """Add 100,000 runs and return their ids."""
    chance = random.Random(1)
    states = list(RunState)[-3:]
    ids = []
    # One transaction for all of them: what is measured comes after.
    with store._database.write() as connection:
        for number in range(RUNS):
            run = Run(
                id=new_run_id(),
                experiment=f"experiment-{number % 300}",
                name=chance.choice(["train.py", "report.ipynb", "evaluate.py"]),
                target=chance.choice(["local", "local", "local", "gpu1"]),
                snapshot_id=f"{number % 1000:064x}",
                command=ScriptCommand(path="train.py", args=("--lr", str(chance.random()))),
                params={"lr": chance.random(), "depth": chance.randrange(10)},
                environment=ENVIRONMENT,
                state=chance.choice(states) if number < RUNS - 5 else RunState.RUNNING,
                tags={"fold": str(number % 7)},
                created=1.7e9 + number,
                started=1.7e9 + number + 1,
                ended=1.7e9 + number + 2,
                facts=RunFacts(host="gpu1", python="3.12.1", packages=PACKAGES),
            )
            insert(connection, run)
            ids.append(run.id)
    return ids


def _lists(store: Store) -> Iterator[dict[str, object]]:
    cursor = ""
    for _ in range(20):
        cursor = store.list(RunFilter(cursor=cursor)).cursor
    cases = {
        "newest 50": RunFilter(),
        "page 21 of the newest": RunFilter(cursor=cursor),
        "newest 50 that are over": RunFilter(states=tuple(RunState)[-3:]),
        "newest 50 of a target": RunFilter(target="gpu1"),
        "50 by name": RunFilter(sort="name"),
        "50 by state": RunFilter(sort="-state"),
        "50 by experiment": RunFilter(sort="experiment"),
    }
    for what, wanted in cases.items():
        yield _row(f"{what} of {RUNS:,} runs (p99, CPU)", _p99(partial(store.list, wanted)), 2.0)
    for what, text in (("few", "experiment-17\nfold=1"), ("many", "train"), ("no", "nowhere")):
        wanted = RunFilter(text=text)
        ours = _p99(partial(store.list, wanted), REPEATS // 10)
        yield _row(f"text that {what} of {RUNS:,} runs have (p99, CPU)", ours, 100.0)
    yield _row("all active runs (p99, CPU)", _p99(store.active), 2.0)
    yield _row("counts by state (p99, CPU)", _p99(store.counts), 2.0)
    yield _row("has anything changed? (p99, CPU)", _p99(store.revision), 0.5)


def _writes(store: Store, run_id: str, folder: Path) -> Iterator[dict[str, object]]:
    yield _events(store, run_id, folder)
    began = time.thread_time()
    for number in range(REPEATS):
        store.update(run_id, reason=str(number))
    ours = (time.thread_time() - began) / REPEATS * 1e3
    yield _row("one change of a run (mean, CPU)", ours, 2.0)
    yield _adding(store, store.get(run_id), folder)


def _events(store: Store, run_id: str, folder: Path) -> dict[str, object]:
    batches = [
        [
            MetricEvent(t=time.time(), name="loss", value=1.0 / (step + 1), step=step)
            for step in range(start, start + BATCH)
        ]
        for start in range(0, BATCHES * BATCH, BATCH)
    ]
    ours = other = 0.0
    with open(folder / "events.jsonl", "a", encoding="utf-8") as file:
        for number, batch in enumerate(batches):
            began = time.perf_counter()
            store.append_events(run_id, 1, batch, start=number, end=number + 1)
            middle = time.perf_counter()
            for event in batch:
                line = {"t": event.t, "name": event.name, "value": event.value, "step": event.step}
                file.write(json.dumps(line) + "\n")
            file.flush()
            ours += middle - began
            other += time.perf_counter() - middle
    return {
        "what": f"{BATCHES * BATCH:,} metrics in batches of {BATCH}, against lines in a file",
        "ours": round(BATCHES * BATCH / ours),
        "other": round(BATCHES * BATCH / other),
        "ratio": round(ours / other, 2),
        "bound": None,
        "unit": "events/s",
    }


def _adding(store: Store, like: Run, folder: Path) -> dict[str, object]:
    ours, other = [], []
    with open(folder / "synced", "ab", buffering=0) as file:
        for _ in range(REPEATS // 3):
            run = structs.replace(like, id=new_run_id())
            began = time.perf_counter()
            store.add(run)
            middle = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            ours.append(middle - began)
            other.append(time.perf_counter() - middle)
    mine, bare = statistics.median(ours) * 1e3, statistics.median(other) * 1e3
    return {
        "what": "a new run, on the disk, against 4 KB appended and synced",
        "ours": round(mine, 3),
        "other": round(bare, 3),
        "ratio": round(mine / bare, 2),
        "bound": 4,
        "unit": "ms",
    }


def _p99(call: Callable[[], object], repeats: int = REPEATS) -> float:
    # Reading is work and no waiting: its own CPU time says what it costs on a busy machine too.
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        call()
        times.append(time.thread_time() - began)
    return sorted(times)[int(len(times) * 0.99)] * 1e3


def _row(what: str, ours: float, limit: float) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 3),
        "other": limit,
        "ratio": round(ours / limit, 3),
        "bound": 1,
        "unit": "ms",
    }
