"""A run that is sent in parcels and heard of through a narrow channel, with no engine between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jupyter_compute import parcels
from jupyter_compute.errors import DriverError
from jupyter_compute.model import Job, RunState, Secret
from jupyter_compute.parcels import Inbox, parse_name, pieces_of, words_of
from jupyter_compute.runner.sinks import FileSink, LineSink
from jupyter_compute.testing import (
    MemoryBlobs,
    die,
    ignore_terminate,
    leave,
    make_job,
    rest,
    say,
    tell,
    write,
)

PATIENCE_S = 60.0


class Engine:
    """Starts a process in the foreground, as an engine does with its jobs, and no more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "root"
        self.segments = folder / "segments"
        self.inbox = Inbox(folder / "inbox")
        self.log = folder / "engine.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, job: Job, blobs: MemoryBlobs, *, lines: bool = False) -> None:
        parts = [parcels.pack_blobs(part, blobs) for part in parcels.split(job.digests, blobs)]
        order = parcels.pack_order(job)
        runner = self._unpack(parcels.pack_runner()) / parcels.RUNNER
        paths = [str(self._unpack(part)) for part in parts]
        words = ["--root", str(self.root), *([] if lines else ["--segments", str(self.segments)])]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", str(runner), "solo"),
                    *(str(self._unpack(order.parcel)), *paths, *words),
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, parcels.PAD: order.pad},
                start_new_session=True,
            )

    def _unpack(self, parcel: parcels.Parcel) -> Path:
        path = self.folder / "unpacked" / parcel.name
        archive = path.with_suffix(".zip")
        archive.parent.mkdir(exist_ok=True)
        archive.write_bytes(parcel.data)
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(path)
        return path

    def hear(self) -> None:
        """Take what there is to be heard."""
        for start, _, path in self._pieces():
            self.inbox.feed(start, path.read_bytes())
        if self.log.exists():
            for offset, piece in pieces_of(self.log.read_text()):
                self.inbox.feed(offset, piece)

    def _pieces(self) -> list[tuple[int, int, Path]]:
        found = []
        for path in self.segments.iterdir() if self.segments.exists() else ():
            place = parse_name(path.name)
            if place:
                found.append((*place, path))
        return sorted(found, key=lambda one: (one[0], -one[1]))

    def until(self, reached: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.hear()
            found = reached()
            if found:
                return found
            assert time.monotonic() < deadline, (self.inbox.status, self.log.read_text())
            time.sleep(0.02)

    def over(self) -> None:
        self.until(lambda: self.inbox.is_whole)

    def code(self) -> int:
        assert self.process
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def engine_of_jobs(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path)
    yield engine
    if engine.process:
        engine.process.terminate()
        engine.process.wait()


@pytest.mark.parametrize("lines", [False, True], ids=["files", "lines"])
def test_a_run_is_told_whole_through_a_narrow_channel(engine_of_jobs: Engine, lines: bool) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    text = "".join(f"line {number}\r\n" for number in range(2_000))
    job = make_job(
        blobs,
        say(text),
        tell({"type": "metric", "name": "loss", "value": 0.5}),
        write("outputs/a/déjà vu", "x" * 60_000),
        write("outputs/empty", ""),
        write("logs/worker.txt", "rank 1\n"),
        leave(3),
        files={"big.bin": os.urandom(3_000_000), "none": b""},
    )
    engine.start(job, blobs, lines=lines)
    engine.over()
    assert engine.code() == 3
    status, inbox = engine.inbox.status, engine.inbox
    assert status and (status.state, status.exit_code) == (RunState.FAILED, 3)
    assert (inbox.folder / "log").read_bytes() == text.encode()
    assert inbox.read("outputs/a/déjà vu", 0) == b"x" * 60_000
    assert (inbox.folder / "outputs/empty").read_bytes() == b""
    assert inbox.sizes()["logs/worker.txt"] == 7
    events = [json.loads(line) for line in inbox.read("events", 0).splitlines()]
    assert [event["value"] for event in events if event["type"] == "metric"] == [0.5]
    # What an engine shows as its log is the run's own.
    shown = words_of(engine.log.read_text())
    assert shown == ("" if lines else text.replace("\r\n", "\n").rstrip("\n"))
    there = engine.root / "runs" / job.run_id / "1"
    engine.until(lambda: not (there / "work").exists())
    assert (there / "exit.json").exists()


def test_what_comes_twice_and_in_pieces_is_taken_once(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    steps = [step for n in range(30) for step in (say(f"{n}\n"), rest(0.05))]
    engine.start(make_job(blobs, *steps), blobs)
    engine.over()
    stream = b""
    for start, end, path in engine._pieces():
        if start <= len(stream) < end:
            stream += path.read_bytes()[len(stream) - start :]
    other = Inbox(engine.folder / "other")
    for at in range(0, len(stream), 97):
        other.feed(max(0, at - 50), stream[max(0, at - 50) : at + 97])
        other.feed(at + 1000, b"beyond")
        if at % 5 == 0:
            other = Inbox(engine.folder / "other")
    while not other.is_whole:
        other.feed(other.wanted, stream[other.wanted :])
    assert other.read("log", 0) == "".join(f"{n}\n" for n in range(30)).encode()
    assert other.status == engine.inbox.status


def test_the_engines_wish_ends_the_run_in_its_own_time(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    job = make_job(blobs, ignore_terminate(), say("on\n"), rest(600), grace_s=0.5)
    engine.start(job, blobs)
    engine.until(lambda: engine.inbox.read("log", 0))
    assert engine.process
    engine.process.terminate()
    engine.until((engine.root / "runs" / job.run_id / "1/cancel").exists)
    # An engine that has no patience.
    engine.process.kill()
    engine.over()
    assert engine.inbox.status and engine.inbox.status.state is RunState.CANCELED


def test_a_run_ends_when_its_engine_has_killed_the_foreground(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    engine.start(make_job(blobs, say("on\n"), rest(600), grace_s=0.5), blobs)
    engine.until(lambda: engine.inbox.read("log", 0))
    assert engine.process
    engine.process.kill()
    engine.over()
    assert engine.inbox.status and engine.inbox.status.state is RunState.FAILED


def test_a_killed_shipper_is_replaced_and_nothing_is_lost(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    engine.start(make_job(blobs, say("one\n"), rest(2), say("two\n")), blobs)
    engine.until(lambda: engine.inbox.read("log", 0))
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and _is_shipper_of(path, engine):
            os.kill(int(path.name), signal.SIGKILL)
    engine.over()
    assert engine.inbox.read("log", 0) == b"one\ntwo\n"
    assert engine.code() == 0
    assert engine.log.read_bytes().count(b"one") == 1


def _is_shipper_of(process: Path, engine: Engine) -> bool:
    try:
        name = (process / "comm").read_text().strip()
        return name == "jc-shipper" and os.readlink(process / "fd/1") == str(engine.log)
    except OSError:
        return False


def test_a_secret_is_in_no_parcel_and_no_file(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    secret = "correct horse " + "battery"
    code = b"import os; print(len(os.environ['TOKEN']), 'JUPYTER_COMPUTE_PAD' in os.environ)"
    job = msgspec.structs.replace(
        make_job(blobs, files={"show.py": code}),
        argv=("{python}", "show.py"),
        secret_env={"TOKEN": Secret(secret)},
    )
    engine.start(job, blobs)
    engine.over()
    assert engine.inbox.read("log", 0) == b"%d False\n" % len(secret)
    for path in engine.folder.rglob("*"):
        assert path.name != "sealed"
        assert not path.is_file() or secret.encode() not in path.read_bytes()


def test_a_signal_is_told(engine_of_jobs: Engine) -> None:
    engine, blobs = engine_of_jobs, MemoryBlobs()
    engine.start(make_job(blobs, die(signal.SIGKILL)), blobs)
    engine.over()
    assert engine.inbox.status and engine.inbox.status.signal == signal.SIGKILL
    assert engine.code() == 128 + signal.SIGKILL


def test_equal_contents_are_equal_parcels() -> None:
    blobs = MemoryBlobs()
    digests = [blobs.add(b"%d" % number * 1000) for number in range(50)]
    first = [parcels.pack_blobs(part, blobs) for part in parcels.split(digests, blobs)]
    again = [parcels.pack_blobs(part, blobs) for part in parcels.split(digests[::-1], blobs)]
    assert first == again
    assert parcels.pack_runner() == parcels.pack_runner()


def test_many_small_segments_become_few(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path))
    whole = b""
    for number in range(1000):
        data = b"%d\n" % number
        whole += data
        sink.write(data)
        sink.flush()
    names = sorted(filter(None, (parse_name(path.name) for path in tmp_path.iterdir())))
    assert len(names) <= 17
    found = b"".join((tmp_path / path.name).read_bytes() for path in sorted(tmp_path.iterdir()))
    assert found == whole
    assert FileSink(str(tmp_path)).end == len(whole)


def test_a_line_that_others_began_does_not_swallow_ours(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab", buffering=0) as file:
        sink = LineSink(file.fileno(), width=10)
        file.write(b"half a li")
        sink.write(b"a frame of some length")
        file.write(b"another line\n")
        sink.write(b"!")
    assert b"".join(data for _, data in pieces_of(path.read_text())) == b"a frame of some length!"
    assert words_of(path.read_text()) == "half a li\nanother line"


@pytest.mark.parametrize("name", ["../log", "job.json", "outputs/../../x", "outputs/", "/etc/x"])
def test_the_far_end_writes_nowhere_else(tmp_path: Path, name: str) -> None:
    from jupyter_compute.runner import protocol, shipping  # noqa: PLC0415

    inbox = Inbox(tmp_path / "a/inbox")
    frame = protocol.encode(0, shipping.FILE, {"name": name, "offset": 0}, b"x")
    with pytest.raises(DriverError, match="makes no sense"):
        inbox.feed(0, frame)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
