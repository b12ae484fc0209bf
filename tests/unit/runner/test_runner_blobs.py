from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.runner import garbage
from jupyter_compute.runner.blobs import SMALL, Blobs
from jupyter_compute.runner.failures import Failure
from jupyter_compute.runner.incoming import Incoming
from jupyter_compute.runner.materialize import materialize, place_inputs
from jupyter_compute.runner.reading import read


def name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(blobs: Blobs, *datas: bytes, piece: int = 1 << 20) -> None:
    incoming = Incoming(blobs, [[name(data), len(data), 0] for data in datas])
    stream = b"".join(datas)
    for start in range(0, len(stream), piece):
        incoming.feed(stream[start : start + piece])
    assert incoming.is_complete
    if incoming.finish():
        incoming.settle()
    incoming.close()


def put_manifest(blobs: Blobs, files: dict[str, Any], folders: tuple[str, ...] = ()) -> str:
    rows = []
    for path, content in files.items():
        if isinstance(content, bytes):
            put(blobs, content)
            rows.append([path, name(content), len(content), 0o644, None])
        else:
            rows.append([path, "", 0, 0o777, content])
    manifest = json.dumps({"files": rows, "folders": list(folders)}).encode()
    put(blobs, manifest)
    return name(manifest)


# -- arriving ----------------------------------------------------------------------------------


@given(
    sizes=st.lists(st.sampled_from([0, 1, 10, SMALL, SMALL + 1, 2 * SMALL]), max_size=6),
    piece=st.sampled_from([1000, 65536, 1 << 20]),
)
@settings(max_examples=30, deadline=None)
def test_blobs_arrive_whole_in_pieces_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], piece: int
) -> None:
    blobs = Blobs(str(tmp_path_factory.mktemp("root")))
    datas = [bytes([number]) * size for number, size in enumerate(sizes)]
    put(blobs, *datas, piece=piece)
    assert blobs.missing([name(data) for data in datas]) == []
    assert [blobs.read(name(data)) for data in datas] == datas


@pytest.mark.parametrize("size", [10, SMALL + 1])
def test_bytes_that_do_not_fit_their_name_leave_nothing(tmp_path: Path, size: int) -> None:
    blobs = Blobs(str(tmp_path))
    wrong = name(b"something else")
    incoming = Incoming(blobs, [[wrong, size, 0]])
    with pytest.raises(Failure, match=wrong[:12]):
        incoming.feed(b"x" * size)
    incoming.close()
    assert blobs.missing([wrong]) == [wrong]
    assert blobs.partial([wrong]) == {}


