from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.display.terminal import PLAIN, Style, Terminal, plain


def shown(data: bytes, limit: int = 2000) -> list[str]:
    terminal = Terminal(limit)
    terminal.feed(data)
    return [plain(line) for line in terminal.lines()]


def test_lines_are_lines() -> None:
    assert shown(b"one\ntwo\r\n\nfour") == ["one", "two", "", "four"]


def test_a_carriage_return_writes_over_the_line() -> None:
    assert shown(b" 10%|#   |\r 50%|##  |\r100%|####|\ndone\n") == ["100%|####|", "done"]


def test_a_shorter_text_leaves_the_end_of_the_longer_one() -> None:
    assert shown(b"abcdef\rXY") == ["XYcdef"]


def test_erasing_a_line_clears_it() -> None:
    assert shown(b"abcdef\r\x1b[K12") == ["12"]
    assert shown(b"abcdef\x1b[2K\rxy") == ["xy"]
    assert shown(b"abcdef\b\b\b\x1b[1Kz") == ["   zef"]


def test_two_bars_above_each_other_stay_apart() -> None:
    bars = b"a 0\nb 0\x1b[A\ra 1\nb 1\x1b[A\ra 2\nb 2\n"
    assert shown(bars) == ["a 2", "b 2"]


def test_colors_are_kept_and_other_sequences_are_swallowed() -> None:
    terminal = Terminal()
    terminal.feed(
        b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m \x1b[38;5;208mx\x1b[38;2;1;2;3my\x1b[39m\x1b[?25lz"
    )
    styles = [(span.text, span.style) for span in terminal.lines()[0]]
    assert styles == [
        ("red", Style(color=1, bold=True)),
        (" ", PLAIN),
        ("x", Style(color=208)),
        ("y", Style(color="#010203")),
        ("z", PLAIN),
    ]


def test_only_the_last_lines_are_kept_and_the_others_are_counted() -> None:
    terminal = Terminal(limit=10)
    terminal.feed(b"".join(b"%d\n" % number for number in range(1000)))
    lines = [plain(line) for line in terminal.lines()]
    assert lines[-1] == "999"
    assert len(lines) + terminal.dropped == 1000


def test_a_line_without_an_end_is_broken() -> None:
    assert [len(line) for line in shown(b"x" * 10_000)] == [4096, 4096, 1808]


def test_a_sequence_that_never_ends_is_not_waited_for() -> None:
    assert shown(b"\x1b]" + b"a" * 20_000 + b"\nend\n")[-1] == "end"


def test_clearing_the_screen_keeps_what_was_written() -> None:
    assert shown(b"first\x1b[H\x1b[2Jsecond") == ["first", "second"]


PIECES = [
    b"a",
    "é€😀".encode(),
    b"\n",
    b"\r",
    b"\t",
    b"\b",
    b"\xff",
    b"word word",
    b"\x1b",
    b"\x1b[31m",
    b"\x1b[A",
    b"\x1b[K",
    b"\x1b[5G",
    b"\x1b[2;3H",
    b"\x1b[38;5;9m",
    b"\x1b]8;;http://x\x1b\\",
]
pieces = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(data=pieces, cuts=st.lists(st.integers(0, 200), max_size=6))
def test_the_picture_does_not_depend_on_how_the_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    whole, parts = Terminal(), Terminal()
    whole.feed(data + b"\n")
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    for start, end in itertools.pairwise(places):
        parts.feed(data[start:end])
    parts.feed(b"\n")
    assert [plain(line) for line in parts.lines()] == [plain(line) for line in whole.lines()]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown(data: bytes) -> None:
    for line in shown(data):
        assert not any(char < " " or "\x7f" <= char <= "\x9f" for char in line)
