"""Profiles: names, what a person types, as they are read."""

from __future__ import annotations

import pytest

from shared.analyst.following import follow_of
from shared.reading.readers.profiles import Follow, Interests, ProfileError


@pytest.mark.parametrize(
    ("typed", "follow"),
    [
        ("AAPL", Follow("main", "company", "AAPL")),
        ("$fb", None),
        ("meta", Follow("main", "company", "META")),
        ("Apple Inc", Follow("main", "company", "AAPL")),
        ("sector: health  care", Follow("main", "sector", "Health Care")),
        ("event:Legal Regulation", Follow("main", "event", "legal_regulation")),
        ("event:a|b", None),
        ("sector:x", None),
        ("", None),
    ],
)
def test_what_somebody_types(typed: str, follow: Follow | None) -> None:
    if follow is None:
        with pytest.raises(ProfileError, match=r"give|known"):
            follow_of(typed)
    else:
        assert follow_of(typed) == follow
        assert Follow.parse(follow.field) == follow


def test_a_field_of_another_version_is_passed_over() -> None:
    assert Follow.parse("main|person|X") is None
    assert Follow.parse("nonsense") is None


def test_interests_over_lists_and_of_one() -> None:
    follows = [Follow("a", "company", "AAPL"), Follow("b", "sector", "Energy"), Follow("b", "event", "earnings")]
    assert Interests.of(follows).reasons("AAPL", "Energy", ["earnings"]) == ["AAPL", "sector Energy", "event earnings"]
    assert Interests.of(follows, "b").reasons("AAPL", "Energy", []) == ["sector Energy"]
    assert not Interests.of([])
