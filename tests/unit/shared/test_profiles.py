"""Profiles: names, what a person types, as they are read."""

from __future__ import annotations

import pytest

from shared.analyst.following import about_former_names, follow_of
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
        ("event:price fall", Follow("main", "event", "price_down")),
        ("event:deals", Follow("main", "event", "deals")),
        ("event:a|b", None),
        ("event:foo", None),
        ("sector:x", None),
        ("", None),
    ],
)
def test_what_somebody_types(typed: str, follow: Follow | None) -> None:
    if follow is None:
        with pytest.raises(ProfileError, match=r"give|known|unknown event"):
            follow_of(typed)
    else:
        assert follow_of(typed) == follow
        assert Follow.parse(follow.field) == follow


def test_a_field_of_another_version_is_passed_over() -> None:
    assert Follow.parse("main|person|X") is None
    assert Follow.parse("nonsense") is None


def test_interests_over_lists_and_of_one() -> None:
    follows = [Follow("a", "company", "AAPL"), Follow("b", "sector", "Energy"), Follow("b", "event", "earnings")]
    every = ["AAPL", "sector Energy", "event earnings beat"]
    assert Interests.of(follows).reasons("AAPL", "Energy", ["earnings_beat"]) == every
    assert Interests.of(follows, "b").reasons("AAPL", "Energy", []) == ["sector Energy"]
    assert not Interests.of([])


def test_groups_and_former_names_are_followed_by_their_classes() -> None:
    follows = [Follow("a", "event", "deals"), Follow("a", "event", "stock_movement"), Follow("a", "event", "own class")]
    interests = Interests.of(follows)
    assert interests.reasons("AAPL", "", ["acquisition", "price_up", "debt"]) == [
        "event takeover or merger", "event price rise",
    ]  # fmt: skip
    assert interests.reasons("AAPL", "", ["mergers_investments"]) == ["event takeover or merger"]
    assert interests.reasons("AAPL", "", ["own class"]) == ["event own class"]
    [told] = about_former_names(follows[:2])
    assert "price_up, price_down, trading_activity" in told
