"""Questions: shown while they are open, answered once, and gone with whoever asked."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from jupyter_compute.controller import prompts as module
from jupyter_compute.controller.lock import Lock
from jupyter_compute.controller.prompts import Prompts, read_prompts
from jupyter_compute.model import Question
from jupyter_compute.workspace import Workspace

ASKED = Question(type="secret", message="Password for ann@gpu1")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace whose controller is this process."""
    workspace = Workspace(tmp_path / "compute").make()
    lock = Lock(workspace.lock)
    assert lock.take()
    lock.declare(1, "python", 0.0)
    return workspace


def make(workspace: Workspace, **options: float) -> Prompts:
    return Prompts(workspace, lambda: 7.0, **options)


async def _answer_and_cancel(workspace: Workspace) -> None:
    prompts = make(workspace)
    first = asyncio.create_task(prompts.asker("gpu1")(ASKED))
    second = asyncio.create_task(prompts.asker("gpu2")(ASKED))
    await asyncio.sleep(0)
    shown = read_prompts(workspace)
    assert [(one.target, one.message, one.created) for one in shown] == [
        ("gpu1", ASKED.message, 7.0),
        ("gpu2", ASKED.message, 7.0),
    ]
    file = workspace.root / "prompts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert prompts.answer(shown[1].id, "secret word")
    assert await second == "secret word"
    assert not prompts.answer(shown[1].id, "again")
    assert "secret word" not in file.read_text()
    assert [one.id for one in read_prompts(workspace)] == [shown[0].id]
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert not file.exists()


def test_each_question_is_answered_by_its_own_answer_and_then_gone(workspace: Workspace) -> None:
    asyncio.run(_answer_and_cancel(workspace))


def test_nobody_answers_is_no_answer(workspace: Workspace) -> None:
    prompts = make(workspace, patience_s=0.01)
    assert asyncio.run(prompts.asker("gpu1")(ASKED)) is None
    assert read_prompts(workspace) == []


def test_a_question_that_cannot_be_shown_has_no_answer(workspace: Workspace) -> None:
    (workspace.root / "prompts.part").mkdir()
    assert asyncio.run(make(workspace).asker("gpu1")(ASKED)) is None


def test_the_questions_of_another_process_are_not_shown_and_cleared(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> None:
        task = asyncio.create_task(make(workspace).asker("gpu1")(ASKED))
        await asyncio.sleep(0)
        with monkeypatch.context() as patch:
            patch.setattr(module.os, "getpid", lambda: os.getppid())
            other = asyncio.create_task(make(workspace).asker("gpu2")(ASKED))
            await asyncio.sleep(0)
        assert read_prompts(workspace) == []
        make(workspace).clear()
        assert not (workspace.root / "prompts.json").exists()
        for one in (task, other):
            one.cancel()
        await asyncio.gather(task, other, return_exceptions=True)

    asyncio.run(ask())
