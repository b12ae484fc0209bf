from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_compute.patterns import RuleList, as_bytes_text, escape, from_bytes_text, translate

NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))


@settings(deadline=None, max_examples=200)
@given(st.lists(NAMES, min_size=1, max_size=3), st.booleans())
def test_an_escaped_path_matches_itself_and_not_what_begins_like_it(
    parts: list[str], is_folder: bool
) -> None:
    path = "/".join(parts)
    line = escape(path + "/" * is_folder)
    rules = RuleList.parse(line.encode(), ".amlignore")
    name, text = as_bytes_text(parts[-1]), as_bytes_text(path)
    assert rules.match(name, text, is_folder) is not None
    assert rules.match(name + "x", text + "x", is_folder) is None
    assert rules.match(name, "elsewhere/" + text, is_folder) is None


@given(st.binary(max_size=40))
def test_any_bytes_are_rules_and_every_rule_can_be_asked(text: bytes) -> None:
    rules = RuleList.parse(text, "x")
    assert rules.match("name", "folder/name", False) in (None, *rules.rules)


def test_names_that_are_no_text_come_back_as_they_were() -> None:
    for name in ("plain", "é", "\udcff\udc80"):
        assert from_bytes_text(as_bytes_text(name)) == name


def test_a_pattern_full_of_stars_cannot_make_the_search_explode() -> None:
    shape = translate("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b")
    assert shape is not None
    assert shape.fullmatch("a" * 5000) is None


@pytest.mark.parametrize("pattern", ["[a", "[", "a\\", "[[:nope:]]", "[a-"])
def test_a_malformed_pattern_matches_nothing(pattern: str) -> None:
    assert translate(pattern) is None


def test_the_last_rule_that_matches_decides() -> None:
    rules = RuleList.parse(b"*.txt\n!keep.txt\nkeep.txt\n!k*\n", "x")
    found = rules.match("keep.txt", "keep.txt", False)
    assert found is not None and found.line == 4 and found.is_negative
    found = rules.match("other.txt", "other.txt", False)
    assert found is not None and found.line == 1
