"""Questions that targets ask while somebody may answer them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from ..controller.handover import ask
from ..controller.prompts import read_prompts
from ..errors import ConfigError, NotFoundError
from ..model import Prompt
from .opening import Opened

Asks = Callable[[Prompt], str | None]

_LONGEST = 1 << 16


class PromptCalls(Opened):
    """See and answer what targets ask, such as for a password."""

    def prompts(self) -> list[Prompt]:
        """List the open questions, the oldest first. Costs one look at a file."""
        return read_prompts(self.workspace)

    def answer(self, prompt_id: str, answer: str | None, *, keep: bool = False) -> None:
        """Answer a question of a target. The answer stays in memory unless it is to be kept.

        Args:
            prompt_id: Which question.
            answer: ``None`` declines; to a question of type ``confirm`` it is ``yes`` or ``no``.
            keep: Whether it should be kept for the next time, if the question allows that; the
                question says where.

        Raises:
            NotFoundError: The question is open no more.
            ConfigError: That is no answer to it, or it cannot be kept.
        """
        prompt = next((one for one in self.prompts() if one.id == prompt_id), None)
        if prompt is None:
            raise _gone(prompt_id)
        if keep and not prompt.can_keep:
            raise ConfigError("this answer cannot be kept", hint="answer without keeping it")
        if prompt.type == "confirm" and answer not in (None, "yes", "no"):
            raise ConfigError(f"the answer to {prompt.message!r} is yes or no")
        if answer is not None and len(answer) > _LONGEST:
            raise ConfigError(f"an answer of {len(answer):,} characters is too long")
        try:
            given = {"op": "answer", "id": prompt_id, "answer": answer, "keep": keep}
            reply = ask(self.workspace, given)
        except UnicodeEncodeError as exc:
            raise ConfigError("the answer is not text", hint="UTF-8") from exc
        if not reply or not reply.get("ok"):
            raise _gone(prompt_id)


class Waiting:
    """How long something is still waited for; while a target asks, the time stands still.

    Args:
        client: Knows the questions.
        target: Whose questions count.
        wait_s: How long to wait.
        asks: Who is asked here; somebody else may be quicker, in a browser.
    """

    def __init__(
        self, client: PromptCalls, target: str, wait_s: float, asks: Asks | None = None
    ) -> None:
        self._client = client
        self._target = target
        self._asks = asks
        self._asked: set[str] = set()
        self._looked = time.monotonic()
        self._deadline = self._looked + wait_s

    @property
    def is_over(self) -> bool:
        """Whether it was long enough; to be asked often."""
        mine = [one for one in self._client.prompts() if one.target == self._target]
        if self._asks is not None:
            for prompt in mine:
                self._ask(prompt, self._asks)
        now = time.monotonic()
        if mine:
            self._deadline += now - self._looked
        self._looked = now
        return now >= self._deadline

    def _ask(self, prompt: Prompt, asks: Asks) -> None:
        if prompt.id not in self._asked:
            self._asked.add(prompt.id)
            with contextlib.suppress(NotFoundError):
                self._client.answer(prompt.id, asks(prompt))


def _gone(prompt_id: str) -> NotFoundError:
    return NotFoundError(
        f"the question {prompt_id!r} is not open any more",
        hint="it was answered, or the target waits for it no longer",
    )
