from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.unreadable import why_unreadable
from shared.yaml_text import parse_yaml


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 3000, "deeper than 50"),
        ("a: &a [*a]", "deeper than 50"),
        ("1: 2", "a key is no text"),
        ("a: {2026-01-01: x}", "a key is no text"),
        ("a: 2026-13-45", "not what it claims to be"),
        ("!!bool x", "not what it claims to be"),
        ("!!timestamp x", "not what it claims to be"),
        ("!!int ''", "not what it claims to be"),
        ("a: " + "1" * 5000, "not what it claims to be"),
        ("a: [", "line 1, column 5"),
        ("!!python/object:os.system {}", "line 1, column 1"),
    ],
)
def test_what_is_no_plain_data_is_one_kind_of_error(text: str, why: str) -> None:
    with pytest.raises(yaml.YAMLError) as failed:
        parse_yaml(text)
    assert why in why_unreadable(failed.value)


@given(st.text(st.sampled_from("ab1:-[]{},&*!? \n'\"|>#%@`.~"), max_size=60))
def test_any_text_is_plain_data_or_that_error(text: str) -> None:
    try:
        parse_yaml(text)
    except yaml.YAMLError as error:
        assert why_unreadable(error)


def test_plain_values_stay_as_they_are() -> None:
    assert parse_yaml("a: {b: [1, 2.5, x, true, null]}") == {"a": {"b": [1, 2.5, "x", True, None]}}
    assert parse_yaml("a: 01", yaml.BaseLoader) == {"a": "01"}
