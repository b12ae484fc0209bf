"""Answers to what OpenSSH asks: from the options, from memory, or from whoever uses the target."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ..errors import AuthenticationError, ComputeError, DriverError
from ..model import Question
from ._askpass import Asked


class Answers:
    """Answers for one driver. Those that last stay in memory, so a new connection asks no one.

    Args:
        place: The account, for messages and for the names of kept answers.
        ask: Asks whoever uses the target.
        given: What answers a ``password`` or a ``passphrase`` without asking, by kind.
    """

    def __init__(
        self,
        place: str,
        ask: Callable[[Question], Awaitable[str | None]],
        given: Mapping[str, Callable[[], Awaitable[str]]],
    ) -> None:
        self._place = place
        self._ask = ask
        self._given = given
        self._known: dict[str, str] = {}
        self._used: set[str] = set()
        self._refused: set[str] = set()
        self._confirmed: set[str] = set()
        self._was_asked_again = False
        self._open: dict[str, asyncio.Task[str | None]] = {}
        self.declined = ""
        self.trouble: ComputeError | None = None

    @property
    def is_asking(self) -> bool:
        """Whether a question is open whose answer lasts, so that it is worth waiting for."""
        return bool(self._open)

    async def settled(self) -> None:
        """Wait until no such question is open."""
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    def begin(self) -> None:
        """A new connection is about to ask.

        Raises:
            AuthenticationError: A question was declined, and nobody has asked for more since.
        """
        if self.declined:
            raise AuthenticationError(
                f"{self._place} is not asked again: the question was declined: {self.declined}",
                hint="check the target or submit to it, and answer then",
            )
        self.trouble = None
        self._used.clear()
        self._confirmed.clear()
        self._was_asked_again = False

    def refused(self) -> bool:
        """The login failed: what was answered in this connection is not right.

        Returns:
            Whether it may go well if somebody is asked: an answer was wrong that they may have
            given long ago.
        """
        for name in self._used:
            self._known.pop(name, None)
            self._refused.add(name)
        is_clear = not self.declined and self.trouble is None
        return bool(self._used) and is_clear and not self._was_asked_again

    def accepted(self) -> None:
        """The login worked."""
        self._refused.clear()

    async def answer(self, asked: Asked) -> str | None:
        """Answer a question; ``None`` declines it."""
        if asked.kind == "host-key":
            return await self._confirm(asked, "no")
        if asked.kind in ("confirm", "touch"):
            return await self._confirm(asked, None)
        if not asked.is_lasting:
            return await self._put(asked, again=False)
        is_repeated = asked.name in self._used or asked.name in self._refused
        self._used.add(asked.name)
        if is_repeated:
            self._was_asked_again = True
            self._known.pop(asked.name, None)
        elif asked.name in self._known:
            return self._known[asked.name]
        elif asked.kind in self._given:
            return await self._from_options(asked)
        return await self._lasting(asked, again=is_repeated)

    def reason(self, error: DriverError) -> DriverError:
        """Return why a login failed: for want of an answer, or for what OpenSSH says."""
        if isinstance(self.trouble, DriverError):
            return self.trouble
        if self.trouble is not None:
            return AuthenticationError(self.trouble.message, hint=self.trouble.hint)
        if self.declined:
            return AuthenticationError(
                f"{self._place} did not get the answer it asked for: {self.declined}",
                hint="check the target or submit to it, and answer then",
            )
        return error

    async def close(self) -> None:
        """Take open questions back."""
        for task in self._open.values():
            task.cancel()
        await asyncio.gather(*self._open.values(), return_exceptions=True)

    async def _lasting(self, asked: Asked, *, again: bool) -> str | None:
        """Ask for what lasts: the question stays open when its process gives up waiting."""
        task = self._open.get(asked.name)
        if task is None:
            task = asyncio.ensure_future(self._put(asked, again=again))
            self._open[asked.name] = task
            task.add_done_callback(lambda _: self._open.pop(asked.name, None))
        return await asyncio.shield(task)

    async def _put(self, asked: Asked, *, again: bool) -> str | None:
        words = _lines(asked.text)
        keep_as = f"{self._place}: {asked.name}" if asked.is_lasting else ""
        question = Question(type="secret", message=words, keep_as=keep_as, again=again)
        answer = await self._asked(question)
        if answer is None and self.trouble is None:
            self.declined = self.declined or " ".join(words.split())
        elif answer is not None and asked.is_lasting:
            self._known[asked.name] = answer
            self._refused.discard(asked.name)
        return answer

    async def _confirm(self, asked: Asked, refusal: str | None) -> str | None:
        words = _lines(asked.text.replace(" (yes/no/[fingerprint])", ""))
        if asked.name in self._confirmed:
            return refusal
        self._confirmed.add(asked.name)
        answer = await self._asked(Question(type="confirm", message=words))
        if answer == "yes":
            return answer
        if self.trouble is None:
            self.declined = self.declined or " ".join(words.split())
        return refusal

    async def _from_options(self, asked: Asked) -> str | None:
        try:
            return await self._given[asked.kind]()
        except ComputeError as exc:
            self.trouble = exc
            return None

    async def _asked(self, question: Question) -> str | None:
        try:
            return await self._ask(question)
        except ComputeError as exc:
            self.trouble = exc
            return None


def _lines(text: str) -> str:
    """Tidy up words, and leave the lines: a fingerprint or a choice stands on one of its own."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)
