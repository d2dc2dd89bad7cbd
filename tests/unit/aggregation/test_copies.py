"""The rule of what a copy is, against its own wording: a list of first copies that forgets nothing."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.core.apply import apply
from services.aggregation.core.copies import Distinct
from services.aggregation.core.duplicates import CHUNK_OFFSETS
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from shared.clock import DAY, HOUR
from shared.contract.events import Opinion
from shared.settings import AggregationSettings
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, opinion, split

SETTINGS = AggregationSettings(duplicate_days=2)

# one step of a log: partition, offsets to go on by (0: an origin that was seen, or another index), hours to go on by,
# document, company, whether it is a re-queued letter
steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from((0, 1, 1, 1, CHUNK_OFFSETS // 2, CHUNK_OFFSETS, 3 * CHUNK_OFFSETS)),
        st.sampled_from((-30, 0, 1, 20, 47, 48, 49, 100)),
        st.integers(0, 3),
        st.sampled_from(("AAPL", "MSFT")),
        st.sampled_from((False, False, False, True)),
    ),
    max_size=40,
)


def opinions_of(log: list[tuple[int, int, int, int, str, bool]]) -> list[Opinion]:
    offsets, at = [0, 0], BASE
    made = []
    for partition, ahead, hours, document, company, requeued in log:
        offsets[partition] += ahead
        at += hours * HOUR
        made.append(
            opinion(
                offsets[partition],
                index=("AAPL", "MSFT").index(company),
                partition=partition,
                company=company,
                document_id=f"{document:032x}",
                available_at=at,
                requeued_from=f"{TOPIC_ID}:{partition}:{document}" if requeued else "",
            )
        )
    return made


def that_count(opinions: list[Opinion]) -> list[Opinion]:
    """The rule as docs and duplicates.py word it."""
    marks: dict[str, tuple[int, int]] = {}
    letters: set[tuple[str, str]] = set()
    firsts: dict[str, list[Opinion]] = {}
    for each in opinions:
        stream, mark = each.origin.stream, (each.origin.offset, each.origin.index)
        if mark <= marks.get(stream, (-1, -1)):
            continue
        marks[stream] = mark
        letter = (each.requeued_from, each.company)
        before = firsts.setdefault(stream, [])
        reached = max((first.available_at for first in before), default=0)
        if each.requeued_from and letter in letters:
            continue
        if any(
            (first.company, first.document_id) == (each.company, each.document_id)
            and (
                first.available_at >= reached - SETTINGS.duplicate_days * DAY
                or first.origin.offset // CHUNK_OFFSETS >= each.origin.offset // CHUNK_OFFSETS - 1
            )
            for first in before
        ):
            continue
        before.append(each)
        if each.requeued_from:
            letters.add(letter)
    return [each for some in firsts.values() for each in some]


def places(opinions: list[Opinion]) -> list[tuple[str, int, int]]:
    return sorted((each.origin.stream, each.origin.offset, each.origin.index) for each in opinions)


@given(steps, st.sampled_from((1, 3, 10_000)))
@settings(deadline=None, max_examples=200)
def test_distinct_is_the_rule_whenever_it_forgets(log: list[tuple[int, int, int, int, str, bool]], every: int) -> None:
    opinions = opinions_of(log)
    distinct = Distinct(SETTINGS)
    distinct.FORGET_EVERY = every  # type: ignore[misc]
    assert places([each for each in opinions if distinct.counts(each)]) == places(that_count(opinions))


@given(steps, st.integers(0, 2**32), st.integers(1, 12))
@settings(deadline=None, max_examples=200)
def test_plan_counts_what_distinct_counts(
    log: list[tuple[int, int, int, int, str, bool]], seed: int, most: int
) -> None:
    opinions = opinions_of(log)
    store = MemoryStore(1)
    distinct = Distinct(SETTINGS)
    records: list[Decoded] = list(enumerate(opinions))
    for batch in split(random.Random(seed), records, most):
        before = store.totals(0).opinions_applied
        apply(store, 0, "O", batch, Rules.of(SETTINGS))
        counted = sum(isinstance(each, Opinion) and distinct.counts(each) for _, each in batch)
        assert store.totals(0).opinions_applied - before == counted
