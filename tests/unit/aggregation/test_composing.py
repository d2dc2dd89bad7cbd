"""What days are made of does not depend on batches, order of arrival or copies; days that are too old go."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from shared.clock import DAY
from shared.contract.events import MARKET, READS, Opinion, Origin, Outcome
from shared.contract.operation.composition import KEPT_DAYS, OTHER, Composition
from shared.settings import AggregationSettings
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, opinion, split

RULES = Rules.of(AggregationSettings())


def said(number: int, day: int = 0, **changed: object) -> Opinion:
    at = BASE + day * DAY
    return msgspec.structs.replace(opinion(number), available_at=at, published_at=at, **changed)


def days_of(records: list[Decoded], batches: list[list[Decoded]] | None = None) -> dict[int, Composition]:
    store = MemoryStore(1)
    for batch in batches or [records]:
        apply(store, 0, "O" * 22, batch, RULES)
    return store.states[0].days


def test_documents_are_counted_by_their_first_opinion_and_opinions_each() -> None:
    origin = Origin(TOPIC_ID, 0, 1, 0)
    first = said(1, origin=origin, company="AAPL", negative=100_000, neutral=200_000, positive=700_000, companies=2)
    second = msgspec.structs.replace(
        first, origin=Origin(TOPIC_ID, 0, 1, 1), company="MSFT", negative=950_000, neutral=50_000, positive=0
    )
    alone = said(
        2, origin=Origin(TOPIC_ID, 0, 2, 0), company=MARKET, negative=0, neutral=1_000_000, positive=0, language="de"
    )
    copy = msgspec.structs.replace(alone, origin=Origin(TOPIC_ID, 0, 3, 0))
    unread = Outcome(
        schema=READS, origin=Origin(TOPIC_ID, 0, 4, 0), letter=f"{TOPIC_ID}:0:4", state="unscored", reason="x-klingon",
        document_id="f" * 32, available_at=BASE,
    )  # fmt: skip
    (found,) = days_of(list(enumerate([first, second, alone, copy, unread]))).values()
    assert (found.documents, found.unlinked, found.unscored) == (2, 1, 1)
    assert (found.positive, found.neutral, found.negative) == (1, 1, 1)
    assert found.confidence == [0, 0, 0, 0, 0, 0, 0, 1, 0, 2]
    assert found.languages == {first.language: 1, "de": 1, OTHER: 1}
    assert sum(found.events.values()) == 2


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_order_and_batches_change_nothing_and_old_days_go(days: list[int], draw: random.Random) -> None:
    opinions = [said(number, day, document_id=f"{number:032x}") for number, day in enumerate(days)]

    def records(order: list[Opinion]) -> list[Decoded]:
        placed = (msgspec.structs.replace(each, origin=Origin(TOPIC_ID, 0, at, 0)) for at, each in enumerate(order))
        return list(enumerate(placed))

    straight = days_of(records(opinions))
    mixed = records(draw.sample(opinions, len(opinions)))
    assert days_of(mixed, split(draw, mixed, 7)) == straight
    newest = max(days)
    kept = Counter(day for day in days if day > newest - KEPT_DAYS)
    first = BASE // DAY
    assert {number - first: found.documents for number, found in straight.items()} == kept
