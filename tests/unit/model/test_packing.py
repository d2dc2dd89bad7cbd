"""Embeddings in 8 bits, and the most probable events."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.model.packing import most_probable, pack, roles_of, rumours_of, second_of, unpack
from shared.contract.readings import SCALE

ROWS = st.lists(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=5)


@given(ROWS)
def test_a_packed_row_is_within_half_a_step_and_never_depends_on_its_neighbours(rows: list[list[float]]) -> None:
    together = np.array(rows, np.float32)
    packed = pack(together)
    assert packed == [pack(row[None])[0] for row in together]
    for row, (raw, scale) in zip(together, packed, strict=True):
        assert scale >= 1
        assert np.abs(unpack(raw, scale) - row).max() <= scale / SCALE / 2 + 1e-9


def test_the_three_most_probable_events_and_the_lower_class_of_equal_ones() -> None:
    chances = np.array([[0.1, 0.4, 0.1, 0.4], [1, 0, 0, 0]], np.float32)
    assert most_probable(chances, "abcd") == [
        (("b", 400_000), ("d", 400_000), ("a", 100_000)),
        (("a", 1_000_000), ("b", 0), ("c", 0)),
    ]


def test_a_second_event_is_the_next_class_where_it_is_likely_enough() -> None:
    told = (("lawsuit", 600_000), ("settlement", 300_000), ("regulation", 50_000))
    assert second_of(told, 300_000) == ("settlement", 300_000)
    assert second_of(told, 300_001) == ("", 0)
    assert second_of(told[:1], 0) == second_of((), 0) == ("", 0)


def test_roles_and_rumours_are_the_most_probable() -> None:
    chances = np.array([[0.5, 0.5], [0.1, 0.9]])
    assert roles_of(chances, ("", "target")) == ["", "target"]  # of equal ones the earlier
    assert rumours_of(np.array([0.5, 0.49999])) == [True, False]
