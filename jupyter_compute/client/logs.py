"""What a run prints: bytes at offsets."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

from ..errors import ConfigError, NotFoundError
from ..model import Run, RunId
from .opening import Meanwhile, Pace
from .runs import RunCalls

CHUNK = 1 << 20

_NO_FILE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})


class LogCalls(RunCalls):
    """Read and follow the log of a run and its files under ``logs/``."""

    def log_path(self, run: Run, name: str = "log", attempt: int | None = None) -> Path:
        """Name the file on this machine that mirrors a log; it may not be there yet."""
        if attempt is not None and not 1 <= attempt <= run.attempt:
            raise NotFoundError(
                f"{run.id} had no attempt {attempt}", hint=f"the last one is attempt {run.attempt}"
            )
        parts = name.split("/")
        if name != "log" and (parts[0] != "logs" or not set(parts[1:]).isdisjoint({"", ".", ".."})):
            raise ConfigError(f"{name!r} is no log", hint="'log', or a path such as logs/train.log")
        folder = self.workspace.run(run.id) / str(attempt or run.attempt)
        return folder.joinpath(*parts)

    def log(
        self,
        run_id: str,
        offset: int = 0,
        limit: int | None = None,
        *,
        name: str = "log",
        attempt: int | None = None,
    ) -> bytes:
        """Read what has been printed so far: stdout and stderr in order.

        Args:
            run_id: Which run.
            offset: Where to begin, in bytes; a negative one counts from the end.
            limit: How many bytes at most.
            name: ``log`` or a file under ``logs/``.
            attempt: Which attempt; by default the last one.
        """
        return read_at(self.log_path(self.run(run_id), name, attempt), offset, limit)

    def log_size(self, run_id: str, *, name: str = "log", attempt: int | None = None) -> int:
        """Return how many bytes of a log are here."""
        try:
            return self.log_path(self.run(run_id), name, attempt).stat().st_size
        except OSError:
            return 0

    def log_names(self, run_id: str) -> list[str]:
        """List the logs of a run that are here: ``log`` and its files under ``logs/``."""
        run = self.run(run_id)
        folder = self.workspace.run(run.id) / str(run.attempt)
        paths = sorted(path for path in (folder / "logs").rglob("*") if path.is_file())
        return ["log", *(path.relative_to(folder).as_posix() for path in paths)]

    def follow(
        self,
        run_id: str,
        offset: int = 0,
        *,
        name: str = "log",
        meanwhile: Meanwhile = lambda: None,
    ) -> Iterator[bytes]:
        """Yield what is printed as it comes, until the run is over and all of it was yielded.

        A run that is started again after a preemption goes on with the log of its new attempt.

        Args:
            run_id: Which run.
            offset: Where to begin, in bytes.
            name: ``log`` or a file under ``logs/``.
            meanwhile: Is called again and again while nothing comes.
        """
        run = self.run(run_id)
        return self._follow(run.id, run.attempt, offset, name, meanwhile)

    def _follow(
        self, run_id: RunId, attempt: int, offset: int, name: str, meanwhile: Meanwhile
    ) -> Iterator[bytes]:
        pace, revision = Pace(), -1
        run = self.store.get(run_id)
        while True:
            current = self.store.revision()
            if current != revision:
                # Read before the log: a log is whole once its run is over, not before.
                revision, run = current, self.store.get(run_id)
            chunk = read_at(self.log_path(run, name, attempt), offset, CHUNK)
            if chunk:
                offset += len(chunk)
                pace.reset()
                yield chunk
            elif run.attempt > attempt:
                attempt, offset = attempt + 1, 0
            elif run.is_final:
                return
            else:
                self.keep_controller(run)
                meanwhile()
                pace.pause()


def read_at(path: Path, offset: int = 0, limit: int | None = None) -> bytes:
    """Read a part of a file; empty when the file is not there or has not grown so far."""
    try:
        with path.open("rb") as file:
            if offset < 0:
                size = file.seek(0, 2)
                offset = max(0, size + offset)
            file.seek(offset)
            return file.read(-1 if limit is None else max(0, limit))
    except OSError as exc:
        if exc.errno in _NO_FILE:
            return b""
        raise
