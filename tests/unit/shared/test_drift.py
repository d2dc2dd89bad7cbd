"""Drift: a distance that behaves like one, a limit that chance and habit stay below, and changes that are found."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.operation.composition import TENTHS, Composition
from shared.reading.measuring.drift import BEFORE, FEWEST_DAYS, KINDS, NEW, chance, divergence, drifts

counts = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 10_000), min_size=1)
LANGUAGES = {"en": 70, "zh": 20, "de": 7, "und": 3}
TODAY = 20_000


@given(counts, counts)
def test_it_is_symmetric_and_lies_between_nought_and_one(first: dict[str, int], second: dict[str, int]) -> None:
    found = divergence(first, second)
    assert 0 <= found <= 1
    assert found == pytest.approx(divergence(second, first), abs=1e-12)


@given(counts, st.integers(1, 50))
def test_equal_shares_have_no_distance_whatever_their_size(first: dict[str, int], times: int) -> None:
    assert divergence(first, {value: count * times for value, count in first.items()}) == pytest.approx(0, abs=1e-12)


@given(counts)
def test_what_has_nothing_in_common_is_one_apart(first: dict[str, int]) -> None:
    assert divergence(first, {value.upper(): count for value, count in first.items()}) == pytest.approx(1)
    assert divergence(first, {}) == 0


def sample(draw: random.Random, shares: dict[str, int], size: int) -> Counter[str]:
    return Counter(draw.choices(list(shares), list(shares.values()), k=size))


@pytest.mark.parametrize(
    ("shares", "size"),
    [(LANGUAGES, 200), ({"a": 1, "b": 1, "c": 1}, 1000), (dict.fromkeys(map(str, range(40)), 1), 800)],
)
def test_chance_alone_stays_below_its_limit(shares: dict[str, int], size: int) -> None:
    draw, above = random.Random(5), 0
    for _ in range(600):
        first, second = sample(draw, shares, size), sample(draw, shares, 4 * size)
        above += divergence(first, second) > chance(first, second)
    assert above <= 5, "one in a thousand is expected"


def day(draw: random.Random, size: int, languages: dict[str, int] = LANGUAGES, unlinked: float = 0.2) -> Composition:
    positive, negative = sum(draw.random() < 0.3 for _ in range(size)), sum(draw.random() < 0.2 for _ in range(size))
    sure = [0] * TENTHS
    for _ in range(size):
        sure[min(9, int(draw.betavariate(6, 2) * 10))] += 1
    return Composition(
        documents=size,
        unlinked=sum(draw.random() < unlinked for _ in range(size)),
        positive=positive,
        neutral=size,
        negative=negative,
        confidence=sure,
        languages=dict(sample(draw, languages, size)),
        events=dict(sample(draw, {"results": 5, "guidance": 2, "none": 20}, size)),
    )


def month(draw: random.Random, size: int = 400) -> dict[int, Composition]:
    """Weekends have a fourth of the documents, and more of them in English."""
    found = {}
    for number in range(TODAY - BEFORE - NEW + 1, TODAY + 1):
        weekend = number % 7 in (5, 6)
        found[number] = day(draw, size // 4 if weekend else size, LANGUAGES | ({"en": 140} if weekend else {}))
    return found


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_month_like_others_does_not_drift(seed: int) -> None:
    found = drifts(month(random.Random(seed)))
    assert [each.kind for each in found] == list(KINDS)
    assert [each for each in found if each.drifting] == []


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_a_language_that_comes_and_companies_that_are_not_found_are_drift(seed: int) -> None:
    draw = random.Random(seed)
    days = month(draw)
    for number in (TODAY - 1, TODAY):
        days[number] = day(draw, 400, LANGUAGES | {"ja": 25}, unlinked=0.5)
    found = {each.kind: each for each in drifts(days)}
    assert {kind for kind, each in found.items() if each.drifting} == {"language", "unlinked"}
    assert found["language"].moved[0].value == "ja"
    assert found["language"].moved[0].before == 0 and found["language"].moved[0].now > 0.1
    assert {moved.value for moved in found["unlinked"].moved} == {"linked", "unlinked"}


def test_too_little_to_compare_is_no_drift() -> None:
    draw = random.Random(1)
    days = month(draw)
    few = {number: days[number] for number in sorted(days)[-(FEWEST_DAYS + NEW - 1) :]}
    assert drifts(few) == []
    assert drifts({}) == []
    assert drifts({TODAY: day(draw, 500)}) == []
    assert drifts(days | {TODAY: day(draw, 5), TODAY - 1: day(draw, 5)}) == []


def test_days_before_the_reference_do_not_count() -> None:
    draw = random.Random(2)
    days = month(draw)
    assert drifts(days | {TODAY - BEFORE - NEW: day(draw, 9_000, {"fr": 1})}) == drifts(days)
