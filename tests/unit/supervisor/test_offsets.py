"""Positions as Redis holds them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition

from shared.reading.offsets import applied_offsets
from shared.reading.run import Applied

SLOTS = [TopicPartition("opinions", slot) for slot in range(3)]


def positions_of(raw: dict[int, bytes]) -> dict[int, Applied]:
    return {slot: applied for slot, value in raw.items() if (applied := Applied.parse(value)) is not None}


@given(st.dictionaries(st.integers(0, 2), st.integers(0, 2**53)))
def test_positions_of_this_topic_count_and_missing_ones_are_zero(held: dict[int, int]) -> None:
    raw = {slot: f"AbC-_:x:{offset}".encode() for slot, offset in held.items()}
    found = applied_offsets(positions_of(raw), SLOTS, "AbC-_:x")
    assert found == {part: held.get(part.partition, 0) for part in SLOTS}


def test_a_position_of_a_topic_that_was_made_anew_does_not_count() -> None:
    positions = positions_of({0: b"old:7", 1: b"", 2: b"new:nonsense"})
    assert applied_offsets(positions, SLOTS, "new") == dict.fromkeys(SLOTS, 0)
