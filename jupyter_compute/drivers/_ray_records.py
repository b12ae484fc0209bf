"""What is known here of attempts that were sent to a cluster; it outlasts the controller."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from ..model import Job, JobStatus
from ._frames import Inbox

_KEPT_S = 7 * 86400.0


class Record(Struct, frozen=True, kw_only=True):
    """What is known of one attempt.

    Attributes:
        session: The session of Ray that has accepted it; empty before that.
        needs: What it reserves, in words.
        channel: What it is heard of through.
        stopped: Whether Ray has acknowledged that it is to end.
        forgotten: Since when Ray answers without knowing it; 0 while it does.
        final: How it ended, once that is known for good.
    """

    session: str = ""
    needs: str = ""
    channel: str = "files"
    stopped: bool = False
    forgotten: float = 0.0
    final: JobStatus | None = None


class Attempt:
    """What is here of one attempt: its record, and what was heard of it.

    Args:
        folder: Its own folder.
        job: Which attempt.

    Attributes:
        info: What Ray said about the job last.
        asked: When.
        ended: Since when Ray says that it is over; 0 before.
        told: Since when it has said that it was ended, and not why; 0 before.
        heard: When the channel was looked into last.
        is_unknown: Whether Ray did not know the job when it was asked last.
        is_mute: Whether its node did not show its files then.
    """

    def __init__(self, folder: Path, job: Job) -> None:
        self.folder = folder
        self.run_id, self.attempt = job.run_id, job.attempt
        self.name = f"{job.run_id}-{job.attempt}"
        self.inbox = Inbox(folder)
        self.info: dict[str, object] | None = None
        self.asked = self.ended = self.heard = self.told = 0.0
        self.is_unknown = self.is_mute = False
        self._record, self._mark = Record(), (0, 0, 0)

    @property
    def record(self) -> Record:
        """What is known, as any driver of this target has noted it."""
        path = self.folder / "record.json"
        try:
            found = path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark != self._mark:
                self._record = msgspec.json.decode(path.read_bytes(), type=Record)
                self._mark = mark
        except (OSError, msgspec.MsgspecError):
            self._record, self._mark = Record(), (0, 0, 0)
        return self._record

    def note(self, **changes: object) -> Record:
        """Note what has become known."""
        record = msgspec.structs.replace(self.record, **changes)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.folder / f"record.{os.getpid()}.{id(self):x}"
        temporary.write_bytes(msgspec.json.encode(record))
        temporary.rename(self.folder / "record.json")
        return record

    @property
    def status(self) -> str:
        """Ray's own word for its state; empty before one was heard."""
        return str(self.info.get("status", "")) if self.info else ""

    @property
    def node(self) -> str:
        """The node it runs on; empty while that is not known."""
        return str((self.info or {}).get("driver_node_id") or "")

    def remove(self) -> None:
        """Remove all that is here of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()


class Attempts:
    """The attempts that one target was sent.

    Args:
        folder: The target's folder on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "runs"
        self._known: dict[str, Attempt] = {}

    def of(self, job: Job) -> Attempt:
        """Return an attempt; nothing is written for one that is not known."""
        key = f"{job.run_id}-{job.attempt}"
        if key not in self._known:
            folder = self.folder / job.run_id / str(job.attempt)
            self._known[key] = Attempt(folder, job)
        return self._known[key]

    def forget(self, job: Job) -> None:
        """Let go of an attempt that is not asked about any more."""
        self._known.pop(f"{job.run_id}-{job.attempt}", None)

    def keep(self, kept: set[str]) -> None:
        """Let go of all others."""
        self._known = {key: one for key, one in self._known.items() if key in kept}

    def drop_old(self) -> None:
        """Remove the files of attempts that are long over: they have been collected."""
        for folder in self._folders():
            with contextlib.suppress(OSError):
                if (folder / "inbox.json").stat().st_mtime > time.time() - _KEPT_S:
                    continue
                for name in ("outputs", "results", "logs"):
                    shutil.rmtree(folder / name, ignore_errors=True)

    def _folders(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            for run in self.folder.iterdir():
                yield from (path for path in run.iterdir() if path.is_dir())
