"""The line to one target: its driver, and whether it answers.

Silence is not evidence: a call that gets no answer is made again when the target is back, and
nothing is concluded in between. While it is silent one caller at a time tries, the others wait
for what that one finds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..driver import Driver
from ..errors import AuthenticationError, DriverError, TargetUnreachableError

T = TypeVar("T")

_FIRST_S = 0.5
_LONGEST_S = 60.0


class Line:
    """Calls a driver, patiently.

    Args:
        driver: What is called.
        clock: Seconds since the epoch.
        on_change: Called whenever the target falls silent, stays silent, or answers again.
        first_s: The pause before the first repetition; doubled up to ``longest_s``.

    Attributes:
        silent_since: When it was last heard, if it is silent; else ``None``.
        retry_at: When it is tried again, if it is silent.
        error: Why there is no answer.
    """

    def __init__(
        self,
        driver: Driver,
        clock: Callable[[], float],
        on_change: Callable[[], None],
        *,
        first_s: float = _FIRST_S,
        longest_s: float = _LONGEST_S,
    ) -> None:
        self.driver = driver
        self.silent_since: float | None = None
        self.last_answer: float | None = None
        self.retry_at: float | None = None
        self.error = ""
        self._clock = clock
        self._on_change = on_change
        self._first_s = first_s
        self._longest_s = longest_s
        self._step_s = self._pause_s = 0.0
        self._is_probed = False
        self._news = asyncio.Event()
        self._hurried = asyncio.Event()

    @property
    def is_silent(self) -> bool:
        """Whether the last thing that is known is that there was no answer."""
        return self.silent_since is not None

    async def call(
        self, act: Callable[[Driver], Awaitable[T]], *, limit_s: float | None = None
    ) -> T:
        """Call the driver until it answers.

        Args:
            act: The call; made anew for each try.
            limit_s: After how long a try counts as unanswered.

        Raises:
            DriverError: The answer is no.
        """
        while True:
            is_probe = await self._turn()
            try:
                answer = await asyncio.wait_for(act(self.driver), limit_s)
            except TargetUnreachableError as exc:
                self._lost(exc.message, is_probe)
            except asyncio.TimeoutError:
                self._lost(f"no answer within {limit_s:g} s", is_probe)
            except Exception:
                self._found()
                raise
            else:
                self._found()
                return answer
            finally:
                if is_probe:
                    self._is_probed = False
                    self._tell()

    async def ask(
        self,
        act: Callable[[Driver], Awaitable[T]],
        *,
        silent: tuple[type[DriverError], ...] = (DriverError,),
        limit_s: float | None = None,
    ) -> T:
        """Call as :meth:`call` does, for questions about what runs already.

        A target that refuses the question, such as one whose password has changed, has said
        nothing about its runs, so it counts as silent.

        Args:
            act: The call; made anew for each try.
            silent: The errors that count as silence.
            limit_s: After how long a try counts as unanswered.
        """

        async def translate(driver: Driver) -> T:
            try:
                return await act(driver)
            except TargetUnreachableError:
                raise
            except silent as exc:
                words = exc.message
                if isinstance(exc, AuthenticationError) and exc.hint:
                    words += f" ({exc.hint})"
                raise TargetUnreachableError(words, target=exc.target, kind=exc.kind) from exc

        return await self.call(translate, limit_s=limit_s)

    def hurry(self) -> None:
        """Try now and soon again: something has changed on the way there."""
        if self.is_silent:
            self._step_s, self.retry_at = 0.0, self._clock()
            self._hurried.set()
            self._on_change()

    async def _turn(self) -> bool:
        while self.is_silent:
            if not self._is_probed:
                self._is_probed = True
                try:
                    await self._rest()
                except BaseException:
                    self._is_probed = False
                    self._tell()
                    raise
                return True
            await self._news.wait()
        return False

    async def _rest(self) -> None:
        # Not wait_for: it may swallow a cancellation that comes with the event.
        hurried = asyncio.ensure_future(self._hurried.wait())
        try:
            await asyncio.wait({hurried}, timeout=self._pause_s)
        finally:
            hurried.cancel()
        self._hurried.clear()

    def _lost(self, words: str, is_probe: bool) -> None:
        if self.silent_since is None:
            self.silent_since = self.last_answer or self._clock()
            self._step_s = self._first_s
        elif is_probe:
            self._step_s = min(max(self._step_s * 2, self._first_s), self._longest_s)
        else:
            # It was under way when the target fell silent, and is part of the same silence.
            return
        self._pause_s = self._step_s * random.uniform(0.8, 1.2)
        self.retry_at = self._clock() + self._pause_s
        self.error = words
        self._on_change()

    def _found(self) -> None:
        self.last_answer = self._clock()
        if self.silent_since is not None:
            self.silent_since = self.retry_at = None
            self.error = ""
            self._tell()
            self._on_change()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
