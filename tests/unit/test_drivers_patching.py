from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_compute.drivers._patching import files_of, is_manifest, patch
from jupyter_compute.runner.blobs import Blobs
from jupyter_compute.runner.failures import Failure
from jupyter_compute.testing import MemoryBlobs
from jupyter_compute.testing.jobs import add_manifest

PATHS = st.text(st.sampled_from('ab[],"\\é'), min_size=1, max_size=4)
FOLDERS = st.dictionaries(PATHS, st.binary(max_size=1), max_size=12)


def made(pieces: list[object], base: bytes) -> bytes:
    return b"".join(
        piece.encode() if isinstance(piece, str) else base[piece[0] : sum(piece)]
        for piece in pieces
    )


@given(FOLDERS, FOLDERS)
def test_a_patch_makes_one_manifest_of_another(
    before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    blobs = MemoryBlobs()
    # The many that stay are what makes it worth its while.
    same = {f"same/{number}": b"x" for number in range(300)}
    base, _ = add_manifest(blobs, {**same, **before})
    wanted, _ = add_manifest(blobs, {**same, **after})
    head = patch(base, wanted, blobs)
    assert head is not None
    assert made(head["pieces"], blobs.open(base).read()) == blobs.open(wanted).read()


def test_one_changed_file_of_many_costs_one_row() -> None:
    blobs = MemoryBlobs()
    files = {f"{number:04d}": b"x" for number in range(2000)}
    base, _ = add_manifest(blobs, files)
    for change in ("0000", "0777", "1999"):
        wanted, digests = add_manifest(blobs, {**files, change: b"new"})
        head = patch(base, wanted, blobs)
        assert len(json.dumps(head)) < 500
        assert files_of(wanted, blobs) == set(digests)


def test_a_manifest_that_has_little_in_common_is_not_worth_a_patch() -> None:
    blobs = MemoryBlobs()
    base, _ = add_manifest(blobs, {"a": b"1"})
    wanted, _ = add_manifest(blobs, {f"{number}": b"" for number in range(9)})
    assert patch(base, wanted, blobs) is None
    assert is_manifest(base, blobs)
    assert not is_manifest(blobs.add(b"print()"), blobs)


def test_a_target_refuses_pieces_that_do_not_make_what_they_say(tmp_path: Path) -> None:
    blobs, sent = Blobs(str(tmp_path)), MemoryBlobs()
    base, name = sent.add(b"one two"), sent.add(b"one three")
    with pytest.raises(Failure, match="not on the target"):
        blobs.patch(name, base, [[0, 4], "three"])
    blobs.packs.add([(bytes.fromhex(base), b"one two")])
    with pytest.raises(Failure, match="not what that name says"):
        blobs.patch(name, base, [[0, 4], "four"])
    blobs.patch(name, base, [[0, 4], "three"])
    assert blobs.read(name) == b"one three"
