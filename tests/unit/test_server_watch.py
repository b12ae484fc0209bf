"""What the server notices in a workspace, and how it reads and sends."""

from __future__ import annotations

import io
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_compute.client import Client
from jupyter_compute.errors import ComputeError, ConfigError, StoreError
from jupyter_compute.model import ArgvCommand, MetricEvent, Prompt, Run, RunState, new_run_id
from jupyter_compute.model.runs import DETACHED
from jupyter_compute.server.asks import RunsQuery, SubmitBody
from jupyter_compute.server.errors import RangeError, TooLargeError, answer_of
from jupyter_compute.server.files import read_range
from jupyter_compute.server.peeking import peek
from jupyter_compute.server.watching import Watch
from jupyter_compute.server.wire import BODY_BYTES, encode, read_body, read_query
from jupyter_compute.server.zipping import zipped
from jupyter_compute.workspace import Workspace


class StillClient(Client):
    """A client that starts no controller."""

    def keep_controller(self) -> None:
        pass


class Stage:
    """A workspace, a watch over it, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.client = StillClient(folder)
        self.watch = Watch(self.client, Workspace(root=folder), lambda: self.now)

    def add(self, name: str = "n") -> str:
        run = Run(
            id=new_run_id(),
            experiment="e",
            name=name,
            target="local",
            snapshot_id="",
            command=ArgvCommand(argv=("true",)),
            created=time.time(),
        )
        return self.client.store.add(run).id

    def log(self, run_id: str, count: int) -> None:
        event = MetricEvent(t=0.0, name="loss", value=1.0)
        assert self.client.store.append_events(run_id, 1, [event], start=count, end=count + 1)

    def look(self) -> list[tuple[str, str, str]]:
        return [
            (said["what"], said.get("run_id", ""), said.get("state", ""))
            for said in self.watch.look()
        ]


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    made = Stage(tmp_path / "compute")
    yield made
    made.client.close()


def test_runs_of_a_detached_target_keep_no_controller_up(stage: Stage) -> None:
    run_id = stage.add()
    stage.look()
    assert stage.watch.is_live
    stage.client.store.update(run_id, reason=DETACHED)
    stage.look()
    assert not stage.watch.is_live
    assert not _other_watch(stage).is_live


def _other_watch(stage: Stage) -> Watch:
    watch = Watch(stage.client, stage.client.workspace, lambda: stage.now)
    watch.look()
    return watch


def test_nothing_is_made_where_nothing_was_ever_submitted(stage: Stage, tmp_path: Path) -> None:
    assert stage.look() == []
    assert not (tmp_path / "compute").exists()


def test_each_state_is_told_once(stage: Stage) -> None:
    stage.add()
    assert stage.look() == [] and stage.watch.is_live
    run_id = stage.add()
    assert stage.look() == [("run", run_id, "queued")]
    assert stage.look() == []
    stage.client.store.advance(run_id, RunState.RUNNING)
    assert stage.look() == [("run", run_id, "running")]
    stage.client.store.advance(run_id, RunState.COMPLETED)
    assert stage.look() == [("run", run_id, "completed")]
    stage.client.store.delete(run_id)
    assert stage.look() == [("deleted", run_id, "")]


def test_data_is_told_once_a_second_and_the_last_of_it_is_not_lost(stage: Stage) -> None:
    stage.client.store.revision()
    stage.look()
    run_id = stage.add()
    stage.look()
    stage.log(run_id, 0)
    assert stage.look() == []
    stage.log(run_id, 1)
    assert stage.look() == []
    stage.now += 1.5
    assert stage.look() == [("data", run_id, "queued")]
    stage.now += 1.5
    assert stage.look() == []
    stage.log(run_id, 2)
    assert stage.look() == [("data", run_id, "queued")]


def test_a_flood_is_told_in_one_message_and_live_runs_are_still_known(stage: Stage) -> None:
    stage.client.store.revision()
    stage.look()
    runs = [stage.add() for _ in range(60)]
    assert stage.look() == [("many", "", "")]
    assert stage.watch.is_live
    for run_id in runs:
        stage.client.store.advance(run_id, RunState.COMPLETED)
    assert stage.look() == [("many", "", "")]
    assert not stage.watch.is_live


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 10)),
        ("bytes=-1", (9, 10)),
        ("bytes=3-99999999999", (3, 10)),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=1-2,3-4", None),
    ],
)
def test_a_range_is_read_as_http_means_it(text: str, part: tuple[int, int] | None) -> None:
    assert read_range(text, 10) == part


@pytest.mark.parametrize("text", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_sent(text: str) -> None:
    with pytest.raises(RangeError):
        read_range(text, 10)
    with pytest.raises(RangeError):
        read_range("bytes=0-", 0)


def test_an_archive_is_made_in_pieces_and_keeps_modes(tmp_path: Path) -> None:
    big = bytes(range(256)) * 8192
    files = [
        ("a/b.bin", 0o755, io.BytesIO(big)),
        ("link", 0o777 | stat.S_IFLNK, io.BytesIO(b"a/b.bin")),
        ("odd\udcff", 0o644, io.BytesIO(b"")),
    ]
    data = b"".join(zipped(files))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.read("a/b.bin") == big
        assert archive.getinfo("a/b.bin").external_attr >> 16 == stat.S_IFREG | 0o755
        assert archive.read("odd?") == b""


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", "ü".encode() * 200_000, "text"),
        ("a.txt", b"a\xffb", "binary"),
        ("a.txt", b"a\0b", "binary"),
        ("a.csv", b"", "text"),
        ("a.tsv", b"a\tb\n1\t2\n", "table"),
        ("a.ipynb", b"{}", "text"),
        ("a.ipynb", b"[" * 100_000, "text"),
        ("a.png", b"\x89PNG", "image"),
        ("noname", b"plain", "text"),
    ],
)
def test_a_preview_is_never_fooled(name: str, data: bytes, kind: str) -> None:
    seen = peek(name, len(data), io.BytesIO(data))
    assert seen.kind == kind
    assert seen.is_whole == (len(data) < 1 << 18) or kind in ("binary", "image")


def test_a_query_is_read_by_its_types() -> None:
    asked = {"state": [b"queued", b"running"], "limit": [b"7"], "metrics": [b"true"], "17": [b""]}
    read = read_query(RunsQuery, asked)
    assert read.state == [RunState.QUEUED, RunState.RUNNING]
    assert (read.limit, read.metrics, read.sort) == (7, True, "-created")
    with pytest.raises(ConfigError) as refused:
        read_query(RunsQuery, {"stat": [b"queued"]})
    assert refused.value.hint == "did you mean 'state'?"


def test_a_body_is_read_by_its_types() -> None:
    body = {"command": {"type": "cell", "code": "1"}, "source": "."}
    assert read_body(SubmitBody, msgspec.json.encode(body), "application/json").source == "."
    with pytest.raises(TooLargeError):
        read_body(SubmitBody, b" " * (BODY_BYTES + 1), "")
    with pytest.raises(ConfigError):
        read_body(SubmitBody, b"{}", "text/plain")


def test_names_that_are_no_utf8_are_answered_all_the_same() -> None:
    assert encode({"path": "a\udcff"}) == b'{"path": "a\\udcff"}'


def test_an_unforeseen_error_keeps_its_words_to_the_log() -> None:
    status, error = answer_of(ValueError("token=abc"))
    assert status == 500 and "abc" not in error.message + error.hint
    assert answer_of(StoreError("locked", hint="wait"))[0] == 503
    assert answer_of(ComputeError("known"))[1].message == "known"


def test_questions_of_targets_are_told_when_they_come_and_go(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.add()
    stage.look()
    there: list[Prompt] = []
    monkeypatch.setattr(stage.client, "prompts", lambda: list(there))
    assert stage.look() == []
    prompt = Prompt(id="p1", target="gpu1", type="text", message="Code?", created=1.0)
    there.append(prompt)
    assert [one[0] for one in stage.look()] == ["prompts"]
    assert stage.look() == []
    there.clear()
    assert [one[0] for one in stage.look()] == ["prompts"]
