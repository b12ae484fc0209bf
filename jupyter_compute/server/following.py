"""Where one reader stands in a log."""

from __future__ import annotations

from ..client import Client
from ..client.logs import read_at
from ..model import Run

CHUNK = 1 << 18


class Follower:
    """Reads a log on from where it stands. Blocks on the disk for a moment: for threads.

    Args:
        client: The client.
        run: Whose log.
        name: ``log``, or a file under ``logs/``.
        attempt: Which attempt's.
        offset: Where to begin.
    """

    def __init__(self, client: Client, run: Run, name: str, attempt: int, offset: int) -> None:
        self.run = run
        self.attempt = attempt
        self.offset = offset
        self.is_over = False
        self._client = client
        self._name = name
        self._revision = -1

    def look(self) -> bytes:
        """Return what comes next. Without any, a new attempt has begun, or all is over, or not.

        Raises:
            NotFoundError: The run has been deleted.
        """
        revision = self._client.revision()
        if revision != self._revision:
            # Read before the log: a log is whole once its run is over, not before.
            self._revision, self.run = revision, self._client.run(self.run.id)
        path = self._client.log_path(self.run, self._name, self.attempt)
        chunk = read_at(path, self.offset, CHUNK)
        self.offset += len(chunk)
        if not chunk:
            if self.run.attempt > self.attempt:
                self.attempt, self.offset = self.attempt + 1, 0
            else:
                self.is_over = self.run.is_final
        return chunk