def test_a_large_blob_goes_on_where_it_was_dropped(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    data = os.urandom(SMALL * 3)
    incoming = Incoming(blobs, [[name(data), len(data), 0]])
    incoming.feed(data[: SMALL * 2])
    incoming.close()
    assert blobs.missing([name(data)]) == [name(data)]
    assert blobs.partial([name(data)]) == {name(data): SMALL * 2}
    incoming = Incoming(blobs, [[name(data), len(data), SMALL * 2 - 5]])
    incoming.feed(data[SMALL * 2 - 5 :])
    assert incoming.finish()
    incoming.settle()
    incoming.close()
    assert blobs.read(name(data)) == data


def test_a_large_blob_is_taken_from_one_sender_at_a_time(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    data = b"x" * (SMALL + 1)
    first = Incoming(blobs, [[name(data), len(data), 0]])
    first.feed(data[:10])
    with pytest.raises(Failure, match="another"):
        Incoming(blobs, [[name(data), len(data), 0]])
    first.feed(data[10:])
    first.finish()
    first.settle()
    first.close()
    assert blobs.read(name(data)) == data


@pytest.mark.parametrize(
    "row", [["zz", 1, 0], [name(b""), 1, 2], [name(b""), 5, 1], [name(b""), -1, 0], None, "x"]
)
def test_rows_that_make_no_sense_are_refused(tmp_path: Path, row: Any) -> None:
    with pytest.raises(Failure):
        Incoming(Blobs(str(tmp_path)), [row])


def test_more_bytes_than_announced_are_refused(tmp_path: Path) -> None:
    incoming = Incoming(Blobs(str(tmp_path)), [[name(b"one"), 3, 0]])
    with pytest.raises(Failure, match="more"):
        incoming.feed(b"one and more")


@pytest.mark.parametrize("mode", [0o400, 0o600])
def test_a_file_of_this_machine_is_adopted(tmp_path: Path, mode: int) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    data = os.urandom(SMALL + 1)
    path = tmp_path / "file"
    path.write_bytes(data)
    path.chmod(mode)
    for _ in range(2):
        blobs.adopt(name(data), str(path))
    path.unlink()
    path.write_bytes(b"changed")
    assert blobs.read(name(data)) == data


def test_a_file_that_is_not_the_blob_is_not_adopted(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    path = tmp_path / "file"
    path.write_bytes(b"something else")
    with pytest.raises(Failure):
        blobs.adopt(name(b"x" * SMALL * 2), str(path))
    assert os.listdir(tmp_path / "root/blobs/partial") == []


# -- a run's own copy --------------------------------------------------------------------------


def test_a_snapshot_is_written_whole_and_again(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    large = os.urandom(SMALL * 2)
    odd = "b\udcff \n'\"é/-x"
    files = {"a.py": b"a", "deep/er/large.bin": large, odd: b"odd", "deep/link": "../a.py"}
    digest = put_manifest(blobs, files, ("deep", "deep/er", "empty", odd.split("/")[0]))
    work = tmp_path / "work"
    for _ in range(2):
        materialize(blobs, digest, str(work))
    assert (work / "a.py").read_bytes() == b"a"
    assert (work / "deep/er/large.bin").read_bytes() == large
    assert (work / "deep/link").read_bytes() == b"a"
    assert (work / "empty").is_dir()
    assert Path(os.fsdecode(os.path.join(os.fsencode(work), odd.encode(errors="surrogateescape"))))


def test_a_run_that_writes_damages_no_blob(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    small, large = b"small", os.urandom(SMALL + 1)
    digest = put_manifest(blobs, {"small": small, "large": large})
    materialize(blobs, digest, str(tmp_path / "work"))
    for path in ("small", "large"):
        with open(tmp_path / "work" / path, "r+b") as file:
            file.write(b"XXXX")
    assert blobs.read(name(small)) == small
    assert blobs.read(name(large)) == large


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", "a//b", ".", "a\0b"])
def test_a_manifest_cannot_name_a_place_outside(tmp_path: Path, path: str) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    digest = put_manifest(blobs, {path: b"x"})
    with pytest.raises(Failure):
        materialize(blobs, digest, str(tmp_path / "work"))
    with pytest.raises(Failure):
        place_inputs(blobs, [{"path": path, "digest": name(b"x"), "size": 1}], str(tmp_path / "f"))


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    outside = tmp_path / "outside"
    outside.mkdir()
    digest = put_manifest(blobs, {"a": str(outside), "a/x": b"x"}, ("a",))
    with pytest.raises((Failure, OSError)):
        materialize(blobs, digest, str(tmp_path / "work"))
    assert list(outside.iterdir()) == []


def test_a_lost_blob_is_named(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path / "root"))
    digest = put_manifest(blobs, {"a.py": b"a"})
    blobs.packs.forget([bytes.fromhex(name(b"a"))])
    with pytest.raises(Failure, match=name(b"a")[:12]):
        materialize(blobs, digest, str(tmp_path / "work"))


# -- reading -----------------------------------------------------------------------------------


def test_links_that_stay_are_followed_and_others_are_not(tmp_path: Path) -> None:
    outputs = tmp_path / "work/outputs"
    outputs.mkdir(parents=True)
    (outputs / "best").write_bytes(b"weights")
    (outputs / "link").symlink_to("best")
    (outputs / "out").symlink_to("/etc/passwd")
    os.mkfifo(outputs / "fifo")
    assert read(str(tmp_path), "outputs/link", 2, 3) == (b"igh", 7)
    assert read(str(tmp_path), "outputs/best", 99, 3) == (b"", 7)
    assert read(str(tmp_path), "outputs/none", 0, 3) == (b"", 0)
    for wrong in ("outputs/out", "outputs/fifo", "outputs/", "outputs/../../x", "exit.json", "x/y"):
        with pytest.raises(Failure):
            read(str(tmp_path), wrong, 0, 10)


# -- garbage -----------------------------------------------------------------------------------


def make_attempt(root: Path, run: str, digests: list[str], *, is_over: bool) -> None:
    folder = root / "runs" / run / "1"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"digests": digests}))
    if is_over:
        (folder / "exit.json").write_text(json.dumps({"state": "completed"}))


def test_what_is_used_longest_ago_is_collected_first(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    datas = [bytes([number]) * 1000 for number in range(5)]
    put(blobs, *datas)
    names = [name(data) for data in datas]
    make_attempt(tmp_path, "rold", [names[1]], is_over=True)
    os.utime(tmp_path / "runs/rold/1/job.json", (1, 1))
    make_attempt(tmp_path, "rnew", [names[2]], is_over=True)
    make_attempt(tmp_path, "ractive", [names[3]], is_over=False)
    answer = garbage.collect(str(tmp_path), 3000, [names[4]])
    assert answer == {"freed_bytes": 2000, "left_bytes": 3000}
    assert blobs.missing(names) == names[:2]
    garbage.collect(str(tmp_path), 0, [names[4]])
    assert blobs.missing(names) == names[:3]
    assert blobs.read(names[3]) == datas[3]


def test_a_large_blob_that_has_just_come_is_not_collected(tmp_path: Path) -> None:
    blobs = Blobs(str(tmp_path))
    data = b"x" * (SMALL + 1)
    put(blobs, data)
    assert garbage.collect(str(tmp_path), 0, [])["freed_bytes"] == 0
    assert blobs.read(name(data)) == data


def test_a_folder_without_the_right_to_write_is_removed(tmp_path: Path) -> None:
    stuck = tmp_path / "stuck/deep"
    stuck.mkdir(parents=True)
    (stuck / "file").write_text("x")
    (stuck / "link").symlink_to("/etc/passwd")
    stuck.chmod(0o500)
    (tmp_path / "stuck").chmod(0o500)
    garbage.remove([str(tmp_path / "stuck"), str(tmp_path / "never")])
    assert not (tmp_path / "stuck").exists()
