"""Ticks of a replay keep their promise, and every partition keeps its order."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from services.replay.timeline import END, merged, promises, remaining
from services.runtime.record import Recorded

STREAMS = [("documents.news", 0), ("documents.news", 1), ("documents.social", 0)]

times = st.lists(st.tuples(st.sampled_from(STREAMS), st.one_of(st.none(), st.integers(0, 1000))), max_size=40)


def recorded(rows: list[tuple[tuple[str, int], int | None]]) -> list[Recorded]:
    return [Recorded(topic, p, i, None, b"", available_at=at) for i, ((topic, p), at) in enumerate(rows)]


@given(times)
def test_partitions_keep_their_order_and_nothing_is_lost(rows: list[tuple[tuple[str, int], int | None]]) -> None:
    records = merged(recorded(rows))
    assert sorted(r.offset for r in records) == list(range(len(rows)))
    for topic, partition in STREAMS:
        offsets = [r.offset for r in records if (r.topic, r.partition) == (topic, partition)]
        assert offsets == sorted(offsets)


@given(times, st.integers(1, 100))
def test_no_record_comes_behind_a_tick_that_promised_there_was_none(
    rows: list[tuple[tuple[str, int], int | None]], step: int
) -> None:
    records = merged(recorded(rows))
    ticks = list(promises(records, STREAMS, step, last=2000))
    assert ticks[-1] == (len(records) - 1, dict.fromkeys(STREAMS, 2000))
    for index, marks in ticks:
        for later in records[index + 1 :]:
            if later.available_at is not None:
                assert later.available_at >= marks[later.topic, later.partition]


@given(times, st.randoms())
def test_the_order_in_which_partitions_were_read_does_not_matter(
    rows: list[tuple[tuple[str, int], int | None]], draw: random.Random
) -> None:
    records = recorded(rows)
    by_stream = [[r for r in records if (r.topic, r.partition) == s] for s in STREAMS]
    draw.shuffle(by_stream)
    again = merged([r for part in by_stream for r in part])
    for topic, partition in STREAMS:
        assert [r.offset for r in again if (r.topic, r.partition) == (topic, partition)] == [
            r.offset for r in merged(records) if (r.topic, r.partition) == (topic, partition)
        ]


def test_remaining_is_the_earliest_of_what_follows() -> None:
    records = recorded([(STREAMS[0], 5), (STREAMS[1], 1), (STREAMS[0], 3), (STREAMS[0], 9)])
    assert remaining(records) == [3, END, 9, END]
