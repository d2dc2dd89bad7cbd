"""Caps, against a recount of the documents themselves: no voice and no telling above its cap, whoever else writes."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Rules
from services.aggregation.signals.lookback import Capped, Shared, cap
from services.aggregation.signals.strategy import StrategyError, check_strategy, former, load_strategy
from services.aggregation.stores.memory import MemoryStore
from shared.clock import SECOND
from shared.contract.aggregates import Share
from shared.contract.events import MICRO, Opinion, Origin
from shared.contract.voices import authors_in, by_author, pairs_in
from shared.contract.weighing import contribution
from shared.settings import AggregationSettings

HOUR = 1_772_000_000 // 3600 * 3600
PULSE = load_strategy("pulse")
Told = tuple[str, str, str, str, int, int]  # channel, author, source, story, share of positive, relevance

told = st.tuples(
    st.sampled_from(["news", "social"]), st.sampled_from(["", "ann", "bob", "cy"]), st.sampled_from(["wire", "forum"]),
    st.sampled_from(["one", "two", "three|four"]), st.sampled_from([0, 20, 50, 80, 100]), st.integers(1, 100),
)  # fmt: skip


def opinion(number: int, each: Told) -> Opinion:
    channel, author, source, story, positive, relevance = each
    good = positive * MICRO // 100
    return Opinion(
        origin=Origin("t", 0, number), document_id=f"d{number}", company="BA", relevance=relevance * MICRO // 100,
        channel=channel, source=source, author=author, story=story, published_at=0,  # type: ignore[arg-type]
        available_at=(HOUR + number % 3000) * SECOND, negative=MICRO - good, neutral=0, positive=good, model="m",
        companies=1,
    )  # fmt: skip


def buckets(opinions: list[Opinion]) -> list[Shared]:
    """The hour's buckets as the aggregator makes them."""
    store = MemoryStore(1)
    if opinions:
        apply(store, 0, "opinions", list(enumerate(opinions)), Rules.of(AggregationSettings()))
    rows = store.rows(("hour",))
    return [Shared(row.start, row.channel, row.bucket, row.authors, row.stories) for row in rows]


def recounted(opinions: list[Opinion], caps: tuple[float, float, float]) -> tuple[Fraction, Fraction]:
    """Weight and score of all channels together, each document cut by the cap that it is further above."""
    voices: dict[str, int] = defaultdict(int)
    tellings: dict[tuple[str, str], int] = defaultdict(int)
    for each in opinions:
        part = contribution(each)
        voices[each.author or f"a feed {each.source}"] += part.weight
        tellings[each.story, part.label] += part.weight
    weight = score = Fraction(0)
    for each in opinions:
        part = contribution(each)
        by_voice = voices[each.author or f"a feed {each.source}"]
        most = Fraction((caps[0] if each.author else caps[2]) * MICRO)
        left = min(Fraction(1), most / by_voice if by_voice else Fraction(1))
        if whole := tellings[each.story, part.label]:
            left = min(left, Fraction(caps[1] * MICRO) / whole)
        weight += part.weight * left
        score += part.score * left
    return weight, score


@settings(deadline=None, max_examples=60)
@given(st.lists(told, min_size=1, max_size=40), st.tuples(*[st.sampled_from([0.5, 1.0, 2.0, 3.0])] * 3))
def test_what_is_left_is_that_of_a_recount_of_the_documents(some: list[Told], caps: tuple[float, float, float]) -> None:
    opinions = [opinion(number, each) for number, each in enumerate(some)]
    found = cap(buckets(opinions), caps)
    weight, score = recounted(opinions, caps)
    assert abs(sum(each.weight for each in found) - weight) <= len(some)
    assert abs(sum(each.score for each in found) - score) <= len(some)
    assert sum(each.documents for each in found) == len(some)  # counts are no matter of caps


@settings(deadline=None, max_examples=60)
@given(st.lists(told, max_size=25), st.lists(told, min_size=1, max_size=60), st.sampled_from(["ann", "eve", ""]))
def test_one_voice_moves_an_hour_by_its_cap_at_most(honest: list[Told], flood: list[Told], who: str) -> None:
    """Whatever it writes, in whatever channel: what it takes from others who tell the same is what it says itself."""
    before = [opinion(number, each) for number, each in enumerate(honest) if each[1] != who]
    mine = [(each[0], who, "wire", each[3] + who, each[4], each[5]) for each in flood]
    after = before + [opinion(100 + number, each) for number, each in enumerate(mine)]
    most = 2 * MICRO + len(after)
    held = cap(buckets(before), PULSE.caps)
    found = cap(buckets(after), PULSE.caps)
    already = any(not each.author and each.source == "wire" for each in before) and not who
    if not already:  # the feed's own earlier documents give way to its later ones
        assert abs(sum(each.weight for each in found) - sum(each.weight for each in held)) <= most
        assert abs(sum(each.score for each in found) - sum(each.score for each in held)) <= most


