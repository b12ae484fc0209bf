"""Questions that targets ask while somebody may answer them."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..controller.handover import ask
from ..controller.prompts import read_prompts
from ..errors import ConfigError, NotFoundError
from ..kept import KeptAnswer, KeptAnswers
from ..model import Prompt, Reply
from ..options import nearest
from .opening import Opened

Asks = Callable[[Prompt, Callable[[], bool]], "Reply | None"]
"""Asks a person a question that a target has open, and returns what they say; may block.

The second argument says whether the question is still open. ``None`` leaves it open for somebody
else: here nobody can be asked.
"""

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

    def kept_answers(self) -> list[KeptAnswer]:
        """List the answers that are kept for the next time: their names, never what they are.

        Raises:
            ConfigError: Their file cannot be read, or others can read it.
        """
        return KeptAnswers(self.workspace).entries()

    def forget_answers(self, *names: str) -> list[str]:
        """Forget kept answers: those of some names, or all. Returns the names.

        Raises:
            NotFoundError: There is none of a name; nothing is forgotten.
            ConfigError: Their file cannot be written, or the keyring does not do it.
        """
        known = [one.name for one in self.kept_answers()]
        for name in names:
            if name not in known:
                raise NotFoundError(
                    f"no answer is kept as {name!r}",
                    hint=nearest(name, known) or "jupyter compute answers lists them",
                )
        return KeptAnswers(self.workspace).forget(lambda one: not names or one.name in names)

    def is_attached(self, name: str) -> bool:
        """Whether there is a target of this name."""
        return any(one.name == name for one in self.attached.list())


class Attendant:
    """Sees to the questions of a target while something is waited for there.

    Args:
        client: Knows the questions.
        target: Whose questions count.
        asks: Who is asked here; somebody else may be quicker, in a browser.
        tells: Is told once of each question that is not asked here, and of one that somebody
            else has answered.
    """

    def __init__(
        self,
        client: PromptCalls,
        target: str,
        asks: Asks | None = None,
        tells: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._client = client
        self._target = target
        self._asks = asks
        self._tells = tells
        self._seen: set[str] = set()

    def open(self) -> list[Prompt]:
        """List the questions of the target that are open; to be called often."""
        return [one for one in self._client.prompts() if one.target == self._target]

    def has_news(self) -> bool:
        """Whether a question is open that :meth:`attend` has not seen to."""
        return any(one.id not in self._seen for one in self.open())

    def note(self) -> str:
        """Say what the target asks, and where to answer unless that is here; often nothing."""
        found = self.open()
        if not found:
            return ""
        if self._asks is not None:
            return f"{found[0].target} asks: {found[0].line}"
        return told(found[0], is_attached=self._is_attached())

    def attend(self) -> bool:
        """See to the open questions, each once; may block for as long as a person does.

        Returns:
            Whether there were any.
        """
        found = self.open()
        for prompt in found:
            if prompt.id not in self._seen:
                self._seen.add(prompt.id)
                self._see_to(prompt)
        return bool(found)

    def _see_to(self, prompt: Prompt) -> None:
        def is_open() -> bool:
            return any(one.id == prompt.id for one in self.open())

        reply = None if self._asks is None else self._asks(prompt, is_open)
        if reply is None:
            self._tells(told(prompt, is_attached=self._is_attached()))
            return
        try:
            self._client.answer(prompt.id, reply.answer, keep=reply.keep)
        except NotFoundError:
            self._tells(f"{prompt.target}: that has been answered already")
        except ConfigError as exc:
            self._tells(f"{prompt.target}: {exc.message}")
            self._seen.discard(prompt.id)  # it is asked again

    def _is_attached(self) -> bool:
        return self._client.is_attached(self._target)


class Waiting:
    """How long something is still waited for; while a target asks, the time stands still.

    Args:
        attendant: Sees to the target's questions.
        wait_s: How long to wait.
    """

    def __init__(self, attendant: Attendant, wait_s: float) -> None:
        self._attendant = attendant
        self._looked = time.monotonic()
        self._deadline = self._looked + wait_s

    @property
    def is_over(self) -> bool:
        """Whether it was long enough; to be asked often."""
        has_asked = self._attendant.attend()
        now = time.monotonic()
        if has_asked:
            self._deadline += now - self._looked
        self._looked = now
        return now >= self._deadline


def told(prompt: Prompt, *, is_attached: bool = True) -> str:
    """Say on one line what a target asks, and where that can be answered."""
    where = "answer it in the sidebar"
    if is_attached:
        where += f", or in a terminal: jupyter compute check {prompt.target}"
    return f"{prompt.target} asks: {prompt.line} ({where})"


def _gone(prompt_id: str) -> NotFoundError:
    return NotFoundError(
        f"the question {prompt_id!r} is not open any more",
        hint="it was answered, or the target waits for it no longer",
    )
