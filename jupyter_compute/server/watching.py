"""Notices changes in the workspace, whoever made them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from ..client import Client
from ..model import Run, RunId
from ..workspace import Workspace

_MANY = 50
_DATA_EVERY_S = 1.0
_TARGETS_EVERY_S = 1.0
_WORDS = 200


class Watch:
    """Says what has changed since it last looked. Blocks on the disk: for threads, one at a time.

    Args:
        client: The client; nothing is opened before the workspace is there.
        workspace: Its workspace.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._workspace = workspace
        self._clock = clock
        self._revision = -1
        self._live: set[RunId] = set()
        self._said: dict[RunId, tuple[object, float]] = {}
        self._waiting: dict[RunId, Run] = {}
        self._targets: object = None
        self._prompts: list[str] = []
        self._targets_seen = float("-inf")

    @property
    def is_live(self) -> bool:
        """Whether runs were active when it last looked."""
        return bool(self._live)

    def look(self) -> list[dict[str, Any]]:
        """Return messages without number and time; the first look finds nothing changed."""
        if not self._workspace.database.exists():
            return []
        messages = [*self._changes(), *self._late()]
        messages += [*self._look_at_targets(), *self._look_at_prompts()]
        if self._live:
            # Nobody may be waiting for these runs but the one who looks at the page.
            self._client.keep_controller()
        for message in messages:
            message["revision"] = self._revision
        return messages

    def _changes(self) -> Iterator[dict[str, Any]]:
        revision = self._client.revision()
        if revision == self._revision:
            return
        if self._revision < 0:
            self._revision = revision
            self._live = self._followed()
            return
        deleted = self._client.deleted(self._revision)
        changed = self._client.changed(self._revision)
        self._revision = max([revision, *(run.revision for run in changed)])
        if len(changed) + len(deleted) > _MANY:
            self._live = self._followed()
            self._said.clear()
            self._waiting.clear()
            yield {"what": "many"}
            return
        for run_id in deleted:
            self._forget(run_id)
            yield {"what": "deleted", "run_id": run_id}
        for run in changed:
            yield from self._change(run)

    def _change(self, run: Run) -> Iterator[dict[str, Any]]:
        facts = (run.state, run.attempt, run.reason, run.error, run.cancel_requested)
        said, when = self._said.get(run.id, (None, float("-inf")))
        now = self._clock()
        if facts == said and now - when < _DATA_EVERY_S:
            self._waiting[run.id] = run
            return
        yield _message("data" if facts == said else "run", run)
        self._waiting.pop(run.id, None)
        self._said[run.id] = (facts, now)
        if run.is_final:
            self._forget(run.id)
        elif run.is_detached:
            self._live.discard(run.id)
        else:
            self._live.add(run.id)

    def _followed(self) -> set[RunId]:
        """Return the runs that a controller follows: one of a detached target waits for nobody."""
        return {run.id for run in self._client.active() if not run.is_detached}

    def _late(self) -> Iterator[dict[str, Any]]:
        now = self._clock()
        for run_id, run in list(self._waiting.items()):
            facts, when = self._said.get(run_id, (None, float("-inf")))
            if now - when >= _DATA_EVERY_S:
                del self._waiting[run_id]
                self._said[run_id] = (facts, now)
                yield _message("data", run)

    def _look_at_targets(self) -> Iterator[dict[str, Any]]:
        now = self._clock()
        if now - self._targets_seen < _TARGETS_EVERY_S:
            return
        self._targets_seen = now
        seen = self._marks()
        if self._targets is not None and seen != self._targets:
            yield {"what": "targets"}
        self._targets = seen

    def _look_at_prompts(self) -> Iterator[dict[str, Any]]:
        seen = [prompt.id for prompt in self._client.prompts()]
        if seen != self._prompts:
            yield {"what": "prompts"}
        self._prompts = seen

    def _marks(self) -> dict[str, int]:
        """Return when the file of targets and what is known about them were last written."""
        paths = [self._workspace.targets_file]
        for name in ("info.json", "provisioning.json"):
            paths += self._workspace.targets.glob(f"*/{name}")
        marks = {}
        for path in paths:
            try:
                marks[os.fspath(path)] = path.stat().st_mtime_ns
            except OSError:
                continue
        return marks

    def _forget(self, run_id: RunId) -> None:
        self._live.discard(run_id)
        self._said.pop(run_id, None)
        self._waiting.pop(run_id, None)


def _message(what: str, run: Run) -> dict[str, Any]:
    return {
        "what": what,
        "run_id": run.id,
        "state": run.state.value,
        "target": run.target,
        "name": run.name[:_WORDS],
        "reason": (run.error or run.reason)[:_WORDS],
        "retry_at": run.retry_at,
        "attempt": run.attempt,
    }
