"""What Livy says about runs, weighed against what their far ends have told.

A far end that tells its own end is right. Livy's word counts where no far end will ever speak:
none has begun, or one has fallen silent. And a batch that Livy no longer knows has not ended by
that: its run goes on as long as it is heard of.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Collection, Mapping
from typing import Any

from jupyter_compute_run.spark import reasons

from ..model import RunState
from ._livy_client import LivyClient
from ._livy_runs import StagedRun
from ._livy_words import Batch, own_lines

_FEW = 5
_LINES = 300
_SOON_S = 1.0
_KILL_S = 30.0
_LOST = re.compile(r"preempt|lost node|node .*(?:lost|unusable)|Container released", re.IGNORECASE)


class Judge:
    """Asks Livy where that can tell something, and decides on runs that cannot tell themselves.

    Args:
        client: The server.

    Attributes:
        silence_s: After Livy said that a driver is over, its run may still tell its end for so
            long.
        forgotten_s: So long nothing must be heard of a run whose batch Livy does not know.
        leisure_s: Between two questions about a run that is heard of.
    """

    silence_s = 20.0
    forgotten_s = 60.0
    leisure_s = 10.0

    def __init__(self, client: LivyClient) -> None:
        self._client = client
        self._asked: dict[str, float] = {}
        self._seen: dict[str, Batch | None] = {}

    async def judge(self, active: Mapping[StagedRun, float]) -> None:
        """Look at runs that have been submitted and are not over.

        Args:
            active: The runs, and how long each may take to end once it is asked to.

        Raises:
            TargetUnreachableError: Livy does not answer.
        """
        self._drop({run.name for run in active})
        due = [run for run in active if self._is_due(run)]
        if not due:
            return
        for run, batch in (await self._ask(due)).items():
            self._asked[run.name], self._seen[run.name] = time.monotonic(), batch
            await self._consider(run, batch, active[run])

    def reason(self, run: StagedRun) -> str:
        """Return Livy's own word about a run of which nothing else is known."""
        batch = self._seen.get(run.name)
        if run.name in self._seen and batch is None and run.inbox.status is not None:
            return "Livy has forgotten it, and it goes on"
        if batch is None or run.inbox.status is not None:
            return ""
        return f"Livy: {batch.state}" + (f", {batch.application}" if batch.application else "")

    def _drop(self, names: Collection[str]) -> None:
        for known in (self._asked, self._seen):
            for name in [name for name in known if name not in names]:
                del known[name]

    def _is_due(self, run: StagedRun) -> bool:
        asked = self._asked.get(run.name)
        is_heard_of = run.is_claimed and run.quiet_s < self.leisure_s and not run.is_wished_over
        pause_s = self.leisure_s if is_heard_of and run.inbox.status is not None else _SOON_S
        return asked is None or time.monotonic() - asked >= pause_s

    async def _ask(self, runs: Collection[StagedRun]) -> dict[StagedRun, Batch | None]:
        """Ask for each of a few, or for the list of all: one that it lacks is asked for again."""
        listed: dict[int, Batch] = {}
        if len(runs) > _FEW:
            listed = {batch.number: batch async for batch in self._client.batches()}
        found: dict[StagedRun, Batch | None] = {}
        for run in runs:
            assert run.number is not None
            batch = listed.get(run.number) or await self._client.batch(run.number)
            # After a restart without recovery, numbers begin anew, for others as well.
            is_ours = batch is not None and batch.name in ("", run.name)
            found[run] = batch if is_ours else None
        return found

    async def _consider(self, run: StagedRun, batch: Batch | None, grace_s: float) -> None:
        is_wanted = run.wish.get("by") == "user"
        is_over = batch is None or batch.is_over
        if not run.is_claimed:
            if (is_over or is_wanted) and await run.claim():
                await self._end(run, batch)
                if batch is not None and not batch.is_over:
                    await self._client.delete(batch.number)
            return
        if batch is not None and not batch.is_over:
            if is_wanted and time.time() - float(run.wish.get("t", 0)) > grace_s + _KILL_S:
                await self._client.delete(batch.number)
            return
        patience_s = self.silence_s if batch is not None else self.forgotten_s
        if batch is None and run.quiet_s > patience_s / 2:
            # Should it be there after all and only unable to speak, it is to end by itself.
            await run.wish_over("who no longer hears of it")
        if run.quiet_s > patience_s:
            await self._end(run, batch)

    async def _end(self, run: StagedRun, batch: Batch | None) -> None:
        lines = [] if batch is None else own_lines(await self._client.log(batch.number, _LINES))
        verdict = await asyncio.to_thread(_verdict, run, batch, lines)
        await run.decide(**verdict)


def _verdict(run: StagedRun, batch: Batch | None, lines: list[str]) -> dict[str, Any]:
    text = "".join(f"{line}\n" for line in lines)
    if run.wish.get("by") == "user":
        said = "canceled" if run.inbox.status else "canceled before it began"
        return {"state": RunState.CANCELED.value, "error": said, "log": text}
    if batch is None:
        return {
            "state": RunState.FAILED.value,
            "reason": "forgotten",
            "error": f"Livy no longer knows the batch {run.number} of {run.name}, as after a "
            "restart without recovery, and nothing more was heard of it",
            "requeue": True,
        }
    cause = reasons.of_spark(text)
    words = {
        "killed": "the batch was killed at the cluster",
        "success": "Spark's driver ended without telling how the run did",
    }.get(batch.state, f"Livy says {batch.state!r} and not why: look at its log")
    hint = reasons.hint_of(text)
    return {
        "state": RunState.FAILED.value,
        "reason": f"Livy: {batch.state}",
        "error": "; ".join(filter(None, (cause or words, hint))),
        "requeue": bool(_LOST.search(text)),
        "log": text,
    }
