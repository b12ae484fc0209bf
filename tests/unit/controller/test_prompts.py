"""Questions: shown while they are open, answered once, and gone with whoever asked."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from leavings import places_with
from msgspec.structs import replace

from jupyter_compute.controller import prompts as module
from jupyter_compute.controller.lock import Lock
from jupyter_compute.controller.prompts import Asker, Prompts, read_prompts
from jupyter_compute.errors import TargetUnreachableError
from jupyter_compute.kept import KeptAnswers
from jupyter_compute.model import Prompt, Question
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


def test_a_question_that_nobody_answers_is_silence(workspace: Workspace) -> None:
    prompts = make(workspace, patience_s=0.01)
    with pytest.raises(TargetUnreachableError, match="nobody has answered"):
        asyncio.run(prompts.asker("gpu1")(ASKED))
    assert read_prompts(workspace) == []


def test_a_question_that_cannot_be_shown_is_silence(workspace: Workspace) -> None:
    (workspace.root / "prompts.part").mkdir()
    with pytest.raises(TargetUnreachableError, match="nobody has answered"):
        asyncio.run(make(workspace).asker("gpu1")(ASKED))


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


CAN_BE_KEPT = replace(ASKED, keep_as="gpu://ann@gpu1 password")


async def _shown(workspace: Workspace) -> Prompt:
    while not (shown := read_prompts(workspace)):  # noqa: ASYNC110 - the file is what is tested
        await asyncio.sleep(0.001)
    return shown[0]


async def _asked(prompts: Prompts, workspace: Workspace, question: Question, **given: bool) -> str:
    """Ask, answer as a person would, and return what the driver hears."""
    asking = asyncio.create_task(prompts.asker("gpu1")(question))
    shown = await _shown(workspace)
    assert prompts.answer(shown.id, "open sesame", **given)
    heard = await asking
    assert heard is not None
    return heard


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.mark.usefixtures("no_keyring")
def test_an_answer_is_kept_if_the_person_says_so_and_used_the_next_time(
    workspace: Workspace,
) -> None:
    async def ask() -> None:
        prompts = make(workspace)
        assert await _asked(prompts, workspace, CAN_BE_KEPT, keep=False) == "open sesame"
        assert places_with("open sesame", workspace.root) == []
        assert await _asked(prompts, workspace, CAN_BE_KEPT, keep=True) == "open sesame"
        # Nobody is asked: neither now nor by the next controller.
        for one in (prompts, make(workspace, patience_s=0.01)):
            assert await one.asker("gpu2")(CAN_BE_KEPT) == "open sesame"
        assert places_with("open sesame", workspace.root) == [workspace.kept_answers]

    asyncio.run(ask())


@pytest.mark.usefixtures("no_keyring")
def test_a_kept_answer_that_was_refused_is_dropped_and_the_person_asked_again(
    workspace: Workspace,
) -> None:
    async def ask() -> None:
        prompts = make(workspace)
        await _asked(prompts, workspace, CAN_BE_KEPT, keep=True)
        asking = asyncio.create_task(prompts.asker("gpu1")(replace(CAN_BE_KEPT, again=True)))
        shown = await _shown(workspace)
        assert shown.again
        assert KeptAnswers(workspace).entries() == []
        prompts.answer(shown.id, None)
        assert await asking is None

    asyncio.run(ask())


@pytest.mark.usefixtures("no_keyring")
def test_a_question_says_whether_and_where_its_answer_can_be_kept(workspace: Workspace) -> None:
    async def shown(question: Question) -> tuple[bool, str]:
        asking = asyncio.create_task(make(workspace).asker("gpu1")(question))
        prompt = await _shown(workspace)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return prompt.can_keep, prompt.keep_in

    assert asyncio.run(shown(CAN_BE_KEPT)) == (True, str(workspace.kept_answers))
    assert asyncio.run(shown(ASKED)) == (False, "")
    workspace.kept_answers.symlink_to("elsewhere")
    assert asyncio.run(shown(CAN_BE_KEPT)) == (False, "")


@pytest.mark.usefixtures("no_keyring")
def test_what_cannot_be_kept_after_all_is_an_answer_all_the_same(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask() -> None:
        prompts = make(workspace)
        asking = asyncio.create_task(prompts.asker("gpu1")(CAN_BE_KEPT))
        shown = await _shown(workspace)
        workspace.kept_answers.symlink_to("elsewhere")
        prompts.answer(shown.id, "open sesame", keep=True)
        assert await asking == "open sesame"
        assert "the answer is not kept" in caplog.text and "open sesame" not in caplog.text
        asking = asyncio.create_task(prompts.asker("gpu1")(ASKED))
        prompts.answer((await _shown(workspace)).id, "open sesame", keep=True)
        assert await asking == "open sesame"
        assert places_with("open sesame", workspace.root) == []

    asyncio.run(ask())


@pytest.mark.usefixtures("no_keyring")
def test_what_has_opened_a_place_is_held_until_it_is_refused_or_the_target_goes(
    workspace: Workspace,
) -> None:
    prompts = make(workspace)

    async def give(asker: Asker) -> None:
        asking = asyncio.create_task(asker(CAN_BE_KEPT))
        prompts.answer((await _shown(workspace)).id, "open sesame")
        assert await asking == "open sesame"

    async def ask() -> None:
        looker = prompts.asker("gpu1")
        await give(looker)
        await give(prompts.asker("gpu1"))  # what has opened nothing yet is not held
        prompts.pass_on(looker)
        assert places_with("open sesame", workspace.root) == []
        for _ in range(2):  # a connection may be lost more than once
            assert await prompts.asker("gpu1")(CAN_BE_KEPT) == "open sesame"

        asking = asyncio.create_task(prompts.asker("gpu1")(replace(CAN_BE_KEPT, again=True)))
        prompts.answer((await _shown(workspace)).id, None)
        assert await asking is None
        await give(prompts.asker("gpu1"))  # what was refused is not held

        prompts.pass_on(looker)
        prompts.forget("gpu2")
        assert await prompts.asker("gpu1")(CAN_BE_KEPT) == "open sesame"
        prompts.forget("gpu1")
        await give(prompts.asker("gpu1"))

    asyncio.run(ask())


async def _ask_at_length(workspace: Workspace, message: str) -> str:
    prompts = make(workspace)
    asking = asyncio.create_task(prompts.asker("gpu1")(Question(type="confirm", message=message)))
    await asyncio.sleep(0)
    (shown,) = read_prompts(workspace)
    prompts.answer(shown.id, "no")
    await asking
    return shown.message


def test_a_question_keeps_its_lines_and_nothing_that_moves_a_cursor(workspace: Workspace) -> None:
    asked = "Its key is\x1b[2J\r\n\n  SHA256:abc.\nIs it the right one?"
    shown = asyncio.run(_ask_at_length(workspace, asked))
    assert shown == "Its key is\ufffd[2J\nSHA256:abc.\nIs it the right one?"
    endless = asyncio.run(_ask_at_length(workspace, "x\n" * 1_000_000))
    assert len(endless) < 5000 and len(endless.splitlines()) == 30
