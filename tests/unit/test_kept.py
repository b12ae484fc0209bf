"""Answers that a person wants to be kept: in a keyring, or in a file of their own."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leavings import places_with

from jupyter_compute.errors import ConfigError
from jupyter_compute.kept import KEYRING, KeptAnswers
from jupyter_compute.workspace import Workspace

NAME = "ssh://me@gpu1:22 password"
VALUE = 'correct "horse"\nbattery \\ staple'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "compute").make()


class Ring(ModuleType):
    """The package ``keyring`` with one backend, in memory."""

    def __init__(self, priority: float = 5.0) -> None:
        super().__init__("keyring")
        self.held: dict[tuple[str, str], str] = {}
        self.locked: threading.Event | None = None
        self.broken: BaseException | None = None
        self.priority = priority

    def _go(self) -> None:
        if self.locked is not None:
            self.locked.wait()
        if self.broken is not None:
            raise self.broken

    def get_keyring(self) -> Ring:
        return self

    def get_password(self, service: str, user: str) -> str | None:
        self._go()
        return self.held.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        self._go()
        self.held[service, user] = value

    def delete_password(self, service: str, user: str) -> None:
        self._go()
        del self.held[service, user]


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ring]:
    ring = Ring()
    monkeypatch.setitem(sys.modules, "keyring", ring)
    yield ring
    if ring.locked is not None:
        ring.locked.set()


def keep(kept: KeptAnswers, name: str = NAME, answer: str = VALUE, target: str = "box") -> None:
    kept.keep(name, answer, target=target, place=kept.place())


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_an_answer_stands_in_a_file_that_says_what_it_is(
    workspace: Workspace,
) -> None:
    kept = KeptAnswers(workspace)
    assert kept.place() == str(workspace.kept_answers)
    assert kept.find(NAME) is None and kept.entries() == []
    keep(kept)
    assert KeptAnswers(workspace).find(NAME) == VALUE
    assert stat.S_IMODE(workspace.kept_answers.stat().st_mode) == 0o600
    head = workspace.kept_answers.read_text().partition("\n\n")[0]
    assert "PLAIN TEXT" in head and "jupyter compute answers --forget NAME" in head
    (entry,) = kept.entries()
    assert (entry.name, entry.target, entry.place) == (NAME, "box", str(workspace.kept_answers))
    assert VALUE not in repr(entry)


@pytest.mark.usefixtures("no_keyring")
def test_what_is_forgotten_is_gone_and_the_rest_stays(workspace: Workspace) -> None:
    kept = KeptAnswers(workspace)
    keep(kept)
    keep(kept, "other", "second")
    assert kept.forget(lambda one: one.name == NAME) == [NAME]
    assert (kept.find(NAME), kept.find("other")) == (None, "second")
    assert kept.forget(lambda one: one.name == NAME) == []
    assert kept.forget(lambda one: one.target == "box") == ["other"]
    assert not workspace.kept_answers.exists()


words = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.usefixtures("no_keyring")
def test_any_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("any") / "compute").make()
    kept = KeptAnswers(workspace)

    @given(st.dictionaries(words, words, min_size=1, max_size=3))
    def check(answers: dict[str, str]) -> None:
        for name, answer in answers.items():
            keep(kept, name, answer)
        assert {name: kept.find(name) for name in answers} == answers
        kept.forget(lambda one: True)

    check()


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_not_used_and_said(
    workspace: Workspace, mode: int, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptAnswers(workspace)
    keep(kept)
    workspace.kept_answers.chmod(mode)
    assert kept.find(NAME) is None
    assert "others may have read" in caplog.text and VALUE not in caplog.text
    assert kept.place() == ""
    for call in (kept.entries, lambda: kept.forget(lambda one: True)):
        with pytest.raises(ConfigError, match=f"its mode is {mode:o}") as caught:
            call()
        assert "chmod 600" in caught.value.hint
    workspace.kept_answers.chmod(0o600)
    assert kept.find(NAME) == VALUE


@pytest.mark.usefixtures("no_keyring")
@pytest.mark.parametrize("what", ["link", "dangling", "pipe", "folder"])
def test_what_is_no_file_in_its_place_is_neither_followed_nor_written_through(
    workspace: Workspace, tmp_path: Path, what: str
) -> None:
    elsewhere, path = tmp_path / "elsewhere", workspace.kept_answers
    if what == "link":
        elsewhere.write_text(f'["{NAME}"]\nanswer = "planted"\n')
        elsewhere.chmod(0o600)
    if what in ("link", "dangling"):
        path.symlink_to(elsewhere)
    elif what == "pipe":
        os.mkfifo(path, 0o600)
    else:
        path.mkdir()
    kept = KeptAnswers(workspace)
    assert kept.find(NAME) is None and kept.place() == ""
    with pytest.raises(ConfigError):
        kept.keep(NAME, VALUE, target="box", place=str(path))
    assert places_with("horse", tmp_path) == []


@pytest.mark.usefixtures("no_keyring")
def test_a_damaged_file_is_named_and_not_repeated(workspace: Workspace) -> None:
    workspace.kept_answers.write_text(f"[{VALUE}")
    workspace.kept_answers.chmod(0o600)
    with pytest.raises(ConfigError, match="is no TOML") as caught:
        KeptAnswers(workspace).entries()
    assert "horse" not in f"{caught.value.message}{caught.value.hint}"


def test_a_keyring_has_the_answer_and_the_file_its_name_alone(
    workspace: Workspace, ring: Ring
) -> None:
    kept = KeptAnswers(workspace)
    assert kept.place() == KEYRING
    keep(kept)
    assert list(ring.held.values()) == [VALUE]
    assert "horse" not in workspace.kept_answers.read_text()
    (entry,) = kept.entries()
    assert (entry.name, entry.target, entry.place) == (NAME, "box", KEYRING)
    assert kept.find(NAME) == VALUE
    assert kept.forget(lambda one: True) == [NAME]
    assert ring.held == {} and kept.find(NAME) is None


def test_a_keyring_that_is_none_is_not_used(workspace: Workspace, ring: Ring) -> None:
    ring.priority = 0
    assert KeptAnswers(workspace).place() == str(workspace.kept_answers)


def test_a_keyring_that_blocks_is_left_alone_after_a_while(
    workspace: Workspace, ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    keep(KeptAnswers(workspace))
    ring.locked = threading.Event()
    kept = KeptAnswers(workspace, patience_s=0.05)
    assert kept.find(NAME) is None
    assert "has not answered" in caplog.text
    assert kept.place() == str(workspace.kept_answers)
    with pytest.raises(ConfigError, match="did not forget") as caught:
        kept.forget(lambda one: True)
    assert f"keyring del jupyter-compute '{NAME}'" in caught.value.hint
    assert [one.name for one in kept.entries()] == [NAME]


def test_a_keyring_that_fails_keeps_nothing_and_its_words_are_not_repeated(
    workspace: Workspace, ring: Ring, caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptAnswers(workspace)
    ring.broken = RuntimeError(VALUE)
    with pytest.raises(ConfigError, match="did not take") as caught:
        keep(kept)
    assert kept.entries() == [] and kept.find(NAME) is None
    assert "horse" not in f"{caught.value.message}{caplog.text}"


def test_what_the_keyring_has_lost_is_not_there_and_can_be_forgotten(
    workspace: Workspace, ring: Ring
) -> None:
    kept = KeptAnswers(workspace)
    keep(kept)
    ring.held.clear()
    assert kept.find(NAME) is None
    assert kept.forget(lambda one: True) == [NAME]
