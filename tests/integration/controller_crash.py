"""Kills a controller at every step and lets another one go on: a program for the test beside it.

Forking from a process that has everything imported makes a hundred controllers cheap.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from jupyter_compute.controller.mirror import Mirror
from jupyter_compute.errors import ConflictError
from jupyter_compute.model import RunState
from jupyter_compute.store import Store
from jupyter_compute.testing import FakeDriver, leave, lose, rest, say, tell, write
from jupyter_compute.testing.house import House

STEPS = {
    (Store, "advance"): 6,
    (Store, "update"): 4,
    (Store, "append_events"): 1,
    (Store, "requeue"): 1,
    (FakeDriver, "upload"): 2,
    (FakeDriver, "launch"): 4,
    (FakeDriver, "poll"): 3,
    (FakeDriver, "read"): 3,
    (FakeDriver, "cancel"): 1,
    (Mirror, "write"): 3,
    (Mirror, "complete"): 1,
}

# For an engine with a queue of its own, where a launch is announced in another way.
STEPS_OF_A_QUEUE = {(Store, "update"): 3, (FakeDriver, "launch"): 2, (FakeDriver, "cancel"): 1}

WHOLE = (
    say("one\n"),
    tell({"type": "metric", "name": "loss", "value": 1}),
    rest(0.03),
    say("two\n"),
    tell({"type": "metric", "name": "loss", "value": 2}),
    write("outputs/model", "weights"),
    write("logs/worker", "works\n"),
    leave(0),
)
LOST = (say("again\n"), lose())
ENDLESS = (say("endless\n"), rest(600))


def house_at(root: Path, slots: int | None) -> House:
    options = {"engine": str(root), "folder": str(root / "engine"), "slots": slots}
    return House(root / "workspace", FakeDriver, options, requeues=1, retry_s=0.01, turn_s=0.1)


def submit(root: Path, slots: int | None) -> list[str]:
    house = house_at(root, slots)
    ids = [house.submit(*steps, name=name).id for name, steps in _scripts().items()]
    house.close()
    return ids


def _scripts():
    return {"whole": WHOLE, "lost": LOST, "endless": ENDLESS}


async def serve(house: House, ids: list[str]) -> None:
    async with house.serving():
        endless = await house.until(ids[2], lambda run: run.state is not RunState.QUEUED)
        while not endless.is_final and endless.cancel_requested is None:
            if endless.state is RunState.RUNNING:
                with contextlib.suppress(ConflictError):
                    house.cancel(endless.id)
            await asyncio.sleep(0.005)
            endless = house.store.get(endless.id)
        for run_id in ids:
            await house.over(run_id)


def arm(owner: type, name: str, number: int, is_after: bool) -> None:
    """Let the n-th call of a method be the last thing that this process does."""
    method = getattr(owner, name)
    calls = 0

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def deadly(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == number and not is_after:
                die()
            is_last = calls == number
            answer = await method(*args, **kwargs)
            if is_last:
                die()
            return answer
    else:

        @functools.wraps(method)
        def deadly(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == number and not is_after:
                die()
            is_last = calls == number
            answer = method(*args, **kwargs)
            if is_last:
                die()
            return answer

    setattr(owner, name, deadly)


def look(house: House, ids: list[str]) -> list[str]:
    """Say everything that is not as it must be."""
    whole, lost, endless = (house.store.get(run_id) for run_id in ids)
    found = {
        "whole": (whole.state.value, whole.exit_code, whole.attempt, whole.error),
        "lost": (lost.state.value, lost.attempt),
        "endless": (endless.state.value, endless.attempt, endless.error),
        "log": house.file(whole, "log"),
        "worker": house.file(whole, "logs/worker"),
        "model": house.file(whole, "outputs/model"),
        "losses": [event.value for event in house.store.metrics(whole.id)["loss"]],
        "again": house.file(lost, "log"),
        "first": (house.workspace.run(lost.id) / "1" / "log").read_bytes(),
        "endless log": house.file(endless, "log"),
        "jobs": len(list(Path(house.targets["there"].options["folder"]).glob("*.job"))),
    }
    wanted = {
        "whole": ("completed", 0, 1, ""),
        "lost": ("failed", 2),
        "endless": ("canceled", 1, "canceled by a test"),
        "log": b"one\ntwo\n",
        "worker": b"works\n",
        "model": b"weights",
        "losses": [1, 2],
        "again": b"again\n",
        "first": b"again\n",
        "endless log": b"endless\n",
        "jobs": 4,
    }
    return [f"{name}: {found[name]!r}" for name in wanted if found[name] != wanted[name]]


def in_child(act) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def try_point(
    owner: type, name: str, number: int, is_after: bool, slots: int | None
) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        notes = root / "notes.json"

        def first() -> None:
            ids = submit(root, slots)
            notes.write_text(json.dumps(ids))
            arm(owner, name, number, is_after)
            asyncio.run(serve(house_at(root, slots), ids))

        def second() -> None:
            ids = json.loads(notes.read_text())
            house = house_at(root, slots)
            asyncio.run(serve(house, ids))
            notes.write_text(json.dumps(look(house, ids)))

        status = in_child(first)
        other = in_child(second)
        return {
            "point": f"{'after' if is_after else 'before'} {name} {number}, slots {slots}",
            "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
            "wrong": json.loads(notes.read_text()) if other == 0 else ["the second one failed"],
        }


def main() -> None:
    for slots, steps in ((4, STEPS), (None, STEPS_OF_A_QUEUE)):
        for (owner, name), most in steps.items():
            for number in range(1, most + 1):
                for is_after in (False, True):
                    row = try_point(owner, name, number, is_after, slots)
                    print(json.dumps(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
