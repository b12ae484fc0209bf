from __future__ import annotations

import os
import select
from pathlib import Path

import pytest

from jupyter_compute.runner import watching
from jupyter_compute.runner.watching import Watch, is_local


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(watching, "is_local", lambda path: True)
    return Watch(str(tmp_path))


def changed(watch: Watch) -> set[str]:
    poller = select.poll()
    poller.register(watch.fd, select.POLLIN)
    assert poller.poll(30_000)
    return watch.changed()


def test_it_tells_in_which_folder_something_happened(watch: Watch, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        assert watch.add(str(folder)) and watch.add(str(folder))
    assert watch.changed() == set()
    (first / "log").write_text("x")
    assert changed(watch) == {str(first)}
    os.rename(first / "log", second / "log")
    assert changed(watch) == {str(second)}
    watch.keep({str(first)})
    assert len(watch) == 1
    (second / "log").write_text("y")
    (first / "log").write_text("y")
    assert changed(watch) == {str(first)}


def test_a_folder_that_goes_and_comes_is_watched_again(watch: Watch, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert not watch.add(str(folder)) and watch.is_reliable
    folder.mkdir()
    assert watch.add(str(folder))
    folder.rmdir()
    assert changed(watch) == {str(folder)}
    folder.mkdir()
    assert watch.add(str(folder))
    (folder / "log").write_text("x")
    assert changed(watch) == {str(folder)}


def test_without_inotify_nothing_is_relied_on(tmp_path: Path) -> None:
    watch = Watch(str(tmp_path), allowed=False)
    assert not watch.is_reliable
    assert not watch.add(str(tmp_path))
    watch.keep(set())


def test_a_file_system_that_others_write_to_is_told_from_a_local_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nhost:/x /home/a\\040b nfs4 rw 0 0\nt /home/a\\040b/t tmpfs rw 0 0\n"
    )
    monkeypatch.setattr(watching, "_MOUNTS", str(mounts))
    assert is_local("/usr") and is_local("/home") and is_local("/home/a bc")
    assert not is_local("/home/a b") and not is_local("/home/a b/runs")
    assert is_local("/home/a b/t/x")
    monkeypatch.setattr(watching, "_MOUNTS", str(tmp_path / "none"))
    assert not is_local("/usr")
