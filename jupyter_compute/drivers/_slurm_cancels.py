"""Many jobs of Slurm that are to end, and few commands that say so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

_MOMENT_S = 0.05
_MANY = 200


class Cancels:
    """Gathers what is asked for within a moment, or while Slurm is still busy with the last.

    Args:
        scancel: Runs ``scancel`` with words; ``may_fail`` if it need not be heard.
    """

    def __init__(self, scancel: Callable[..., Awaitable[None]]) -> None:
        self._scancel = scancel
        self._numbers: set[str] = set()
        self._names: set[str] = set()
        self._next: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def end(self, number: str, names: Iterable[str]) -> None:
        """Have a job end: at once while it waits, by its keeper while it runs.

        Args:
            number: Slurm's for it, if that is known.
            names: Under which it may be there, if it is not.

        Raises:
            TargetUnreachableError: Slurm gave no answer.
        """
        if number:
            self._numbers.add(number)
        else:
            self._names.update(names)
        if self._next is None:
            self._next = asyncio.create_task(self._say(), name="scancel")
            self._next.add_done_callback(_heard)
        # Others wait for it, too.
        await asyncio.shield(self._next)

    async def _say(self) -> None:
        await asyncio.sleep(_MOMENT_S)
        async with self._turn:
            numbers, names = sorted(self._numbers), sorted(self._names)
            self._numbers, self._names, self._next = set(), set(), None
            # It takes one name only.
            named = (["--me", f"--name={name}"] for name in names)
            for which in (*_parts(numbers), *named):
                await self._scancel(["--state=PENDING", *which])
                # It wakes the keeper, which ends the run as anywhere else.
                await self._scancel(["--batch", "--signal=USR1", *which], may_fail=True)


def _heard(saying: asyncio.Task[None]) -> None:
    """Take its error, should nobody be waiting any more."""
    if not saying.cancelled():
        saying.exception()


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(words), _MANY):
        yield list(words[start : start + _MANY])
