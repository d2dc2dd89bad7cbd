"""Whatever bytes come, each record becomes a document, a tick or a dead letter, and the counts add up."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregation.core.dead_letters import apply_outcome
from services.model.stub import StubEngine
from services.runtime.record import Headers, Recorded
from services.scoring.entries import FUTURE, UNDECODABLE, UNREADABLE, UNSCORABLE, Entry, entry_of, twice
from services.scoring.inference import encode as tokenise
from services.scoring.inference import infer
from services.scoring.outcomes import HEADER_TOPIC, Outgoing
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import Totals
from shared.contract.events import (
    DEAD,
    HEADER_FIRST_ORIGIN,
    HEADER_ORIGIN,
    HEADER_REASON,
    Opinion,
    Origin,
    Outcome,
    Tick,
    decode_opinion,
    encode,
)
from shared.contract.topics import Topics, partition_for
from tests.linking import LINKER
from tests.unit.scoring.test_opinions import document

ENGINE = StubEngine("stub")
TOPICS = Topics()
SLOTS = 3


def record(value: bytes | None, offset: int = 5, headers: Headers = (), key: bytes | None = b"key") -> Recorded:
    return Recorded("documents.news", 1, offset, key, value, headers)


def entry(value: bytes | None, **more: Any) -> Entry:
    return entry_of(record(value, **more), {"documents.news": "T"}, LINKER)


def sent(*entries: Entry) -> Outgoing:
    infer(ENGINE, entries, tokenise(ENGINE, entries))
    outgoing = Outgoing.to(TOPICS, SLOTS)
    for each in entries:
        outgoing.add(each, "model")
    return outgoing


def rows(outgoing: Outgoing) -> list[tuple[int, Any]]:
    found = [
        (partition, decode_opinion(value))
        for (topic, partition), records in sorted(outgoing.records.items())
        if topic == TOPICS.opinions
        for _, value, _ in records
    ]
    return found


wild = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: json.dumps(text).encode()),
    st.dictionaries(
        st.sampled_from(("type", "id", "text", "title", "schema", "available_at", "published_at", "companies", "x")),
        st.one_of(
            st.text(max_size=20), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=5), max_size=3)
        ),
    ).map(lambda fields: json.dumps(fields).encode()),
    st.integers(0, 200).map(lambda cut: encode(document())[:cut]),
    st.just(b"[" * 100_000),
    st.just(encode(document()).replace(b"rise", b"\\ud800")),
    st.just(encode(document()).replace(b"rise", b"\xed\xa0\x80")),
)


@given(st.lists(wild, min_size=1, max_size=8))
def test_any_bytes_are_scored_or_dead_and_nothing_is_lost(values: list[bytes]) -> None:
    entries = [entry(value, offset=n) for n, value in enumerate(values)]
    outgoing = sent(*entries)
    found = [row for _, row in rows(outgoing)]
    dead = {row.origin.offset for row in found if isinstance(row, Outcome)}
    scored = {row.origin.offset for row in found if isinstance(row, Opinion)}
    ticks = {row.origin.offset for row in found if isinstance(row, Tick) and row.origin is not None}
    assert dead | scored | ticks == set(range(len(values)))
    assert len(dead) + len(scored) + len(ticks) == len(values)
    letters = outgoing.records.get((TOPICS.dead, 0), [])
    assert [value for _, value, _ in letters] == [values[offset] for offset in sorted(dead)]


def test_a_dead_letter_keeps_its_bytes_key_reason_and_origin() -> None:
    outgoing = sent(entry(b"\xff", key=b"abc"))
    ((key, value, headers),) = outgoing.records[TOPICS.dead, 0]
    assert (key, value) == (b"abc", b"\xff")
    named = dict(headers)
    assert named[HEADER_REASON] == UNDECODABLE.encode()
    assert named[HEADER_ORIGIN] == named[HEADER_FIRST_ORIGIN] == b"T:1:5"
    assert named[HEADER_TOPIC] == b"documents.news"
    assert rows(outgoing) == [
        (
            partition_for(DEAD, SLOTS),
            Outcome(origin=Origin("T", 1, 5), letter="T:1:5", state="dead", reason=UNDECODABLE),  # whatever its key
        )
    ]


def test_a_requeued_letter_keeps_its_first_origin_and_says_when_it_is_scored() -> None:
    headers = ((HEADER_FIRST_ORIGIN, b"T:0:2"),)
    found = [row for _, row in rows(sent(entry(encode(document()), headers=headers)))]
    opinions = [row for row in found if isinstance(row, Opinion)]
    (outcome,) = [row for row in found if isinstance(row, Outcome)]
    assert {o.requeued_from for o in opinions} == {"T:0:2"}
    assert (outcome.letter, outcome.state) == ("T:0:2", "scored")
    assert outcome.origin > max(o.origin for o in opinions), "else the mark of its slot would hide it"
    again = sent(entry(b"still bad", headers=headers))
    assert dict(again.records[TOPICS.dead, 0][0][2])[HEADER_FIRST_ORIGIN] == b"T:0:2"
    assert [row.letter for _, row in rows(again)] == ["T:0:2"]


@pytest.mark.parametrize("letter", [b"", b"x", b"T:0", b"T:0:-1", b"\xff:0:1", b"T:0:1\n", b"T" * 100 + b":0:1"])
def test_a_header_that_is_no_origin_makes_a_dead_letter(letter: bytes) -> None:
    assert entry(encode(document()), headers=((HEADER_FIRST_ORIGIN, letter),)).reason == UNDECODABLE


def test_a_tick_goes_to_every_partition_in_order_with_its_origin() -> None:
    outgoing = sent(
        entry(encode(document()), offset=1), entry(encode(Tick(watermark=9)), offset=2), entry(b"", offset=3)
    )
    for slot in range(SLOTS):
        offsets = [row.origin.offset for partition, row in rows(outgoing) if partition == slot]
        assert offsets == sorted(offsets)
        assert Tick(watermark=9, origin=Origin("T", 1, 2)) in [
            row for partition, row in rows(outgoing) if partition == slot
        ]


def test_linking_that_fails_once_is_tried_again_and_twice_is_dead() -> None:
    class Failing:
        def __init__(self, times: int) -> None:
            self.left = times

        def link(self, *arguments: Any) -> Any:
            if self.left:
                self.left -= 1
                raise RuntimeError("no")
            return LINKER.link(*arguments)

    for times, reason in ((1, ""), (2, UNREADABLE)):
        found = entry_of(record(encode(document())), {"documents.news": "T"}, Failing(times))  # type: ignore[arg-type]
        assert found.reason == reason
    with pytest.raises(MemoryError):
        twice(lambda: (_ for _ in ()).throw(MemoryError()))


def test_letters_under_one_key_count_by_their_own_origin_and_copies_of_a_document_once() -> None:
    rubbish = [entry(b"{}", offset=1, key=b"1"), entry(b"\xff", offset=2, key=b"1"), entry(b"{}", offset=3, key=b"1")]
    dying = [entry(encode(document()), offset=offset) for offset in (4, 5)]
    for each in dying:
        each.die(UNSCORABLE, "no")
    outcomes = [row for _, row in rows(sent(*rubbish, *dying)) if isinstance(row, Outcome)]
    totals, letters = Totals(), dict[str, str]()
    for outcome in outcomes:
        apply_outcome(outcome, letters.get, letters.__setitem__, totals)
    assert (totals.documents_dead, totals.duplicates) == (4, 1)


TAKEN = 1_790_000_000


@given(st.integers(-(10**15), 10**15), st.sampled_from(["available_at", "published_at"]))
def test_what_is_dated_more_than_an_hour_ahead_of_the_broker_is_dead(by: int, field: str) -> None:
    stamped = msgspec.structs.replace(document(), **{field: TAKEN * SECOND + by})
    taken = record(encode(stamped))
    taken.timestamp = TAKEN
    found = entry_of(taken, {"documents.news": "T"}, LINKER)
    assert (found.reason == FUTURE) == (by > HOUR)
    assert (found.document is None) == (by > HOUR)
    assert entry(encode(stamped)).reason == ""  # of a file: what was ahead was refused when it was read


@given(st.integers(-(10**15), 10**15))
def test_a_promise_more_than_an_hour_ahead_of_the_broker_is_dead_but_where_a_known_range_ends(by: int) -> None:
    tick = Tick(watermark=TAKEN * SECOND + by)
    taken = record(encode(tick))
    taken.timestamp = TAKEN
    found = entry_of(taken, {"documents.news": "T"}, LINKER)
    assert (found.reason == FUTURE, found.tick) == ((True, None) if by > HOUR else (False, tick))
    closing = record(encode(msgspec.structs.replace(tick, closing=True)))
    closing.timestamp = TAKEN
    assert entry_of(closing, {"documents.news": "T"}, LINKER).tick is not None


@pytest.mark.parametrize("watermark", [2**62, -(2**62), 10**18])
def test_a_promise_outside_the_calendar_is_dead(watermark: int) -> None:
    assert entry(encode(Tick(watermark=watermark, closing=True))).reason == UNDECODABLE