@given(st.lists(told, min_size=1, max_size=30), st.randoms())
@settings(deadline=None, max_examples=30)
def test_neither_the_order_nor_the_batches_matter(some: list[Told], random: object) -> None:
    opinions = [opinion(number, each) for number, each in enumerate(some)]
    whole = buckets(opinions)
    random.shuffle(opinions)  # type: ignore[attr-defined]
    mixed = buckets([each for number, each in enumerate(renumbered(opinions))])
    assert cap(whole, PULSE.caps) == cap(mixed, PULSE.caps)
    assert cap(whole[::-1], PULSE.caps) == cap(whole, PULSE.caps)[::-1]


def renumbered(opinions: list[Opinion]) -> list[Opinion]:
    """In the order of their origins, as a partition has them."""
    return sorted(opinions, key=lambda each: each.origin)


def test_a_bucket_of_a_former_version_is_cut_as_it_was() -> None:
    """It has no pairs, or not of all its documents: what is known of authors and of stories apart decides."""
    [whole] = buckets([opinion(number, ("news", "ann", "wire", f"s{number}", 100, 100)) for number in range(5)])
    old = whole._replace(authors=by_author(whole.authors))
    assert not pairs_in(old.authors)
    assert cap([old], PULSE.caps) == cap([whole], PULSE.caps)  # one author, five stories: both say two documents
    name = next(name for name in whole.authors if name not in old.authors)
    mixed = whole._replace(authors=old.authors | {name: whole.authors[name]})
    assert cap([mixed], PULSE.caps) == cap([old], PULSE.caps)
    told_apart = old._replace(authors={})  # nobody named, nothing of feeds known: only stories are capped
    assert cap([told_apart], PULSE.caps)[0].weight == whole.bucket.weight_sum


def test_pairs_are_no_authors() -> None:
    [whole] = buckets([opinion(0, ("news", "", "wire", "s", 100, 100)), opinion(1, ("news", "ann", "wire", "s", 0, 9))])
    assert authors_in(whole.authors) == {"ann"}
    assert whole.bucket.authors == 1
    assert {pair for pair, _ in pairs_in(whole.authors)} == {("feed:wire", "+s"), ("ann", "-s")}


@pytest.mark.parametrize(
    ("name", "digest"),
    [("pulse", "e668b8de7aa6d13e"), ("hourly", "3d79426e113e441c"), ("spillover", "d3fe5f27b849aeab")],
)
def test_a_strategy_without_a_cap_on_feeds_keeps_its_digest_and_its_caps(name: str, digest: str) -> None:
    """Files of former versions name no such cap, and what they gave out can be made again."""
    old = load_strategy(former(name))
    assert old.digest == digest != load_strategy(name).digest
    flood = [("news", "", "wire", f"s{number}", 100, 100) for number in range(30)]
    storm = [("news", f"a{number}", "wire", "storm", 100, 100) for number in range(30)]
    some = buckets([opinion(number, each) for number, each in enumerate([*flood, *storm])])  # type: ignore[arg-type]
    assert cap(some, old.caps)[0].weight == 33 * MICRO
    now = cap(some, load_strategy(name).caps)[0].weight
    assert 4 * MICRO <= now <= 4 * MICRO + len(flood) + len(storm)  # each pair's part is rounded up
    with pytest.raises(StrategyError, match="feed_cap must be above 0"):
        check_strategy(msgspec.structs.replace(old, feed_cap=0.0), "mine.yaml")


def test_a_capped_row_keeps_what_is_no_sum() -> None:
    [row] = cap([Shared(HOUR, "news", buckets([opinion(0, ("news", "a", "wire", "s", 80, 50))])[0].bucket, {}, {})],
                PULSE.caps)  # fmt: skip
    assert isinstance(row, Capped)
    assert row.sources == {"wire": 1}
    assert Share() == Share(0, 0, 0)
