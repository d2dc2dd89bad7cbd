"""The arithmetic of one opinion."""

from __future__ import annotations

from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.core.buckets import add, bucket_of, bucket_start, oldest_start
from shared.clock import SECOND
from shared.contract.aggregates import RESOLUTIONS, SECONDS, Bucket
from shared.contract.events import MICRO
from shared.contract.weighing import contribution, rescale
from tests.unit.aggregation.naive import nearest
from tests.unit.aggregation.opinions import opinion

probabilities = st.tuples(st.integers(0, MICRO), st.integers(0, MICRO)).map(
    lambda pair: (min(pair), max(pair) - min(pair), MICRO - max(pair))
)
instants = st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999)


@given(st.integers(), st.sampled_from((1, 2, 3, MICRO, MICRO**2)))
def test_rescale_is_the_nearest_and_odd(product: int, unit: int) -> None:
    assert rescale(-product, unit) == -rescale(product, unit)
    assert rescale(product, unit) == nearest(Fraction(product, unit))


@given(probabilities, st.integers(0, MICRO))
def test_swapping_the_sides_flips_the_score_alone(three: tuple[int, int, int], relevance: int) -> None:
    negative, neutral, positive = three
    one = contribution(opinion(negative=negative, neutral=neutral, positive=positive, relevance=relevance))
    two = contribution(opinion(negative=positive, neutral=neutral, positive=negative, relevance=relevance))
    assert (two.weight, two.score, two.score_square) == (one.weight, -one.score, one.score_square)
    assert {one.label, two.label} in ({"positive", "negative"}, {"neutral"})
    assert 0 <= one.score_square <= one.weight <= MICRO
    assert abs(one.score) <= one.weight


def test_worked_example() -> None:
    part = contribution(opinion(negative=100_000, neutral=200_000, positive=700_000, relevance=500_000))
    assert part == ("positive", 350_000, 210_000, 126_000)


def test_of_a_document_with_several_companies_each_weighs_its_share() -> None:
    alone = opinion(relevance=500_000, negative=0, neutral=0, positive=MICRO)
    assert contribution(alone).weight == 500_000
    one_of_four = opinion(relevance=500_000, shared_relevance=2 * MICRO, negative=0, neutral=0, positive=MICRO)
    assert contribution(one_of_four) == ("positive", 250_000, 250_000, 250_000)


@given(probabilities, st.integers(0, MICRO), st.sampled_from(("", "earnings")))
def test_a_bucket_of_one_opinion_is_an_empty_one_and_that(
    three: tuple[int, int, int], relevance: int, event: str
) -> None:
    one = opinion(negative=three[0], neutral=three[1], positive=three[2], relevance=relevance, event=event)
    expected = Bucket()
    add(expected, one, contribution(one))
    assert msgspec.json.encode(bucket_of(one, contribution(one))) == msgspec.json.encode(expected)


@given(instants, st.sampled_from(RESOLUTIONS))
def test_a_bucket_holds_its_instants(at: int, resolution: str) -> None:
    start = bucket_start(at, resolution)  # type: ignore[arg-type]
    size = SECONDS[resolution]  # type: ignore[index]
    assert start % size == 0
    assert start * SECOND <= at < (start + size) * SECOND


@given(instants, instants, st.integers(1, 10**15), st.sampled_from(RESOLUTIONS))
def test_the_cut_only_grows(one: int, two: int, keep: int, resolution: str) -> None:
    low, high = sorted((one, two))
    assert oldest_start(low, keep, resolution) <= oldest_start(high, keep, resolution)  # type: ignore[arg-type]
