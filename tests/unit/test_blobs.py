from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.blobs import Blobs
from jupyter_compute.errors import NotFoundError, SnapshotError

LARGE = b"0123456789" * 300_000


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def test_what_was_added_is_read_back_by_any_other(blobs: Blobs, tmp_path: Path) -> None:
    contents = [b"", b"a", bytes(range(256)) * 10, LARGE]
    digests = [blobs.add_bytes(content) for content in contents]
    assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
    for reader in (blobs, Blobs(tmp_path / "blobs")):
        for digest, content in zip(digests, contents, strict=True):
            assert reader.has(digest)
            assert reader.size(digest) == len(content)
            assert reader.read(digest) == content
            with reader.open(digest) as file:
                assert file.read(3) + file.read() == content


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.binary(max_size=50), st.booleans()), max_size=20))
def test_any_order_of_adding_by_two_gives_the_same_blobs(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bytes, bool]]
) -> None:
    root = tmp_path_factory.mktemp("blobs")
    pair = (Blobs(root), Blobs(root))
    for content, which in steps:
        assert pair[which].read(pair[not which].add_bytes(content)) == content


def test_adding_twice_is_adding_once(blobs: Blobs, tmp_path: Path) -> None:
    def occupied() -> int:
        return sum(file.stat().st_size for file in blobs.root.rglob("*") if file.is_file())

    for content in (b"small", LARGE):
        blobs.add_bytes(content)
        before = occupied()
        path = tmp_path / "file"
        path.write_bytes(content)
        assert blobs.add_file(path) == blobs.add_bytes(content)
        assert occupied() == before


def test_many_short_lived_writers_share_a_pack(blobs: Blobs, tmp_path: Path) -> None:
    for number in range(20):
        Blobs(tmp_path / "blobs").add_bytes(b"%d" % number)
    assert len(list((tmp_path / "blobs/packs").glob("*.pack"))) == 1


def test_what_is_not_there_is_named_as_missing(blobs: Blobs) -> None:
    there = blobs.add_bytes(b"x")
    absent = "0" * 64
    assert blobs.missing([there, absent]) == {absent}
    for act in (blobs.open, blobs.read, blobs.size):
        with pytest.raises(NotFoundError, match="there is no blob 000000000000"):
            act(absent)


def test_a_file_that_cannot_be_read_is_an_error(blobs: Blobs, tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(SnapshotError, match="cannot be read"):
            blobs.add_file(path)


def test_a_damaged_blob_is_never_handed_out_and_can_be_added_again(blobs: Blobs) -> None:
    small, large = blobs.add_bytes(b"right" * 100), blobs.add_bytes(LARGE)
    [pack] = (blobs.root / "packs").glob("*.pack")
    for path in (pack, blobs.root / "large" / large):
        data = bytearray(path.read_bytes())
        data[7] ^= 1
        path.write_bytes(data)
    other = Blobs(blobs.root)
    assert other.has(small)
    for digest in (small, large):
        with pytest.raises(SnapshotError, match="damaged"):
            blobs.read(digest)
        assert not blobs.has(digest)
        assert not other.has(digest)
    assert blobs.read(blobs.add_bytes(b"right" * 100)) == b"right" * 100
    assert blobs.read(blobs.add_bytes(LARGE)) == LARGE


def test_a_truncated_large_blob_raises_before_it_ends(blobs: Blobs) -> None:
    digest = blobs.add_bytes(LARGE)
    with blobs.open(digest) as file:
        os.truncate(blobs.root / "large" / digest, len(LARGE) - 1)
        with pytest.raises(SnapshotError, match="damaged"):
            while file.read(1000):
                pass


def test_bytes_without_a_record_and_records_without_bytes_do_no_harm(blobs: Blobs) -> None:
    digest = blobs.add_bytes(b"whole")
    [pack] = (blobs.root / "packs").glob("*.pack")
    with pack.open("ab") as file:
        file.write(b"half of a blob whose writer was killed")
    with pack.with_suffix(".index").open("ab") as file:
        file.write(b"half a record")
    again = Blobs(blobs.root)
    added = again.add_bytes(b"next")
    assert (again.read(digest), again.read(added)) == (b"whole", b"next")
    with pack.with_suffix(".index").open("ab") as file:
        file.write(bytes.fromhex("11" * 32) + (10**6).to_bytes(8, "little") * 2)
    lost = Blobs(blobs.root)
    assert not lost.has("11" * 32)
    assert lost.read(lost.add_bytes(b"after")) == b"after"
    assert lost.read(digest) == b"whole"


def test_gc_keeps_what_is_needed_and_frees_the_rest(blobs: Blobs) -> None:
    kept = [blobs.add_bytes(b"keep %d" % number) for number in range(50)]
    kept.append(blobs.add_bytes(LARGE))
    gone = [blobs.add_bytes(b"drop %d" % number) for number in range(50)]
    gone.append(blobs.add_bytes(LARGE + b"!"))
    reader = Blobs(blobs.root)
    assert not reader.missing(gone)
    assert blobs.gc(kept) == 0  # all of it has just been added
    freed = blobs.gc(kept, grace_s=0)
    assert freed > len(LARGE)
    for each in (blobs, reader, Blobs(blobs.root)):
        assert each.missing([*kept, *gone]) == set(gone)
        assert [each.read(digest) for digest in kept][-1] == LARGE
    assert blobs.gc(kept, grace_s=0) == 0
    assert blobs.read(blobs.add_bytes(b"drop 3")) == b"drop 3"
    assert blobs.gc((), grace_s=0) > 0


def test_gc_asks_what_is_needed_only_when_nobody_adds(blobs: Blobs) -> None:
    needed: list[str] = []
    with blobs.hold():
        needed.append(blobs.add_bytes(b"x"))
    blobs.gc(lambda: needed, grace_s=0)
    assert blobs.has(needed[0])
