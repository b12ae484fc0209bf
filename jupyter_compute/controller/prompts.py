"""Questions that targets ask, and their answers, which are kept only if the person wants it.

Open questions stand in ``prompts.json``, where front ends see them; the file is replaced when
there is one more or less and gone when there is none. Answers come over the controller's socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from ..errors import ConfigError, TargetUnreachableError
from ..kept import KeptAnswers
from ..model import Prompt, Question
from ..workspace import Workspace
from .lock import read_facts
from .progress import some_lines

log = logging.getLogger(__name__)

PATIENCE_S = 300.0
"""How long a question stays open; after that the target counts as silent."""


class _Page(Struct, kw_only=True):
    """The content of the file. The questions of a process that is gone cannot be answered."""

    pid: int
    prompts: list[Prompt]


def read_prompts(workspace: Workspace) -> list[Prompt]:
    """List the questions that the live controller has open, the oldest first."""
    try:
        page = msgspec.json.decode(_path(workspace).read_bytes(), type=_Page)
    except (OSError, msgspec.MsgspecError):
        return []
    facts = read_facts(workspace.lock)
    return page.prompts if facts is not None and facts.pid == page.pid else []


class _Given(NamedTuple):
    text: str | None
    keep: bool


class _Held(NamedTuple):
    text: str
    target: str


class Asker:
    """What one driver asks with; remembers, in memory, the answers that have names.

    Args:
        prompts: Where the questions go.
        target: The target's name, or what its place is called before it has one.
    """

    def __init__(self, prompts: Prompts, target: str) -> None:
        self._prompts = prompts
        self.target = target
        self.named: dict[str, str] = {}

    async def __call__(self, question: Question) -> str | None:
        """Ask, and wait for the answer; ``None`` when there is none."""
        answer = await self._prompts.ask(self.target, question)
        if answer is not None and question.keep_as:
            self.named[question.keep_as] = answer
        return answer


class Prompts:
    """The questions that are open.

    Args:
        workspace: Where they are shown.
        clock: Seconds since the epoch.
        patience_s: How long each stays open.
    """

    def __init__(
        self,
        workspace: Workspace,
        clock: Callable[[], float],
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._workspace = workspace
        self._clock = clock
        self._patience_s = patience_s
        self._kept = KeptAnswers(workspace)
        self._held: dict[str, _Held] = {}
        self._open: dict[str, tuple[Prompt, asyncio.Future[_Given]]] = {}

    def asker(self, target: str) -> Asker:
        """Return what the driver of a target asks with."""
        return Asker(self, target)

    def pass_on(self, asker: Asker) -> None:
        """Hold the answers that have opened a place for who comes there next, in memory.

        So nobody is asked for a password when a place is looked at, and again when the target
        that it became has lost its connection.
        """
        held = {name: _Held(answer, asker.target) for name, answer in asker.named.items()}
        self._held.update(held)

    def forget(self, target: str) -> None:
        """Hold nothing any more that was answered to a target."""
        self._held = {name: held for name, held in self._held.items() if held.target != target}

    def answer(self, prompt_id: str, answer: str | None, *, keep: bool = False) -> bool:
        """Answer a question, or decline to with ``None``; return whether it was open."""
        found = self._open.get(prompt_id)
        if found is None or found[1].done():
            return False
        found[1].set_result(_Given(answer, keep))
        return True

    def clear(self) -> None:
        """Take away what another controller has left."""
        self._open.clear()
        self._show()

    async def ask(self, target: str, question: Question) -> str | None:
        """Answer a question from what is kept, else show it and wait for its answer.

        Args:
            target: The target's name, or what its place is called before it has one.
            question: What is asked.
        """
        kept = await self._recall(question)
        if kept is not None:
            return kept
        keep_in = await asyncio.to_thread(self._kept.place) if question.keep_as else ""
        prompt = Prompt(
            id=f"p{secrets.token_hex(8)}",
            target=target,
            type=question.type,
            message=some_lines(question.message),
            created=self._clock(),
            can_keep=bool(keep_in),
            keep_in=keep_in,
            again=question.again,
        )
        given = await self._hear(prompt)
        if given.keep and given.text and prompt.can_keep:
            await self._keep(question.keep_as, given.text, prompt)
        return given.text

    async def _recall(self, question: Question) -> str | None:
        """Return the held or kept answer to a question, or drop it because it was refused."""
        name = question.keep_as
        if not name:
            return None
        if not question.again:
            held = self._held.get(name)
            return held.text if held else await asyncio.to_thread(self._kept.find, name)
        self._held.pop(name, None)
        try:
            await asyncio.to_thread(self._kept.forget, lambda one: one.name == name)
        except ConfigError as exc:
            log.warning("a refused answer cannot be dropped: %s (%s)", exc.message, exc.hint)
        return None

    async def _hear(self, prompt: Prompt) -> _Given:
        """Show a question and wait for its answer."""
        answered: asyncio.Future[_Given] = asyncio.get_running_loop().create_future()
        self._open[prompt.id] = prompt, answered
        try:
            if self._show():  # else nobody could see it
                await asyncio.wait({answered}, timeout=self._patience_s)
            if not answered.done():
                raise TargetUnreachableError(
                    f"nobody has answered its question: {prompt.line}",
                    target=prompt.target,
                    hint="it is asked again; answer in the sidebar, or check the target",
                )
            return answered.result()
        finally:
            del self._open[prompt.id]
            self._show()

    async def _keep(self, name: str, answer: str, prompt: Prompt) -> None:
        keep = functools.partial(
            self._kept.keep, name, answer, target=prompt.target, place=prompt.keep_in
        )
        try:
            await asyncio.to_thread(keep)
        except ConfigError as exc:
            log.warning("%s: the answer is not kept: %s (%s)", name, exc.message, exc.hint)

    def _show(self) -> bool:
        path = _path(self._workspace)
        try:
            if not self._open:
                path.unlink(missing_ok=True)
                return True
            page = _Page(pid=os.getpid(), prompts=[prompt for prompt, _ in self._open.values()])
            part = path.with_suffix(".part")
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(handle, "wb") as file:
                file.write(msgspec.json.encode(page))
            part.replace(path)
        except (OSError, UnicodeEncodeError) as exc:
            log.warning("a question of a target cannot be shown: %s", exc)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return False
        return True


def _path(workspace: Workspace) -> Path:
    return workspace.root / "prompts.json"
