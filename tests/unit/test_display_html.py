from __future__ import annotations

import math
import re
from html.parser import HTMLParser

from display_fakes import ScriptedRun, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.display import html, text
from jupyter_compute.display.failure import run_failed, short
from jupyter_compute.display.plots import plot, points_of, thinned
from jupyter_compute.display.view import Follower, RunPicture
from jupyter_compute.errors import NotFoundError
from jupyter_compute.model import (
    ErrorEvent,
    ImageEvent,
    ListEvent,
    MetricEvent,
    OutputFile,
    ProgressEvent,
    RowEvent,
    RunState,
    VariableEvent,
)

_ALLOWED = {"style", "div", "span", "b", "code", "p", "pre", "small", "progress", "details"}
_ALLOWED |= {"summary", "ul", "li", "figure", "figcaption", "svg", "title", "polyline"}
_ALLOWED |= {"table", "thead", "tbody", "tr", "th", "td", "img"}


class Reader(HTMLParser):
    """Checks that the tags are balanced and that none but a few are used."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ALLOWED, tag
        assert not any(name.startswith("on") or name == "href" for name, _ in attrs)
        assert all(
            (value or "").startswith("data:image/") for name, value in attrs if name == "src"
        )
        if tag not in ("polyline", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ALLOWED, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def picture_of(source: ScriptedRun, **facts: object) -> RunPicture:
    follower = Follower(source)
    follower.read()
    return follower.picture(now=120.0, **facts)  # type: ignore[arg-type]


def evil_run(bad: str) -> ScriptedRun:
    source = ScriptedRun(
        name=bad, target=bad, reason=bad, error=bad, state=RunState.FAILED, exit_code=1
    )
    source.text = bad.encode("utf-8", "surrogatepass")
    source.said = [
        MetricEvent(t=0.0, name=bad, value=1.0),
        MetricEvent(t=0.0, name=bad, value=2.0),
        MetricEvent(t=0.0, name="word", value=bad),
        ProgressEvent(t=0.0, fraction=0.5, label=bad),
        RowEvent(t=0.0, name=bad, row={bad: bad}),
        ListEvent(t=0.0, name=bad + "list", values=[1.0, 2.0]),
        ImageEvent(t=0.0, name=bad, path="results/i.png"),
        ImageEvent(t=0.0, name="odd", path="results/i.png", mime=bad),
        ErrorEvent(t=0.0, ename=bad, evalue=bad, line=1, source=bad),
        VariableEvent(t=0.0, name=bad, error=bad),
    ]
    source.files["results/i.png"] = b"\x89PNG"
    source.left = [OutputFile(path=bad, size=1)]
    return source


def test_nothing_that_a_run_says_becomes_markup() -> None:
    bad = "\"><script>alert(1)</script><img src=x onerror=y>'&<b>"
    assert "<script>" in read(html.render(picture_of(evil_run(bad)))).text


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>&\"'\\ab\x1b[]31m;\n\r\x00é", max_size=40))
def test_any_text_leaves_the_page_whole(bad: str) -> None:
    read(html.render(picture_of(evil_run(bad))))
    shown = text.render(picture_of(evil_run(bad)))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown.replace("\n", ""))


def test_a_picture_needs_nothing_from_elsewhere() -> None:
    page = html.render(picture_of(evil_run("x")))
    assert "http" not in page and "url(" not in page and "@import" not in page
    assert all("," in use for use in re.findall(r"var\([^()]*(?:\([^()]*\))?[^()]*\)", page))


def test_colors_of_the_log_are_shown() -> None:
    source = ScriptedRun()
    source.text = b"\x1b[1;31mred\x1b[0m \x1b[48;5;208mon orange\x1b[0m \x1b[7mturned\x1b[0m"
    page = html.render(picture_of(source))
    assert '<span class="jpc-b jpc-f1">red</span>' in page
    assert 'style="background:#ff8700"' in page
    assert '<span class="jpc-f7 jpc-g0">turned</span>' in page


def test_what_is_not_in_the_picture_is_said() -> None:
    source = ScriptedRun()
    source.text = b"".join(b"%d\n" % number for number in range(100))
    shown = picture_of(source, lines=10)
    assert "90 earlier lines" in html.render(shown)
    assert "99" in read(html.render(shown)).text


def test_a_huge_log_makes_no_huge_picture() -> None:
    source = ScriptedRun()
    source.text = b"x" * 3000 + b"\n"
    source.text *= 4000
    page = html.render(picture_of(source))
    assert len(page) < 300_000
    assert "more of the log" in page


def test_metrics_are_plotted_with_words_for_those_who_do_not_see_them() -> None:
    series = [MetricEvent(t=0.0, name="loss", value=1 / (step + 1), step=step) for step in range(9)]
    page = plot("loss", series)
    assert 'role="img"' in page and "9 values from 0.1111 to 1" in page


def test_values_that_are_no_numbers_are_left_out_of_a_plot() -> None:
    series = [
        MetricEvent(t=0.0, name="x", value=value) for value in (1.0, math.nan, math.inf, "a", 2)
    ]
    assert points_of(series) == [(0.0, 1.0), (4.0, 2.0)]
    assert "nan" not in plot("x", series)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=500),
    st.booleans(),
)
def test_any_series_can_be_plotted(values: list[float], stepped: bool) -> None:
    series = [
        MetricEvent(t=0.0, name="x", value=value, step=index * 10**15 if stepped else None)
        for index, value in enumerate(values)
    ]
    page = plot("x", series)
    for place in re.findall(r'points="([^"]*)"', page):
        for x, y in (pair.split(",") for pair in place.split()):
            assert 0 <= float(x) <= 220 and 0 <= float(y) <= 64
    points = thinned(points_of(series))
    assert len(points) <= 210
    if points:
        assert max(points_of(series), key=lambda p: p[1])[1] == max(points, key=lambda p: p[1])[1]


def test_an_error_ends_in_the_users_own_line() -> None:
    source = ScriptedRun(state=RunState.FAILED, exit_code=1, error="exit code 1: KeyError: 'a'")
    frames = ["Traceback (most recent call last)", "Cell line 3", "----> 3 m['a']", "KeyError: 'a'"]
    source.said.append(
        ErrorEvent(t=0.0, ename="KeyError", evalue="'a'", traceback=frames, line=3, source="m['a']")
    )
    source.text = b"before\n"
    error = run_failed(picture_of(source))
    shown = error._render_traceback_()  # type: ignore[attr-defined]
    assert shown[-2:] == ["----> 3 m['a']", "KeyError: 'a'"]
    assert len(shown) < 10
    assert error.exit_code == 1 and error.log_tail == "before" and "KeyError" in str(error)


def test_an_error_of_ours_is_its_message_and_its_hint() -> None:
    error = short(NotFoundError("no target 'hpd'", hint="did you mean 'hpc'?"))
    assert error._render_traceback_() == [  # type: ignore[attr-defined]
        "NotFoundError: no target 'hpd'",
        "→ did you mean 'hpc'?",
    ]


def test_one_line_says_how_a_run_stands() -> None:
    source = ScriptedRun()
    source.now = make_run(cancel_requested=1.0, reason="waiting")
    source.said = [MetricEvent(t=0.0, name=f"m{n}", value=float(n)) for n in range(6)]
    source.said.append(ProgressEvent(t=0.0, fraction=0.37, label="epoch 3"))
    line = text.status_line(picture_of(source))
    assert line == (
        "▶ running · train (r000000001) on local · 19.0 s · cancel requested · waiting"
        " · 37% epoch 3 · m0 0, m1 1, m2 2, m3 3 and 2 more"
    )
    assert len(text.status_line(picture_of(source), 30)) == 30


def test_tables_lists_and_images_are_shown() -> None:
    source = ScriptedRun(state=RunState.COMPLETED)
    source.said = [
        RowEvent(t=0.0, name="folds", row={"fold": n, "score": n / 7}) for n in range(30)
    ]
    source.said.append(ListEvent(t=0.0, name="curve", values=[1.0, 2.0, 4.0]))
    source.said.append(ImageEvent(t=0.0, name="digits", path="results/d.png"))
    source.files["results/d.png"] = b"\x89PNG"
    page = html.render(picture_of(source))
    assert "folds: 30 rows, the last 20 of them" in page and "<td>4.143</td>" in page
    assert "3 values from 1 to 4" in page
    assert 'alt="digits" src="data:image/png;base64,iVBORw=="' in page
