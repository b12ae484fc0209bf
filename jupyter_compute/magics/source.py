"""The facts about one run, taken from the client as a view asks for them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..client import Client
from ..handle import RunHandle
from ..model import Event, OutputFile, Run

_STEP_S = 0.01


class ClientSource:
    """The facts about one run, as a view asks for them.

    Args:
        client: Whose run it is.
        run_id: Which run.
    """

    def __init__(self, client: Client, run_id: str) -> None:
        self._client = client
        self._id = run_id
        self._attempt = 1
        self._seen = (-1, -1)
        self._run: Run | None = None

    def run(self) -> Run:
        """Return the run as it stands."""
        self._seen = self._now()
        run = self._run = self._client.run(self._id)
        self._attempt = run.attempt
        return run

    def read_log(self, offset: int, limit: int) -> bytes:
        """Read a part of the log."""
        return self._client.log(self._id, offset, limit)

    def log_size(self) -> int:
        """Return how many bytes of the log are here."""
        return self._client.log_size(self._id)

    def events(self, after: int) -> Sequence[tuple[int, Event]]:
        """Return the events of the present attempt that follow a sequence number."""
        return self._client.store.events(self._id, after=after, attempt=self._attempt)

    def outputs(self) -> Sequence[OutputFile]:
        """Return the files that the run left."""
        return self._client.outputs(self._id)

    def read_result(self, path: str) -> bytes | None:
        """Read a file under ``results/``; ``None`` while it has not arrived."""
        return self._client.result_bytes(self._id, path) or None

    def wait(self, seconds: float) -> None:
        """Return when the store or the log has changed since the run was read."""
        self._client.keep_controller(self._run)
        end = time.monotonic() + seconds
        while self._now() == self._seen and time.monotonic() < end:
            time.sleep(_STEP_S)

    def cancel(self) -> None:
        """Ask the run to end."""
        RunHandle(self._client, self._client.run(self._id)).cancel()

    def _now(self) -> tuple[int, int]:
        return self._client.revision(), self._client.log_size(self._id)
