"""Kills a controller at one step of its work with a Slurm, and lets another one go on.

A program for the tests: it is told where to work, and at which step; it prints what came of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from controller_crash import arm, in_child

from jupyter_compute.controller.mirror import Mirror
from jupyter_compute.drivers.slurm import SlurmDriver
from jupyter_compute.errors import ConflictError
from jupyter_compute.model import RunState
from jupyter_compute.store import Store
from jupyter_compute.testing import rest, say, tell, write
from jupyter_compute.testing.house import House

OWNERS = {"driver": SlurmDriver, "store": Store, "mirror": Mirror}
STEPS = [
    ("driver", "launch", 1, False),
    ("driver", "launch", 1, True),
    ("store", "update", 3, True),
    ("driver", "poll", 2, True),
    ("store", "advance", 3, True),
    ("driver", "cancel", 1, False),
    ("driver", "cancel", 1, True),
    ("mirror", "complete", 1, True),
]

WHOLE = (
    say("one\n"),
    tell({"type": "metric", "name": "loss", "value": 1}),
    write("outputs/model", "weights"),
    say("two\n"),
)
ENDLESS = (say("endless\n"), rest(600))


def house_at(root: Path) -> House:
    options = {"root": str(root / "shared")}
    return House(root / "workspace", SlurmDriver, options, python=sys.executable, turn_s=0.1)


async def serve(house: House, ids: list[str]) -> None:
    async with house.serving():
        endless = house.store.get(ids[1])
        while not endless.is_final and endless.cancel_requested is None:
            if endless.state is RunState.RUNNING:
                with contextlib.suppress(ConflictError):
                    house.cancel(endless.id)
            await asyncio.sleep(0.02)
            endless = house.store.get(endless.id)
        for run_id in ids:
            await house.over(run_id)


def look(house: House, ids: list[str]) -> dict[str, object]:
    whole, endless = (house.store.get(run_id) for run_id in ids)
    return {
        "whole": [whole.state.value, whole.exit_code, whole.attempt, whole.error],
        "endless": [endless.state.value, endless.attempt, endless.error],
        "log": house.file(whole, "log").decode(),
        "model": house.file(whole, "outputs/model").decode(),
        "losses": [event.value for event in house.store.metrics(whole.id)["loss"]],
    }


def main(folder: str, owner: str, name: str, number: str, is_after: str) -> None:
    root = Path(folder)
    notes = root / "notes.json"

    def first() -> None:
        house = house_at(root)
        ids = [house.submit(*steps).id for steps in (WHOLE, ENDLESS)]
        notes.write_text(json.dumps(ids))
        arm(OWNERS[owner], name, int(number), is_after == "True")
        asyncio.run(serve(house, ids))

    def second() -> None:
        ids = json.loads(notes.read_text())
        house = house_at(root)
        asyncio.run(serve(house, ids))
        notes.write_text(json.dumps({"ids": ids, **look(house, ids)}))

    status = in_child(first)
    in_child(second)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    print(json.dumps({"killed": is_killed, **json.loads(notes.read_text())}))


if __name__ == "__main__":
    main(*sys.argv[1:])
