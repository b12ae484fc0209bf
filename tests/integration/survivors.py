"""A product to kill: real front ends, controllers, agents and keepers, and a run that is watched.

What a run does is noted outside its workspace, so that what the product says can be compared with
what has happened. As a program of its own this file is a front end that submits.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from jupyter_compute.client import Client
from jupyter_compute.controller import process
from jupyter_compute.controller.lock import process_ticks
from jupyter_compute.errors import ComputeError
from jupyter_compute.model import Run, RunFilter, ScriptCommand
from jupyter_compute.workspace import Workspace

T = TypeVar("T")

PATIENCE_S = 120.0

WORK = """
import os, sys, time
import jupyter_compute_run as run

name, place, lines, hold = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]

def note(what, text):
    fd = os.open(os.path.join(place, what + "-" + name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, text)
    os.close(fd)

note("starts", b"start\\n")
for number in range(lines):
    line = b"%s says %06d\\n" % (name.encode(), number)
    os.write(1 + number % 2, line)
    note("said", line)
    if number % 10 == 0:
        run.log("number", number)
        time.sleep(0.01)
while hold and not os.path.exists(hold[0]):
    time.sleep(0.01)
with open("outputs/result.txt", "w") as file:
    file.write(name * int(os.environ.get("MANY", "1")))
note("ends", b"end\\n")
"""


PATIENT = """
import os, sys, time

name, place, size, hold = sys.argv[1:]

def note(what):
    with open(os.path.join(place, what + "-" + name), "ab", 0) as file:
        file.write(what.encode())

def say(data):
    while data:
        try:
            data = data[os.write(1, data):]
        except OSError:
            if not os.path.exists(os.path.join(place, "refused-" + name)):
                note("refused")
            time.sleep(0.01)

note("starts")
say(b"it begins\\n")
while not os.path.exists(hold):
    time.sleep(0.01)
for number in range(int(size) // 100):
    say(b"%099d\\n" % number)
note("ends")
"""


def text_of(name: str, lines: int) -> bytes:
    """Return the whole log of a run."""
    return b"".join(b"%s says %06d\n" % (name.encode(), number) for number in range(lines))


def until(is_done: Callable[[], T], what: str = "") -> T:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := is_done()):
        assert time.monotonic() < deadline, f"in vain for {PATIENCE_S:.0f} s: {what}"
        time.sleep(0.01)
    return found


class Stage:
    """A workspace with its processes, and a place outside of it where runs leave their notes.

    Args:
        home: The workspace.
        place: Where the notes are.
        there: What runs call that place.
        source: The folder that is submitted.
        target: Where runs go.
        settings: Lines of the workspace's settings.
    """

    def __init__(
        self,
        home: Path,
        place: Path,
        *,
        there: str = "",
        source: Path | None = None,
        target: str = "local",
        settings: str = "",
    ) -> None:
        self.home = home
        self.place = place
        self.there = there or str(place)
        self.target = target
        self.source = source or place / "source"
        for path in (self.place, self.source):
            path.mkdir(parents=True, exist_ok=True)
        (self.source / "work.py").write_text(WORK)
        (self.source / "patient.py").write_text(PATIENT)
        self.client = Client(home)
        self.workspace: Workspace = self.client.workspace
        self.workspace.targets_file.write_text(f"[settings]\n{settings}\n")
        self.front_ends: list[subprocess.Popen[bytes]] = []

    # -- what a user does ----------------------------------------------------------------------

    def submit(self, name: str, lines: int = 20, *hold: Path | str) -> Run:
        return submit(self.client, self.source, self.there, name, lines, *hold, target=self.target)

    def submit_patient(self, name: str, size: int, hold: Path | str) -> Run:
        """Submit a run that goes on when its disk refuses a line, once there is room for it."""
        command = ScriptCommand(path="patient.py", args=(name, self.there, str(size), str(hold)))
        return self.client.submit(command, source=self.source, name=name, target=self.target)

    def runs(self) -> dict[str, Run]:
        """Return all runs by name, each of which is there once."""
        page = self.client.runs(RunFilter(limit=1000))
        found = {run.name: run for run in page.runs}
        assert len(found) == len(page.runs) == page.total, [run.name for run in page.runs]
        return found

    def care(self) -> None:
        """Do what a front end that waits does: have a controller there."""
        process.ensure(self.workspace)

    def over(self, *ids: str) -> list[Run]:
        """Wait for the ends of runs."""

        def look() -> list[Run] | None:
            self.care()
            found = [self.client.run(run_id) for run_id in ids]
            return found if all(run.is_final for run in found) else None

        return until(look, f"the ends of {len(ids)} runs")

    def until_in_state(self, run_id: str, state: str) -> Run:
        def look() -> Run | None:
            self.care()
            run = self.client.run(run_id)
            assert not run.is_final or state == run.state.value, run
            return run if run.state.value == state else None

        return until(look, f"{run_id} {state}")

    def start_front_end(self, *words: object) -> subprocess.Popen[bytes]:
        """Start a process that submits runs."""
        argv = [sys.executable, __file__, self.home, self.source, self.there, self.target, *words]
        started = subprocess.Popen(list(map(str, argv)), stdout=subprocess.PIPE)
        self.front_ends.append(started)
        return started

    # -- what has happened ---------------------------------------------------------------------

    def note(self, what: str, name: str) -> bytes:
        try:
            return (self.place / f"{what}-{name}").read_bytes()
        except FileNotFoundError:
            return b""

    def check_whole(self, run: Run, lines: int, many: int = 1) -> None:
        """Check a run that nothing has happened to, whatever happened around it."""
        facts = (run.name, run.state.value, run.exit_code, run.error, run.attempt)
        assert facts == (run.name, "completed", 0, "", 1), self.controller_log()
        assert self.note("starts", run.name) == b"start\n", run
        assert self.note("ends", run.name) == b"end\n", run
        text = text_of(run.name, lines)
        assert self.client.log(run.id) == text, f"{run.id}: lines of the log are lost or doubled"
        metrics = self.client.metrics(run.id)["number"]
        assert [event.value for event in metrics] == list(range(0, lines, 10)), run
        outputs = {item.path: item for item in self.client.outputs(run.id)}
        assert set(outputs) == {"outputs/result.txt"}
        with self.client.open_output(run.id, "outputs/result.txt") as file:
            assert file.read() == run.name.encode() * many
        assert not list(self.workspace.run(run.id).rglob("*.part")), run

    def check_bereaved(self, run: Run, lines: int) -> None:
        """Check a run whose keeper was killed: nothing is lost of what was there by then."""
        if run.state.value == "completed":
            # It was killed in the instant after the end was written down.
            self.check_whole(run, lines)
            return
        assert (run.state.value, run.attempt) == ("failed", 1), run
        assert "the keeper of the run was killed" in run.error, run
        assert self.note("starts", run.name) in (b"", b"start\n"), run
        log, said = self.client.log(run.id), self.note("said", run.name)
        assert log.startswith(said), run
        assert text_of(run.name, lines).startswith(log), run
        metrics = [event.value for event in self.client.metrics(run.id).get("number", ())]
        assert metrics == list(range(0, lines, 10))[: len(metrics)], run

    def check_canceled(self, run: Run, lines: int) -> None:
        """Check a run that somebody wanted to end; it may have been over before that was known."""
        if run.state.value == "completed":
            self.check_whole(run, lines)
            return
        assert (run.state.value, run.attempt) == ("canceled", 1), run
        assert run.error.startswith("canceled by somebody"), run
        assert self.note("starts", run.name) in (b"", b"start\n"), run
        # Between and after its own lines stands what an interrupt made Python say.
        log = self.client.log(run.id).splitlines(keepends=True)
        own = b"".join(line for line in log if line.startswith(run.name.encode()))
        assert own.startswith(self.note("said", run.name)), run
        assert text_of(run.name, lines).startswith(own), run

    def processes_of(self, *ids: str) -> list[str]:
        """List what lives of runs: programs that carry the run's id, however far they went."""
        wanted = {f"JUPYTER_COMPUTE_RUN_ID={run_id}".encode() for run_id in ids}
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and wanted & set(
                    (entry / "environ").read_bytes().split(b"\0")
                ):
                    found.append(f"{entry.name}: {(entry / 'cmdline').read_bytes()!r}")
        return found

    def controller_log(self) -> str:
        try:
            return self.workspace.controller_log.read_text("utf-8", "replace")[-5000:]
        except OSError:
            return ""

    # -- who can be killed ---------------------------------------------------------------------

    def controller(self) -> int | None:
        facts = process.facts(self.workspace)
        return facts.pid if facts is not None else None

    def agent(self) -> int | None:
        """Find the agent: the controller's child that runs the archive of this workspace."""
        controller = self.controller()
        for child in children_of(controller) if controller is not None else ():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if any(word.startswith(os.fsencode(self.workspace.root)) for word in words):
                    return child
        return None

    def keeper(self, run: Run) -> int | None:
        """Find the keeper of a run that is not over, by what it says about itself."""
        folder = self.attempt(run)
        with contextlib.suppress(OSError, ValueError):
            state = json.loads((folder / "state.json").read_bytes())
            is_alive = process_ticks(state["pid"]) == state["start"]
            if is_alive and not (folder / "exit.json").exists():
                return int(state["pid"])
        return None

    def attempt(self, run: Run) -> Path:
        """Return the run's folder at its target."""
        return self.workspace.target("local") / "runs" / run.id / str(run.attempt)

    # -- the end -------------------------------------------------------------------------------

    def close(self) -> None:
        for front_end in self.front_ends:
            front_end.kill()
            front_end.communicate()
        with contextlib.suppress(ComputeError):
            for run in self.client.runs(RunFilter(limit=1000)).runs:
                if not run.is_final:
                    with contextlib.suppress(ComputeError):
                        self.client.cancel(run.id, "the end of the test")
                    self.over(run.id)
        self.client.close()
        assert process.stop(self.workspace, PATIENCE_S)


def submit(
    client: Client,
    source: Path,
    there: str,
    name: str,
    lines: int,
    *hold: Path | str,
    target: str = "local",
    **changes: Any,
) -> Run:
    words = (name, there, str(lines), *map(str, hold))
    command = ScriptCommand(path="work.py", args=words)
    return client.submit(command, source=source, name=name, target=target, **changes)


def children_of(pid: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == pid:
                    yield int(entry.name)


def main(
    home: str, source: str, there: str, target: str, prefix: str, count: str, lines: str
) -> None:
    """Submit what is not yet there of a number of runs, as somebody does who tries again."""
    with Client(home) as client:
        for number in range(int(count)):
            name = f"{prefix}-{number:02}"
            names: dict[str, Any] = {run.name: 1 for run in client.runs(RunFilter(limit=1000)).runs}
            if name not in names:
                submit(client, Path(source), there, name, int(lines), target=target)


if __name__ == "__main__":
    main(*sys.argv[1:])
