"""Requests that wait for something to happen to a run."""

from __future__ import annotations

import hashlib
import json
import os
import time
from typing import Any, NamedTuple

from . import reading, status
from .children import Answer
from .watching import Watch

LOOK_S, LONGEST_LOOK_S = 1.0, 5.0
"""How often a run is looked at that gives no sign, such as one whose keeper was killed."""

_SHARE = 30

_BYTES_ONLY_S = 0.01
_FINAL = ("completed", "failed", "canceled")
_TAILS = 64 * 1024
"""How many bytes of logs and events an answer to a poll brings along at most."""


class Seen(NamedTuple):
    """A status and the marks that stand for it: without and with the sizes of its files."""

    status: dict[str, Any]
    short: str
    mark: str
    at: float

    @property
    def is_over(self) -> bool:
        """Whether the run is over."""
        return self.status.get("state") in _FINAL


class Statuses:
    """The statuses of runs, read again only when something may have changed.

    Args:
        watch: Tells what changed.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self._seen: dict[str, Seen] = {}
        self._cost = 0.0

    @property
    def look_s(self) -> float:
        """How often to look; less often when there are so many runs that looking takes long."""
        return min(max(LOOK_S, _SHARE * self._cost * len(self._seen)), LONGEST_LOOK_S)

    def get(self, folder: str) -> Seen | None:
        """Return the status of an attempt; ``None`` if it was never started here."""
        seen = self._seen.get(folder)
        now = time.monotonic()
        if seen is not None and now - seen.at < self.look_s:
            return seen
        # Watched before it is read, or a change in between would go unnoticed.
        is_told = self.watch.add(folder)
        self.watch.add(folder + "/work/logs")
        found = status.read_status(folder)
        self._cost += 0.1 * (time.monotonic() - now - self._cost)
        if found is None:
            self._seen.pop(folder, None)
            return None
        short = _mark({key: value for key, value in found.items() if key != "sizes"})
        seen = Seen(found, short, short + _mark(found.get("sizes")), now)
        if is_told:
            self._seen[folder] = seen
        return seen

    def take_changes(self) -> None:
        """Forget what was seen of runs in which something happened since."""
        for folder in self.watch.changed():
            self.forget(folder)
            self.forget(folder[: -len("/work/logs")])

    def forget(self, folder: str) -> None:
        """Read this status anew the next time."""
        self._seen.pop(folder, None)

    def keep(self, folders: set[str]) -> None:
        """Watch only these from now on, unless the others are few."""
        if len(self.watch) > 3 * len(folders) + 64:
            self.watch.keep(folders | {folder + "/work/logs" for folder in folders})
            self._seen = {key: value for key, value in self._seen.items() if key in folders}


class Polled(NamedTuple):
    """What the near end asks of a run, and what it knows of it.

    Attributes:
        run: The run's id.
        folder: Of the attempt.
        mark: Of the status that it knows.
        sizes: Up to where it has read the files whose next bytes it wants to have at once.
    """

    run: str
    folder: str
    mark: str
    sizes: dict[str, int]


class HeldPoll:
    """A poll that is held until a status differs from what the near end knows.

    Args:
        jobs: Which runs.
        deadline: When to answer at the latest.
    """

    def __init__(self, jobs: list[Polled], deadline: float) -> None:
        self.jobs = jobs
        self.deadline = deadline
        self.look_at = deadline

    @property
    def folders(self) -> list[str]:
        """The folders that it waits for."""
        return [job.folder for job in self.jobs]

    def answer(self, statuses: Statuses, last: float) -> Answer | None:
        """Return the answer if it is time for one.

        Args:
            statuses: Where to look.
            last: When a poll was last answered.
        """
        now = time.monotonic()
        changed, unknown, is_due = {}, [], now >= self.deadline
        for run, folder, mark, _ in self.jobs:
            seen = statuses.get(folder)
            if seen is None:
                unknown.append(run)
                is_due |= bool(mark)
            elif seen.mark != mark:
                changed[run] = [seen.mark, seen.status]
                is_due |= not mark.startswith(seen.short)
        self.look_at = self.deadline
        if changed and not is_due:
            self.look_at = min(self.deadline, last + _BYTES_ONLY_S)
            is_due = now >= self.look_at
        if not is_due:
            return None
        tails, body = self._tails(changed)
        head = {"statuses": changed, "unknown": unknown}
        return Answer({**head, "tails": tails} if tails else head, body)

    def _tails(self, changed: dict[str, Any]) -> tuple[list[list[Any]], bytes]:
        """Read what is new of the files: asking for it would cost one more round trip."""
        tails, body = [], b""
        for run, folder, _, sizes in self.jobs:
            if run not in changed:
                continue
            for name, offset in sizes.items():
                length = changed[run][1]["sizes"].get(name, 0) - offset
                if 0 < length <= _TAILS - len(body):
                    data, _ = reading.read(folder, name, offset, length)
                    tails.append([run, name, offset, len(data)])
                    body += data
        return tails, body


class HeldRead:
    """A read that is held until there is a byte, or nothing more can come."""

    def __init__(self, folder: str, name: str, offset: int, limit: int, deadline: float) -> None:
        self.folder, self.name, self.offset, self.limit = folder, name, offset, limit
        self.deadline = self.look_at = deadline
        self._asked_at = time.monotonic()

    @property
    def folders(self) -> list[str]:
        """The folders that it waits for."""
        return [self.folder]

    def answer(self, statuses: Statuses, last: float) -> Answer | None:
        """Return the answer if it is time for one; ``last`` does not matter."""
        statuses.watch.add(self.folder)
        # Whether it is over is asked before its bytes, or its last ones could be missed.
        is_over = os.path.exists(os.path.join(self.folder, "exit.json"))
        data, size = reading.read(self.folder, self.name, self.offset, self.limit)
        now = time.monotonic()
        if data or is_over or now >= self.deadline:
            return Answer({"size": size, "is_over": is_over}, data)
        if now - self._asked_at >= statuses.look_s:
            # A killed keeper ends nothing; whoever asks for the status writes its end down.
            self._asked_at = now
            statuses.get(self.folder)
        return None


def _mark(value: Any) -> str:
    data = json.dumps(value, sort_keys=True).encode()
    return hashlib.blake2b(data, digest_size=8).hexdigest()
