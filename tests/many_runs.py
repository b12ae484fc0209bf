"""A store with very many runs, quickly."""

from __future__ import annotations

from pathlib import Path

from jupyter_compute.model import PythonEnvironment, Run, RunId, RunState, ScriptCommand
from jupyter_compute.store import Store
from jupyter_compute.store.rows import insert

_FIRST = "m00000000"


def add_many_runs(database: Path, count: int) -> None:
    """Add ``run-000000``, ``run-000001``…, all over and each newer than the one before.

    Only the first is written as runs are; the others are copies of its rows, which is much faster.
    """
    first = Run(
        id=RunId(_FIRST),
        experiment="many",
        name="run-000000",
        target="local",
        snapshot_id="0" * 64,
        command=ScriptCommand(path="train.py"),
        environment=PythonEnvironment(),
        state=RunState.COMPLETED,
        created=1.6e9,
        started=1.6e9 + 1,
        ended=1.6e9 + 2,
    )
    with Store.open(database) as store, store._database.write() as connection:
        insert(connection, first)
        key, *row = connection.execute("SELECT * FROM runs WHERE id = ?", (_FIRST,)).fetchone()
        _, body, *parts = connection.execute(
            "SELECT * FROM records WHERE key = ?", (key,)
        ).fetchone()
        numbers = range(1, count)
        keys = range(key + 1, key + count)
        names = [(f"m{number:08}", f"run-{number:06}") for number in numbers]
        connection.executemany(
            f"INSERT INTO runs VALUES ({', '.join('?' * (len(row) + 1))})",
            (
                (at, run_id, name, *row[2:9], row[9] + number, *row[10:])
                for at, number, (run_id, name) in zip(keys, numbers, names, strict=True)
            ),
        )
        # Names of the same length stand at the same place of what is packed.
        connection.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?)",
            (
                (at, _renamed(body, run_id, name), *parts)
                for at, (run_id, name) in zip(keys, names, strict=True)
            ),
        )
        connection.executemany(
            "INSERT INTO search VALUES (?, ?)",
            ((at, f"{run_id}\n{name}") for at, (run_id, name) in zip(keys, names, strict=True)),
        )
        connection.execute(
            "UPDATE tallies SET runs = runs + ? WHERE target = 'local' AND state = ?",
            (count - 1, row[7]),
        )


def _renamed(body: bytes, run_id: str, name: str) -> bytes:
    return body.replace(_FIRST.encode(), run_id.encode()).replace(b"run-000000", name.encode())
