"""Personal ranking: what thumbs and follows may do, as properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.analyst.ranking import Item, Ranked, article, rank, recommendation
from shared.clock import HOUR
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.reading.readers.profiles import Interests, Rating
from tests.unit.alerts.samples import T, document, signal

FEATURES = ("company:AAPL", "company:XOM", "sector:Energy", "event:layoffs", "event:debt", "source:wire", "source:x")
features = st.lists(st.sampled_from(FEATURES), min_size=1, max_size=5, unique=True).map(tuple)
items = st.lists(st.tuples(st.floats(1e-6, 1.0), features), min_size=2, max_size=12).map(
    lambda some: [Item(f"i{n}", f"g{n}", "AAPL", strength, own, "") for n, (strength, own) in enumerate(some)]
)
interests = st.builds(
    Interests,
    st.frozensets(st.sampled_from(["AAPL", "XOM"])),
    st.frozensets(st.just("Energy")),
    st.frozensets(st.sampled_from(["earnings", "macro"])),
)
ratings = st.dictionaries(
    st.integers(0, 30).map(lambda n: f"old{n}"),
    st.builds(lambda v, f: Rating(value=v, at=0, features=f), st.sampled_from([-1, 1]), features),
    max_size=15,
)


def scores(ranked: list[Ranked]) -> dict[str, float]:
    return {each.item.key: each.score for each in ranked}


def places(ranked: list[Ranked]) -> list[str]:
    return [each.item.key for each in ranked]


@settings(deadline=None, max_examples=60)
@given(items, interests, ratings, st.integers(0, 11), st.sampled_from([-1, 1]))
def test_a_thumb_moves_what_is_similar_its_way_and_nothing_else(
    some: list[Item], followed: Interests, before: dict[str, Rating], chosen: int, value: int
) -> None:
    rated = some[chosen % len(some)]
    after = before | {rated.key: Rating(value=value, at=1, features=rated.features)}  # type: ignore[arg-type]
    was, now = rank(some, followed, before), rank(some, followed, after)
    old, new = scores(was), scores(now)
    for item in some:
        moved = (new[item.key] - old[item.key]) * value
        if set(item.features) & set(rated.features):
            assert moved > 0
            assert moved <= (new[rated.key] - old[rated.key]) * value + 1e-9
        else:
            assert moved == 0
    for other in some:  # nothing overtakes the one that was liked, nothing falls behind the one that was turned down
        if (old[rated.key] - old[other.key]) * value > 0 and other is not rated:
            assert (new[rated.key] - new[other.key]) * value > -1e-9
    strangers = [item for item in some if not set(item.features) & set(rated.features)]
    for item in some:  # of what is similar and what is not, the similar never loses a place by a thumb up
        for stranger in strangers:
            if set(item.features) & set(rated.features) and (old[item.key] - old[stranger.key]) * value > 0:
                assert (new[item.key] - new[stranger.key]) * value > 0


@settings(deadline=None, max_examples=60)
@given(items, interests, ratings)
def test_the_order_of_ratings_and_items_does_not_matter(
    some: list[Item], followed: Interests, rated: dict[str, Rating]
) -> None:
    once = rank(some, followed, rated)
    assert once == rank(reversed(some), followed, dict(reversed(rated.items())))
    assert places(once) == [each.item.key for each in sorted(once, key=lambda each: (-each.score, each.item.key))]


@settings(deadline=None, max_examples=60)
@given(items, interests, ratings, st.sampled_from(["AAPL", "XOM"]))
def test_whoever_follows_a_company_sees_it_no_later(
    some: list[Item], followed: Interests, rated: dict[str, Rating], company: str
) -> None:
    more = followed | Interests(frozenset({company}))
    old, new = scores(rank(some, followed, rated)), scores(rank(some, more, rated))
    for item in some:
        if f"company:{company}" in item.features:
            assert new[item.key] >= old[item.key]
        else:
            assert new[item.key] == old[item.key]


def test_reasons_say_what_is_followed_and_what_was_liked() -> None:
    liked = {
        "a": Rating(value=1, at=1, features=("source:wire", "event:earnings")),
        "b": Rating(value=1, at=2, features=("event:earnings",)),
        "c": Rating(value=-1, at=3, features=("source:wire",)),
    }
    (found,) = rank([article(document(1, event="earnings"), T)], Interests(frozenset({"AAPL"})), liked)
    assert found.reasons == (
        "followed: AAPL",
        "you liked 2 similar (earnings date or call, source wire)",
        "you turned down 1 similar (source wire)",
        "0 min old, weight 100%",
    )
    assert found.followed


def test_the_items_of_signals_and_articles() -> None:
    item = recommendation(signal(0, -0.5, "XOM", features={"event.energy": 0.5, "event.debt": 0.05}))
    assert item.features == ("company:XOM", "sector:Energy", "event:commodities")
    assert item.strength == pytest.approx(0.25)
    assert item.basis == "sell -0.50, confidence 50%"
    fresh, old = article(document(1), T), article(document(1), T + 24 * HOUR)
    assert old.strength == pytest.approx(fresh.strength / 2)


def test_copies_of_a_story_are_shown_once() -> None:
    copies: list[RecentDocument] = [document(n, story="s", weight=MICRO * n // 10) for n in (1, 5, 3)]
    assert places(rank([article(each, T) for each in copies], Interests(), {})) == [f"article:{5:032x}:AAPL"]


@settings(deadline=None, max_examples=60)
@given(items)
def test_without_follows_and_thumbs_the_strongest_comes_first(some: list[Item]) -> None:
    ranked = rank(some, Interests(frozenset(), frozenset(), frozenset()), {})
    strengths = [each.item.strength for each in ranked]
    assert strengths == sorted(strengths, reverse=True)
