"""The newest runs of 100,000 through a real Jupyter server."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import store
from jupyter_compute.model import RunState
from jupyter_compute.store import Store
from jupyter_compute.workspace import Workspace

sys.path.append(str(Path(__file__).parents[1] / "tests"))

REPEATS = 300


def rows(peers: Path) -> Iterator[dict[str, object]]:
    from compute_server import serve  # noqa: PLC0415 - the tests' folder is on the path by now

    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        workspace = Workspace(root=Path(folder, "workspace")).make()
        with Store.open(workspace.database) as filled:
            for run_id in store.fill(filled)[-5:]:
                filled.advance(run_id, RunState.COMPLETED)
        with serve(Path(folder, "home"), workspace.root) as served:
            for what, path in (("newest 50 of 100,000 runs", "/runs"), ("version", "/version")):
                served.get(path)
                times = []
                for _ in range(REPEATS):
                    began = time.perf_counter()
                    served.get(path)
                    times.append((time.perf_counter() - began) * 1e3)
                middle, worst = statistics.median(times), statistics.quantiles(times, n=100)[-1]
                for name, ours in (("p50", middle), ("p99", worst)):
                    yield {
                        "what": f"{what}, through the server ({name}), against its limit",
                        "ours": round(ours, 2),
                        "other": 10.0,
                        "ratio": round(ours / 10.0, 3),
                        "bound": 1 if path == "/runs" and name == "p99" else None,
                        "unit": "ms",
                    }
