from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jupyter_compute
from jupyter_compute.runner import protocol
from jupyter_compute.runner.protocol import Decoder, Frame, ProtocolError, encode

heads = st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=3)
frames = st.builds(
    Frame, st.integers(0, 2**32 - 1), st.integers(0, 255), heads, st.binary(max_size=300)
)


@given(sent=st.lists(frames, max_size=5), cuts=st.lists(st.integers(1, 50), max_size=200))
@settings(deadline=None)
def test_frames_come_out_as_they_went_in(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(encode(*frame) for frame in sent)
    decoder, received = Decoder(), []
    for cut in [*cuts, len(stream)]:
        received += decoder.feed(stream[:cut])
        stream = stream[cut:]
    assert received == sent


@given(data=st.binary(min_size=13, max_size=200))
@settings(deadline=None)
def test_what_is_no_frame_is_said_to_be_none(data: bytes) -> None:
    try:
        for frame in Decoder().feed(data):
            assert isinstance(frame.head, dict)
    except ProtocolError:
        pass


def test_a_body_that_is_too_long_is_not_sent() -> None:
    with pytest.raises(ProtocolError):
        encode(1, protocol.DATA, None, b"x" * (protocol.BODY_LIMIT + 1))


def test_what_travels_is_python_3_8_and_imports_only_what_every_python_has() -> None:
    package = Path(jupyter_compute.__file__).parent
    names = [*package.glob("runner/**/*.py"), *package.parent.glob("jupyter_compute_run/**/*.py")]
    assert len(names) > 10
    for name in names:
        ast.parse(name.read_text(), str(name), feature_version=(3, 8))


def test_the_description_names_every_operation() -> None:
    package = Path(jupyter_compute.__file__).parent
    text = (package.parent / "docs/protocol.md").read_text()
    source = (package / "runner/operations.py").read_text()
    names = [
        line.split("_op_")[1].split("(")[0] for line in source.splitlines() if "def _op_" in line
    ]
    assert len(names) > 10
    for name in [*names, "hello", "ping"]:
        assert f"| `{name}` |" in text
