"""Variables that travel, and what is said about those that cannot."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute_run import variables


def there_and_back(folder, value, **options):
    facts = variables.encode("x", value, folder, **options)
    assert (folder / facts["path"]).stat().st_size == facts["size"]
    return variables.decode(folder / facts["path"], facts["codec"], **options)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=20)
    | st.complex_numbers(allow_nan=False)
)
HASHABLE = st.recursive(
    st.integers() | st.text() | st.booleans(), lambda inner: st.tuples(inner, inner), max_leaves=3
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.dictionaries(st.text() | HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=3)
        | st.frozensets(HASHABLE, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(VALUES)
def test_plain_values_come_back_as_they_went(tmp_path_factory, value):
    back = there_and_back(tmp_path_factory.getbasetemp(), value)
    assert back == value
    assert type(back) is type(value)


def test_what_json_cannot_write_comes_back_too(tmp_path):
    back = there_and_back(tmp_path, [math.inf, -math.inf, math.nan, {"__jupyter_compute__": 1}])
    assert back[:2] == [math.inf, -math.inf]
    assert math.isnan(back[2])
    assert back[3] == {"__jupyter_compute__": 1}


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12).reshape(3, 4),
        np.zeros((0, 3), dtype="float32"),
        np.array(["a", "bc"]),
        np.array([1 + 2j]),
        np.array([("a", 1)], dtype=[("name", "U3"), ("n", "i4")]),
        np.array(["2024-01-01"], dtype="datetime64[D]"),
        np.asfortranarray(np.ones((2, 3))),
    ],
)
def test_arrays_come_back_as_they_went(tmp_path, array):
    back = there_and_back(tmp_path, array)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_a_numpy_number_stays_a_numpy_number(tmp_path):
    back = there_and_back(tmp_path, np.float32(1.5))
    assert type(back) is np.float32
    assert there_and_back(tmp_path, {"loss": np.float64(0.5)}) == {"loss": 0.5}


def test_tables_come_back_as_they_went(tmp_path):
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2024", "2025"])})
    frame.index = pd.Index([7, 8], name="key")
    pd.testing.assert_frame_equal(there_and_back(tmp_path, frame), frame)
    for name in ("a", None):
        series = pd.Series([1.5, 2.5], name=name)
        pd.testing.assert_series_equal(there_and_back(tmp_path, series), series)
    table = pa.table({"a": [1, 2]})
    assert there_and_back(tmp_path, table).equals(table)


class Mine:
    """A class of the user's."""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Mine(), ["x (", "Mine", "cannot travel", "--pickle"]),
        (open, ["x (", "function", "cannot travel"]),
        ([1, {"a": Mine()}], ["x (list)", "contains", "Mine"]),
        (np.array([Mine()]), ["x (numpy.ndarray)", "an array of objects"]),
    ],
)
def test_what_cannot_travel_is_named_with_its_type(tmp_path, value, words):
    with pytest.raises(TypeError) as caught:
        variables.encode("x", value, tmp_path)
    assert all(word in str(caught.value) for word in words), caught.value
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_contains_itself_is_refused(tmp_path):
    loop: list = []
    loop.append(loop)
    with pytest.raises(TypeError, match="contains itself"):
        variables.encode("x", loop, tmp_path)


def test_a_table_that_parquet_cannot_hold_is_refused_without_a_trace(tmp_path):
    for frame in (pd.DataFrame({"a": [1, "x", Mine()]}), pd.DataFrame({1: [1]})):
        with pytest.raises(ValueError, match=r"x \(pandas.DataFrame\) cannot travel"):
            variables.encode("x", frame, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_travels_only_if_both_sides_say_so(tmp_path):
    facts = variables.encode("x", {1, Mine}, tmp_path, allow_pickle=True)
    assert facts["codec"] == "pickle"
    with pytest.raises(ValueError, match="--pickle"):
        variables.decode(tmp_path / facts["path"], "pickle")
    assert variables.decode(tmp_path / facts["path"], "pickle", allow_pickle=True) == {1, Mine}


def test_what_needs_no_pickle_gets_none(tmp_path):
    assert variables.encode("x", [1], tmp_path, allow_pickle=True)["codec"] == "json"


def test_what_cannot_even_be_pickled_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"x \(generator\) cannot travel"):
        variables.encode("x", (n for n in ()), tmp_path, allow_pickle=True)


def test_a_pickle_that_is_damaged_is_an_error_and_no_traceback_of_its_own(tmp_path):
    (tmp_path / "p").write_bytes(b"\x80\x04junk")
    with pytest.raises(ValueError, match="cannot be read"):
        variables.decode(tmp_path / "p", "pickle", allow_pickle=True)


def test_an_array_file_that_holds_a_pickle_is_not_loaded(tmp_path):
    np.save(tmp_path / "p.npy", np.array([Mine()]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        variables.decode(tmp_path / "p.npy", "npy", allow_pickle=True)


def test_a_codec_of_a_later_version_is_named(tmp_path):
    (tmp_path / "p").write_bytes(b"")
    with pytest.raises(ValueError, match="'zarr'"):
        variables.decode(tmp_path / "p", "zarr")


@pytest.mark.parametrize("name", ["x", "cell", "params", "straße", "ℌ" * 90])
def test_no_variable_s_file_hits_another_s(tmp_path, name):
    path = variables.encode(name, 1, tmp_path)["path"]
    assert path not in ("cell.py", "params.json", "cell.json")
    assert path.isascii()


@pytest.mark.parametrize(
    ("value", "name"),
    [(1, "int"), (np.ones(1), "numpy.ndarray"), (pd.DataFrame(), "pandas.DataFrame")],
)
def test_types_are_called_as_their_users_call_them(value, name):
    assert variables.type_name(value) == name
