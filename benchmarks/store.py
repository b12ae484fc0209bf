"""Lists of 100,000 runs, and how fast events are taken."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

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
        ids = _fill(store)
        yield from _lists(store)
        yield from _writes(store, ids[-1], Path(folder))


def _fill(store: Store) -> list[str]:
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
        yield _row(f"{what} of {RUNS:,} runs (p99)", _p99(partial(store.list, wanted)), 2.0)
    for what, text in (("few", "experiment-17\nfold=1"), ("many", "train"), ("no", "nowhere")):
        wanted = RunFilter(text=text)
        ours = _p99(partial(store.list, wanted), REPEATS // 10)
        yield _row(f"text that {what} of {RUNS:,} runs have (p99)", ours, 100.0)
    yield _row("all active runs (p99)", _p99(store.active), 2.0)
    yield _row("counts by state (p99)", _p99(store.counts), 2.0)
    yield _row("has anything changed? (p99)", _p99(store.revision), 0.5)


def _writes(store: Store, run_id: str, folder: Path) -> Iterator[dict[str, object]]:
    batches = [
        [
            MetricEvent(t=time.time(), name="loss", value=1.0 / (step + 1), step=step)
            for step in range(start, start + BATCH)
        ]
        for start in range(0, BATCHES * BATCH, BATCH)
    ]
    began = time.perf_counter()
    for number, batch in enumerate(batches):
        store.append_events(run_id, 1, batch, start=number, end=number + 1)
    ours = time.perf_counter() - began
    began = time.perf_counter()
    with open(folder / "events.jsonl", "a", encoding="utf-8") as file:
        for batch in batches:
            for event in batch:
                line = {"t": event.t, "name": event.name, "value": event.value, "step": event.step}
                file.write(json.dumps(line) + "\n")
            file.flush()
    other = time.perf_counter() - began
    yield {
        "what": f"{BATCHES * BATCH:,} metrics in batches of {BATCH}, against lines in a file",
        "ours": round(BATCHES * BATCH / ours),
        "other": round(BATCHES * BATCH / other),
        "ratio": round(ours / other, 2),
        "bound": None,
        "unit": "events/s",
    }
    began = time.perf_counter()
    for number in range(REPEATS):
        store.update(run_id, reason=str(number))
    ours = (time.perf_counter() - began) / REPEATS * 1e3
    yield _row("one change of a run (mean)", ours, 2.0)
    run = store.get(run_id)
    fresh = [
        Run(
            id=new_run_id(),
            experiment="e",
            name="n",
            target="local",
            snapshot_id=run.snapshot_id,
            command=run.command,
        )
        for _ in range(REPEATS)
    ]
    adds = iter(fresh)
    yield _row("a new run, on the disk (p99)", _p99(lambda: store.add(next(adds)), REPEATS), 20.0)


def _p99(call: Callable[[], object], repeats: int = REPEATS) -> float:
    call_times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        call_times.append(time.perf_counter() - began)
    return sorted(call_times)[int(len(call_times) * 0.99)] * 1e3


def _row(what: str, ours: float, limit: float) -> dict[str, object]:
    return {
        "what": what,
        "ours": round(ours, 3),
        "other": limit,
        "ratio": round(ours / limit, 3),
        "bound": 1,
        "unit": "ms",
    }
