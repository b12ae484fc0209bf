"""What is told on the event bus, and that a server with live runs is not idle."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import websocket
from compute_server import Served, until

from jupyter_compute.server.events import SCHEMA, SCHEMA_ID

SLEEPS = """
import time
from pathlib import Path
import sys
import jupyter_compute_run as run
print("secret words of the log", flush=True)
run.log("loss", 0.5)
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""


class Bus:
    """The messages that a tab gets."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self.socket = socket
        self.got: list[dict[str, Any]] = []

    def until(self, **facts: Any) -> dict[str, Any]:
        """Read until a message says all this."""
        while True:
            message = json.loads(self.socket.recv())
            if message["schema_id"] == SCHEMA_ID:
                self.got.append(message)
                if facts.items() <= message.items():
                    return message


@pytest.fixture
def bus(served: Served) -> Iterator[Bus]:
    # The first look of the server's watch finds nothing changed, so it must be over.
    served.ended(served.script("warm.py", "print(1)\n"))
    socket = served.socket(served.url.removesuffix("compute") + "api/events/subscribe")
    yield Bus(socket)
    socket.shutdown()


def submit(served: Served, name: str) -> str:
    source = served.write(f"{name}.py", SLEEPS)
    command = {"type": "script", "path": f"{name}.py", "args": [str(served.root / f"{name}.go")]}
    found: str = served.post("/runs", {"command": command, "source": source}, 201)["id"]
    return found


def test_states_are_told_in_order_small_and_without_the_log(served: Served, bus: Bus) -> None:
    run_id = submit(served, "told")
    bus.until(what="run", run_id=run_id, state="running")
    (served.root / "told.go").touch()
    last = bus.until(what="run", run_id=run_id, state="completed")
    assert (last["target"], last["name"], last["attempt"]) == ("local", "told", 1)
    order = ["queued", "preparing", "running", "finalizing", "completed"]
    ours = [order.index(one["state"]) for one in bus.got if one.get("run_id") == run_id]
    assert ours == sorted(ours)
    numbers = [one["seq"] for one in bus.got]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    revisions = [one["revision"] for one in bus.got]
    assert revisions == sorted(revisions)
    for one in bus.got:
        facts = {name: value for name, value in one.items() if name != "schema_id"}
        jsonschema.validate(facts, SCHEMA)
        assert "secret words" not in json.dumps(one)
        assert len(json.dumps(one)) < 1000
    assert served.http.delete(f"/runs/{run_id}").status_code == 204
    bus.until(what="deleted", run_id=run_id)


def test_a_change_of_the_targets_is_told(served: Served, bus: Bus) -> None:
    assert served.http.patch("/targets/local", json={"options": {"slots": 5}}).status_code == 200
    bus.until(what="targets")
    assert served.http.patch("/targets/local", json={"options": {"slots": None}}).is_success
    bus.until(what="targets")


def test_a_server_with_live_runs_counts_as_active(served: Served) -> None:
    status = served.url.removesuffix("compute") + "api/status?no_track_activity=1"

    def last_activity() -> str:
        found: str = served.http.get(status).json()["last_activity"]
        return found

    run_id = submit(served, "active")
    seen = last_activity()
    later = until(lambda: last_activity() if last_activity() > seen else None)
    until(lambda: last_activity() > later)
    (served.root / "active.go").touch()
    served.ended(run_id)
