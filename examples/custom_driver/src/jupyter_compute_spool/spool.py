"""The engine: a folder in which scripts wait for their turn, a few at a time.

A stand-in for the queue that you have; the driver knows it by its command line only::

    spool init FOLDER --slots 2     make a queue
    spool info FOLDER               its size, in JSON
    spool add FOLDER NAME < SCRIPT  print the name; one that is taken is refused
    spool find FOLDER NAME          print the name if there is such a job
    spool list FOLDER               one JSON object a job, the oldest first
    spool cancel FOLDER NAME        take it out, or send it SIGTERM
    spool remove FOLDER NAME        forget a job that is over

A job is ``jobs/NAME/`` with its ``script``, then its ``pid``, then its ``end``. The first command
that finds work and nobody at it starts a worker, which goes when there is nothing left to do.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

_LOOK_S = 0.05
_VERBS = ("init", "info", "add", "find", "list", "cancel", "remove", "work")


class Queue:
    """A queue in a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).expanduser()
        self.jobs = self.folder / "jobs"

    @contextlib.contextmanager
    def door(self) -> Iterator[None]:
        """Let one process at a time change who works here, and on what."""
        with (self.folder / "door").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def slots(self) -> int:
        return int((self.folder / "slots").read_text())

    def listed(self) -> list[dict[str, Any]]:
        """Return the jobs, the oldest first."""
        found = []
        for path in self.jobs.glob("*/script"):
            with contextlib.suppress(FileNotFoundError):
                added = path.stat().st_mtime_ns
                found.append({"name": path.parent.name, "added": added, **_progress(path.parent)})
        return sorted(found, key=lambda job: int(job["added"]))

    def add(self, name: str, script: str) -> None:
        with self.door():
            (self.jobs / name).mkdir()
            _write(self.jobs / name / "script", script)

    def cancel(self, name: str) -> None:
        with self.door():
            for job in self.listed():
                if job["name"] == name and job["state"] == "waiting":
                    _write(self.jobs / name / "end", "canceled")
                elif job["name"] == name and job["state"] == "running":
                    os.kill(job["pid"], signal.SIGTERM)

    def remove(self, name: str) -> None:
        with self.door():
            if any(job["name"] == name and job["state"] == "over" for job in self.listed()):
                shutil.rmtree(self.jobs / name)

    # -- the worker ----------------------------------------------------------------------------

    def see_to_work(self) -> None:
        """Start a worker if there is work and nobody at it; of two, one ends at once."""
        if all(job["state"] == "over" for job in self.listed()):
            return
        with (self.folder / "worker").open("a") as place:
            if not _take(place):
                return
        words = [sys.executable, "-I", "-S", __file__, "work", str(self.folder)]
        quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        subprocess.Popen(words, start_new_session=True, cwd="/", **quiet)

    def work(self) -> None:
        running: dict[str, subprocess.Popen[bytes]] = {}
        with (self.folder / "worker").open("a") as place:
            while _take(place):
                with self.door():
                    if not self._turn(running):
                        # Left behind the door, or a job that comes now would find us here.
                        fcntl.flock(place, fcntl.LOCK_UN)
                        return
                time.sleep(_LOOK_S)

    def _turn(self, running: dict[str, subprocess.Popen[bytes]]) -> bool:
        for name, process in list(running.items()):
            if process.poll() is not None:
                _write(self.jobs / name / "end", f"exit code {process.returncode}")
                del running[name]
        jobs = [job for job in self.listed() if job["state"] != "over"]
        for job in jobs:
            name, busy = job["name"], sum(job["state"] == "running" for job in jobs)
            if job["state"] == "lost":
                _write(self.jobs / name / "end", "lost: the worker was killed, and it has ended")
            elif job["state"] == "waiting" and busy < self.slots():
                running[name] = self._start(job)
                job["state"] = "running"
        return bool(jobs)

    def _start(self, job: dict[str, Any]) -> subprocess.Popen[bytes]:
        folder = self.jobs / job["name"]
        with (folder / "output").open("ab") as output:
            process = subprocess.Popen(
                ["/bin/sh", "script"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
            )
        _write(folder / "pid", f"{process.pid} {_born(process.pid)}")
        return process


def _take(file: IO[str]) -> bool:
    """Lock a file for as long as it is open; False if another process has."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _progress(folder: Path) -> dict[str, Any]:
    with contextlib.suppress(FileNotFoundError):
        return {"state": "over", "end": (folder / "end").read_text()}
    with contextlib.suppress(FileNotFoundError):
        pid, _, born = (folder / "pid").read_text().partition(" ")
        is_there = _born(int(pid)) == born
        return {"state": "running" if is_there else "lost", "pid": int(pid)}
    return {"state": "waiting"}


def _born(pid: int) -> str:
    """Return when a process began: a pid is used again one day."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    part.rename(path)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="spool", description="A queue in a folder.")
    parser.add_argument("verb", choices=_VERBS)
    parser.add_argument("folder")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--slots", type=int, default=1)
    given = parser.parse_args(argv)
    queue = Queue(given.folder)
    try:
        if given.verb == "init":
            queue.jobs.mkdir(parents=True, exist_ok=True)
            _write(queue.folder / "slots", str(given.slots))
            return 0
        queue.slots()
    except OSError as exc:
        return _refuse(f"{queue.folder} is no queue: {exc.strerror}")
    if given.verb == "work":
        queue.work()
        return 0
    code = _obey(queue, given.verb, given.name)
    queue.see_to_work()
    return code


def _obey(queue: Queue, verb: str, name: str) -> int:
    jobs = queue.listed()
    if verb == "info":
        states = [job["state"] for job in jobs]
        counts = {state: states.count(state) for state in ("waiting", "running")}
        print(json.dumps({"slots": queue.slots(), **counts}))
    elif verb == "list":
        for job in jobs:
            print(json.dumps(job))
    elif not name or "/" in name or name.startswith("."):
        return _refuse(f"{name!r} is no name")
    elif verb == "add":
        try:
            queue.add(name, sys.stdin.read())
        except FileExistsError:
            return _refuse(f"there is a job named {name}")
        print(name)
    elif verb == "find":
        print(*(job["name"] for job in jobs if job["name"] == name))
    else:
        getattr(queue, verb)(name)
    return 0


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
