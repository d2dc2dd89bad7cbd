"""Deletions and texts that no model reads, in the aggregates: counted once, whatever is delivered again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.core.apply import apply
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from shared.contract.aggregates import deleted_field
from shared.contract.events import UNREAD, Origin, Outcome, decode_opinion, encode
from shared.settings import AggregationSettings
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, opinion

RULES = Rules.of(AggregationSettings())


def unscored(offset: int, document: int) -> Outcome:
    return Outcome(
        schema=UNREAD, origin=Origin(TOPIC_ID, 0, offset, 0), letter=f"{TOPIC_ID}:0:{offset}", state="unscored",
        reason="de", document_id=f"{document:032x}", available_at=BASE,
    )  # fmt: skip


def deleted(offset: int, item: str, at: int = BASE) -> Outcome:
    origin = Origin(TOPIC_ID, 0, offset, 0)
    return Outcome(schema=UNREAD, origin=origin, letter=item, state="deleted", available_at=at)


def applied(messages: list[Outcome], size: int) -> MemoryStore:
    store = MemoryStore(1)
    records: list[Decoded] = list(enumerate(decode_opinion(encode(message)) for message in messages))
    for start in range(0, len(records), size):
        apply(store, 0, TOPIC_ID, records[start : start + size], RULES)
    return store


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20), st.integers(1, 4))
def test_each_document_counts_once_as_unscored(steps: list[tuple[int, bool]], size: int) -> None:
    offset, messages = 0, []
    for document, again in steps:
        offset += not again  # the same record once more, or a copy under another origin
        messages.append(unscored(offset, document))
    store = applied(messages, size)
    totals = store.state(0, set()).totals
    heard: list[int] = []
    documents: set[str] = set()
    for message in messages:
        if not heard or message.origin.offset > heard[-1]:
            heard.append(message.origin.offset)
            documents.add(message.document_id)
    assert totals.documents_unscored == len(documents)
    assert totals.documents_scored == totals.opinions_applied == 0
    assert totals.duplicates == len(heard) - len(documents)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=20), st.integers(1, 4))
def test_a_deletion_is_kept_by_its_latest_time_and_counts_an_item_once(steps: list[tuple[str, int]], size: int) -> None:
    store = applied([deleted(number, item, BASE + at) for number, (item, at) in enumerate(steps)], size)
    state = store.state(0, {deleted_field(item) for item in "abc"})
    latest = {item: max(at for other, at in steps if other == item) for item, _ in steps}
    known = {item: state.letters.get(deleted_field(item)) for item in "abc"}
    assert known == {item: str(BASE + latest[item]) if item in latest else None for item in "abc"}
    assert state.totals.retracted == len(latest)


def test_numbers_stay_when_a_text_goes() -> None:
    store = MemoryStore(1)
    apply(store, 0, TOPIC_ID, [(0, opinion(0, item="x"))], RULES)
    before = store.state(0, set()).totals.opinions_applied
    apply(store, 0, TOPIC_ID, [(1, deleted(1, "x"))], RULES)
    assert store.state(0, set()).totals.opinions_applied == before == 1
