from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tqdm import tqdm

from jupyter_compute.runner.progress import Bars


def drawn(done: int, total: int, **how: object) -> str:
    """Draw a bar as tqdm does."""
    out = io.StringIO()
    bar = tqdm(total=total, file=out, mininterval=0, miniters=1, **how)
    bar.update(done)
    bar.close()
    return out.getvalue()


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5000), st.floats(0, 1), st.sampled_from(["", "train", "epoch 1/3", "a: b"]))
def test_what_tqdm_draws_is_read_back(total: int, part: float, label: str) -> None:
    done = int(total * part)
    found = Bars().read(drawn(done, total, desc=label or None))
    assert found is not None
    assert found[0] == pytest.approx(done / total, abs=0.011)
    assert found[1] == label


def test_scaled_units_and_colours_are_read() -> None:
    text = drawn(1_500_000, 3_000_000, unit_scale=True, unit="B", colour="green")
    assert Bars().read(text) == (0.5, "")


def test_the_outer_bar_counts() -> None:
    bars = Bars()
    outer, inner = "epochs:  {}%|#| {}/4 [00:01<00:01]", "\rbatches: {}%|#| {}/9 [00:00<00:00]"
    assert bars.read(outer.format(0, 0)) == (0.0, "epochs")
    assert bars.read(inner.format(44, 4)) == (0.0, "epochs")
    assert bars.read(outer.format(25, 1) + inner.format(100, 9)) == (0.25, "epochs")


def test_after_a_full_bar_the_next_counts() -> None:
    bars = Bars()
    first = "first: 100%|#| 4/4 [00:01<00:00]\n"
    assert bars.read(first) == (1.0, "first")
    assert bars.read(first + "second: 50%|#| 2/4 [00:01<00:00]") == (0.5, "second")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789%|/[:. \r\nab", max_size=200))
def test_other_text_never_breaks_it(text: str) -> None:
    found = Bars().read(text)
    assert found is None or 0 <= found[0] <= 1
