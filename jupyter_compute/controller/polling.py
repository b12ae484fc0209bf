"""One question to a target about all its runs, held until there is something to say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping

from ..driver import Driver
from ..model import JobStatus, RunId
from .ending import end
from .line import Line
from .ticket import Ticket

_SHORTEST_S = 0.005
_LONGEST_S, _LONGEST_OF_MANY_S = 0.012, 0.04
_COALESCE_S = 0.002


class Poller:
    """Polls one target for as long as it has launched runs.

    Args:
        line: The target.
        tickets: All runs of the target; the launched ones are asked about.
        hear: Called with each run that was asked about and its status, or ``None`` when the
            target answered without knowing the run.
        hold_s: How long one call is held at most.
    """

    def __init__(
        self,
        line: Line,
        tickets: Mapping[RunId, Ticket],
        hear: Callable[[Ticket, JobStatus | None], None],
        hold_s: float,
    ) -> None:
        self._line = line
        self._tickets = tickets
        self._hear = hear
        self._hold_s = hold_s
        self._nudged = asyncio.Event()
        self._pause_s = 0.0

    def nudge(self) -> None:
        """Ask anew now: the set of runs has changed, or something is expected of one."""
        self._nudged.set()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            asked = [ticket for ticket in self._tickets.values() if ticket.is_launched]
            asked = [ticket for ticket in asked if not _is_over(ticket)]
            if not asked:
                await self._nudged.wait()
                self._nudged.clear()
                self._pause_s = 0.0
                continue
            began = asyncio.get_running_loop().time()
            answer = await self._ask(asked)
            if answer is None:
                # Launches come in crowds; each would cost a question about all runs.
                await asyncio.sleep(min(_COALESCE_S + 1e-4 * len(asked), 0.1))
                continue
            for ticket in asked:
                if ticket.is_launched:
                    self._hear(ticket, answer.get(ticket.run.id))
            await self._rest(asyncio.get_running_loop().time() - began, len(asked))

    async def _ask(self, asked: list[Ticket]) -> dict[RunId, JobStatus] | None:
        jobs = [ticket.job for ticket in asked]
        known = {ticket.run.id: ticket.status for ticket in asked if ticket.status is not None}
        hold_s = self._hold_s
        if any(ticket.status is None for ticket in asked):
            hold_s = min(hold_s, 1.0)
        self._nudged.clear()

        async def poll(driver: Driver) -> dict[RunId, JobStatus]:
            # A held call would leave a target that is back silent until something happens.
            wait_s = 0.0 if self._line.is_silent else hold_s
            return await driver.poll(jobs, known, wait_s)

        call = asyncio.create_task(self._line.ask(poll, limit_s=hold_s + 60.0))
        nudge = asyncio.create_task(self._nudged.wait())
        try:
            await asyncio.wait({call, nudge}, return_when=asyncio.FIRST_COMPLETED)
            return call.result() if call.done() else None
        finally:
            await end(nudge, call)

    async def _rest(self, held_s: float, count: int) -> None:
        interval_s = self._line.driver.interval_s
        if interval_s:
            self._pause_s = min(max(self._pause_s * 2, min(interval_s, 0.5)), interval_s)
            pause_s = self._pause_s * random.uniform(0.9, 1.1)
            try:
                await asyncio.wait_for(self._nudged.wait(), pause_s)
            except asyncio.TimeoutError:
                return
            # The engine is not asked more often because runs come often.
            self._pause_s = 0.0
            await asyncio.sleep(min(interval_s, 0.5))
            return
        # Chatty runs make every call return at once; they are heard in larger pieces then.
        is_chatty = held_s * 4 < self._pause_s
        factor = 2.0 if is_chatty else 0.5
        # A question about many runs costs more, so they are asked about less often.
        longest_s = min(_LONGEST_S + 1e-4 * count, _LONGEST_OF_MANY_S)
        self._pause_s = min(max(self._pause_s * factor, _SHORTEST_S), longest_s)
        await asyncio.sleep(self._pause_s)


def _is_over(ticket: Ticket) -> bool:
    return ticket.status is not None and ticket.status.state.is_final
