"""Ids of the stream: what goes in comes out, nothing else is taken, and the ring forgets loudly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.stream.place import NotAnId, OtherIncarnation, Part, Place, opened, sealed
from services.api.stream.ring import Ring

OFFSETS = st.integers(0, 2**40)
places = st.builds(
    lambda counts, alert, offset: Place(
        {Part(f"t{topic}", number): offset + number for topic, count in enumerate(counts) for number in range(count)},
        alert,
    ),
    st.lists(st.integers(1, 9), max_size=3),
    st.none() | OFFSETS,
    OFFSETS,
)


@given(places, st.text("0123456789abcdef", min_size=12, max_size=12))
def test_an_id_gives_its_place_back(place: Place, of: str) -> None:
    text = sealed(place, of)
    assert opened(text, of, place) == place
    assert text.isascii() and text.isprintable()
    with pytest.raises(OtherIncarnation):
        opened(text, of[::-1] + "x", place)


@given(places, st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_no_other_text_is_an_id(place: Place, text: str) -> None:
    try:
        opened(text, "abc", place)
    except (NotAnId, OtherIncarnation):
        return
    raise AssertionError(text)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400)), max_size=80), st.integers(600, 4000))
def test_a_reader_of_the_ring_sees_everything_once_or_is_told(records: list[tuple[int, int]], most: int) -> None:
    parts = [Part("t", number) for number in range(3)]
    ring = Ring(dict.fromkeys(parts, 5), most)
    sent: list[tuple[Part, int]] = []
    seen: list[tuple[Part, int]] = []
    place, number, cut = Place(dict.fromkeys(parts, 5)), 0, False
    for turn, (which, size) in enumerate(records):
        part = parts[which]
        offset = ring.ends[part]
        ring.add(part, offset, b"x" * size)
        ring.add(part, offset, b"again")  # a copy of what came is left out
        sent.append((part, offset))
        if turn % 5 == 4 and not cut:
            try:
                found, number = ring.after(number, place, 1000)
            except LookupError:
                cut = True
                continue
            for each in found:
                seen.append((each.part, each.offset))
                place.offsets[each.part] = each.offset + 1
    if not cut:
        assert seen == sent[: len(sent) // 5 * 5]
    else:
        assert place.behind(ring.first) or seen == sent[: len(seen)]
    assert all(ring.first[part] <= ring.ends[part] for part in parts)
