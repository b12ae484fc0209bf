from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from jupyter_compute.errors import ConfigError
from jupyter_compute.options import nearest, read_options, schema_of


class Options(Struct, frozen=True, kw_only=True):
    """A place to try things.

    Attributes:
        host: Where it is, as ssh
            knows it.
        port: Its number.
    """

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 22
    memory_gb: float | None = None
    is_shared: bool = False
    queues: tuple[str, ...] = ()
    labels: dict[str, str] = {}


class Picky(Struct):
    low: int = 0
    high: int = 1

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError(f"Low {self.low} is above high {self.high}")


def test_dashes_alone_make_no_option_near():
    assert nearest("--lr", ["--help", "--env"]) == "one of: --env, --help"
    assert nearest("--taget", ["--target", "--name"]) == "did you mean '--target'?"


def test_the_nearest_name_is_suggested_whatever_its_case():
    assert nearest("Gpu", ["gpu1", "cpu"]) == "did you mean 'gpu1'?"
    assert nearest("LOCAL", ["local"]) == "did you mean 'local'?"


def test_without_a_near_name_all_are_listed():
    assert nearest("zzz", ["b", "a"]) == "one of: a, b"
    assert nearest("zzz", []) == ""
    assert nearest("zzz", [f"n{number:02}" for number in range(40)]).endswith("n11, …")


def test_strings_from_flags_become_what_the_fields_want():
    read = read_options(
        Options,
        {
            "host": "gpu1",
            "port": "2222",
            "memory-gb": "1.5",
            "is-shared": "yes",
            "queues": "a, b,",
            "labels": "x=1,y=a=b",
        },
    )
    assert read == Options(
        host="gpu1",
        port=2222,
        memory_gb=1.5,
        is_shared=True,
        queues=("a", "b"),
        labels={"x": "1", "y": "a=b"},
    )


def test_values_from_a_file_are_taken_as_they_are():
    read = read_options(Options, {"host": "007", "port": 1, "memory_gb": 2, "queues": ["a,b"]})
    assert (read.host, read.memory_gb, read.queues) == ("007", 2.0, ("a,b",))


def test_everything_wrong_is_said_at_once_with_hints():
    with pytest.raises(ConfigError) as caught:
        read_options(Options, {"hots": "x", "port": "many", "is_shared": "perhaps"})
    message = caught.value.message
    for part in ("'hots'", "'port'", "'many'", "'is_shared'", "'perhaps'", "'host' is missing"):
        assert part in message
    assert "did you mean 'host'?" in caught.value.hint
    assert "--host" in caught.value.hint


@pytest.mark.parametrize("port", [0, 65536, -1, "0", 1.5, None, [], "1e3"])
def test_a_value_out_of_bounds_is_refused(port):
    with pytest.raises(ConfigError, match="'port'"):
        read_options(Options, {"host": "a", "port": port})


def test_what_a_definition_checks_itself_is_a_config_error():
    with pytest.raises(ConfigError, match="low 3 is above high 2"):
        read_options(Picky, {"low": "3", "high": "2"})


def test_a_schema_is_plain_json_with_titles_and_descriptions():
    schema = schema_of(Options)
    assert msgspec.json.decode(msgspec.json.encode(schema)) == schema
    assert schema["type"] == "object"
    assert schema["description"] == "A place to try things."
    assert schema["required"] == ["host"]
    assert schema["properties"]["host"] == {
        "title": "Host",
        "description": "Where it is, as ssh knows it.",
        "type": "string",
    }
    assert schema["properties"]["port"]["maximum"] == 65535
    assert schema["properties"]["memory_gb"]["title"] == "Memory gb"


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*Options.__struct_fields__, "x", ""]) | st.text(max_size=5),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=8)
        | st.lists(st.text(max_size=3), max_size=2),
        max_size=5,
    )
)
def test_any_values_give_options_or_a_config_error(values):
    try:
        assert isinstance(read_options(Options, values), Options)
    except ConfigError as exc:
        assert exc.message
