"""The story key: what is one story and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.story import signature, story_key

HEADLINE = "Boeing wins $10 bln order from Emirates"


@pytest.mark.parametrize(
    "copy",
    [
        "UPDATE 2-Boeing wins $10 bln order from Emirates",
        "RPT-UPDATE 1-Boeing wins $10 bln order from Emirates",
        "BRIEF-Boeing wins $10 bln order from Emirates",
        "WRAPUP 3-Boeing wins $10 bln order from Emirates",
        "CORRECTED (OFFICIAL)-Boeing wins $10 bln order from Emirates",
        "Exclusive: Boeing wins $10 bln order from Emirates",
        "BREAKING: Boeing wins $10 bln order from Emirates",
        "Boeing wins $10 bln order from Emirates - Reuters",
        "Boeing wins $10 bln order from Emirates | Bloomberg",
        "Boeing wins $10 bln order from Emirates \u2014 WSJ",
        "Boeing wins $10 bln order from Emirates - source - Reuters",
        "BOEING WINS $10 BLN ORDER FROM EMIRATES!!!",
        "RT @USER: Boeing wins $10 bln order from Emirates http://t.co/abc",
        "RT @a: RT @b: Boeing wins $10 bln order from Emirates",
        "Boeing wins $10 bln order from Emirates https://example.com/x?y=1",
        "  Boeing   wins $10 bln order, from Emirates. ",
        "\uff22oeing wins $10 bln order from Emirates",
        "Boeing wins $10 bln order from Emirates @USER",
    ],
)
def test_a_copy_has_the_storys_key(copy: str) -> None:
    assert story_key(copy, "") == story_key(HEADLINE, "")
    assert story_key("", copy) == story_key("", HEADLINE)


@pytest.mark.parametrize(
    "other",
    [
        "Boeing wins $11 bln order from Emirates",
        "Boeing loses $10 bln order from Emirates",
        "Airbus wins $10 bln order from Emirates",
        "Update on Boeing order from Emirates",
        "Boeing wins order",
        "",
    ],
)
def test_another_story_has_another_key(other: str) -> None:
    assert story_key(other, "") != story_key(HEADLINE, "")


def test_a_title_decides_and_the_body_only_without_one() -> None:
    assert story_key(HEADLINE, "one body") == story_key(HEADLINE, "another body")
    assert story_key("", "one body") != story_key("", "another body")


def test_a_long_text_is_known_by_its_opening() -> None:
    opening = " ".join(f"word{n}" for n in range(14))
    assert story_key("", opening + " and one ending") == story_key("", opening + " another")


def test_what_is_nothing_but_links_is_still_told_apart() -> None:
    assert story_key("", "http://a.example/1") != story_key("", "http://a.example/2")
    assert story_key("", "\U0001f680\U0001f680") != story_key("", "\U0001f4c9")


@given(st.text(), st.text())
def test_any_text_has_a_key_of_16_hex_digits(title: str, text: str) -> None:
    key = story_key(title, text)
    assert len(key) == 16
    assert set(key) <= set("0123456789abcdef")
    assert key == story_key(title, text)


@given(st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=4, max_size=12))
def test_case_and_punctuation_do_not_count(words: list[str]) -> None:
    plain = "word " + " ".join(words) + " end"
    assert signature(plain.upper() + "!") == signature(", ".join(plain.title().split())) == signature(plain)
