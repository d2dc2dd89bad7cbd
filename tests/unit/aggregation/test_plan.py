"""Properties of the plan: the same opinions give the same bytes however they arrive."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.admin.dump import dump
from services.aggregation.core.apply import apply
from services.aggregation.core.duplicates import CHUNK_OFFSETS
from services.aggregation.core.plan import Decoded, Rules
from services.aggregation.stores.memory import MemoryStore
from shared.clock import DAY, HOUR, HOUR_SECONDS
from shared.contract.aggregates import RECENT_DOCUMENTS, TOP_DOCUMENTS, Totals
from shared.contract.events import Opinion, OpinionMessage, Origin, Tick
from shared.settings import AggregationSettings
from tests.unit.aggregation.naive import recount
from tests.unit.aggregation.opinions import BASE, TOPIC_ID, Case, cases, history, merge, opinion, split

RULES = Rules.of(AggregationSettings())
COMPANIES = ("AAPL", "MSFT", "_MARKET")


def run(batches: Sequence[Sequence[Decoded]]) -> MemoryStore:
    store = MemoryStore(1)
    for batch in batches:
        apply(store, 0, "O", batch, RULES)
    return store


def firsts(streams: Sequence[Sequence[OpinionMessage]]) -> list[Opinion]:
    """The first copy of everything: in these histories copies come soon enough to be recognised."""
    seen: dict[tuple[str, str], Opinion] = {}
    for stream in streams:
        for message in stream:
            if isinstance(message, Opinion):
                seen.setdefault((message.company, message.document_id), message)
    return list(seen.values())


@given(cases, st.integers(0, 2**32), st.sampled_from((1, 3, 50)), st.sampled_from((0.0, 0.05, 0.3)))
@settings(deadline=None, max_examples=60)
def test_any_delivery_gives_the_recount(case: Case, seed: int, most: int, resend: float) -> None:
    draw = random.Random(seed)
    streams = history(case.seed, case.partitions, case.documents, case.jump)
    store = run(split(draw, merge(draw, streams, resend), most))
    distinct = firsts(streams)
    assert dump(store) == recount(distinct)
    totals = store.totals(0)
    assert totals.opinions_applied == len(distinct)
    assert totals.documents_scored == sum(each.origin.index == 0 for each in distinct)
    assert totals.duplicates == sum(isinstance(m, Opinion) for s in streams for m in s) - len(distinct)


@given(cases, st.integers(0, 2**32), st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_documents_kept_do_not_depend_on_the_order(case: Case, one: int, two: int) -> None:
    streams = history(case.seed, case.partitions, case.documents, case.jump)
    stores = []
    for seed in (one, two):
        draw = random.Random(seed)
        stores.append(run(split(draw, merge(draw, streams, 0.1), 20)))
    hours = {row.start for row in stores[0].rows(["hour"])}
    for company in COMPANIES:
        assert stores[0].recent(company) == stores[1].recent(company)
        assert all(stores[0].top(company, hour) == stores[1].top(company, hour) for hour in hours)
    assert stores[0].states[0].watermarks == stores[1].states[0].watermarks
    assert stores[0].states[0].marks == stores[1].states[0].marks


@given(st.integers(0, 2**32), st.integers(1, 30))
@settings(deadline=None, max_examples=30)
def test_where_batches_are_cut_changes_nothing_at_all(seed: int, most: int) -> None:
    draw = random.Random(seed)
    records = merge(draw, history(seed, 3, 40, DAY), 0.1)
    whole, parts = run([records]), run(split(draw, records, most))
    a, b = whole.states[0], parts.states[0]
    names = ("position", "totals", "marks", "watermarks", "windows", "ids", "letters", "companies", "tops")
    for name in names:
        assert getattr(a, name) == getattr(b, name), name
    assert dump(whole) == dump(parts)


def test_latest_and_heaviest_are_bounded() -> None:
    records: list[Decoded] = [
        (i, opinion(i, relevance=1000 * (i % 977), available_at=BASE + i * 1000)) for i in range(RECENT_DOCUMENTS + 50)
    ]
    random.Random(1).shuffle(records)
    records = [(i, Opinion(**_with(message, Origin(TOPIC_ID, i, 0)))) for i, (_, message) in enumerate(records)]
    store = run(split(random.Random(2), records, 9))
    made = [message for _, message in records if isinstance(message, Opinion)]
    latest = sorted(made, key=lambda m: (m.available_at, m.document_id))[-RECENT_DOCUMENTS:]
    assert [document.id for document in store.recent("AAPL")] == [m.document_id for m in latest]
    top = store.top("AAPL", BASE // HOUR * HOUR_SECONDS)
    assert len(top) == TOP_DOCUMENTS
    assert top == sorted(top, key=lambda d: (d.weight, d.id), reverse=True)
    assert top[0].relevance == max(m.relevance for m in made)


def _with(message: OpinionMessage | None, origin: Origin) -> dict[str, object]:
    assert isinstance(message, Opinion)
    return {name: getattr(message, name) for name in message.__struct_fields__} | {"origin": origin}


class TestCopies:
    def copies(self, *later: tuple[int, int]) -> Totals:
        """One document first at origin offset 0; then (offset, days later) events; the copy comes last, at the last."""
        records: list[Decoded] = [(0, opinion(0, document_id="d"))]
        for offset, days in later:
            records.append((len(records), opinion(offset, available_at=BASE + days * DAY)))
        records.append((len(records), opinion(later[-1][0] + 1, document_id="d", available_at=BASE)))
        return run([[record] for record in records]).totals(0)

    def test_within_seven_days_of_event_time(self) -> None:
        assert self.copies((10 * CHUNK_OFFSETS, 7)).duplicates == 1

    def test_later_than_that_and_far_away_counts_again(self) -> None:
        assert self.copies((10 * CHUNK_OFFSETS, 8)).duplicates == 0

    def test_the_previous_chunk_of_offsets_is_still_near(self) -> None:
        assert self.copies((2 * CHUNK_OFFSETS - 2, 100)).duplicates == 1
        assert self.copies((2 * CHUNK_OFFSETS, 100)).duplicates == 0

    def test_ids_are_forgotten_in_whole_chunks(self) -> None:
        records: list[Decoded] = [(0, opinion(0)), (1, opinion(2 * CHUNK_OFFSETS, available_at=BASE + 8 * DAY))]
        state = run([records]).states[0]
        assert list(state.ids[f"{TOPIC_ID}:0"]) == [2]

    def test_neither_copies_nor_ticks_move_the_event_time(self) -> None:
        far = Origin(TOPIC_ID, 0, 5 * CHUNK_OFFSETS)
        copy = opinion(1, document_id="d", available_at=BASE + 300 * DAY)
        records: list[Decoded] = [
            (0, opinion(0, document_id="d")),
            (1, copy),
            (2, Tick(watermark=BASE + 300 * DAY, origin=far)),
            (3, opinion(5 * CHUNK_OFFSETS + 1, document_id="d")),
        ]
        assert run([records]).totals(0).duplicates == 2


def test_an_opinion_older_than_everything_kept_is_late_and_moves_the_mark() -> None:
    records: list[Decoded] = [(0, opinion(0)), (1, opinion(1, available_at=BASE - 7302 * DAY))]
    store = run([records])
    assert store.totals(0) == Totals(documents_scored=2, opinions_applied=2, late=1)
    assert store.states[0].marks == {f"{TOPIC_ID}:0": (1, 0)}
    assert len(store.recent("AAPL")) == 1


def test_another_incarnation_of_the_topic_is_not_already_applied() -> None:
    again = opinion(0, document_id="other")
    records: list[Decoded] = [(0, opinion(0)), (1, Opinion(**_with(again, Origin("B" * 22, 0, 0))))]
    assert run([records]).totals(0).opinions_applied == 2
