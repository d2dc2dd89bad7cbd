"""Delays grow, stay at the longest, and start over after a success."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backoff import SPREAD, Backoff, Delays


@given(st.floats(0.01, 100), st.floats(0.01, 1000), st.integers(1, 10_000))
def test_doubling_delays_grow_to_the_longest_and_stay(first: float, longest: float, failures: int) -> None:
    delays = Delays.doubling(first, longest)
    assert delays.after(1) == first and delays.longest == max(first, longest)
    assert delays.after(failures) <= delays.after(failures + 1) <= max(first, 2 * delays.after(failures))
    assert delays.after(len(delays.seconds) + failures) == delays.longest


def test_a_success_starts_over_and_chance_only_shortens() -> None:
    delays = Delays.doubling(1.0, 60.0)
    full, short = Backoff(delays, lambda: 0.0), Backoff(delays, lambda: 1.0)
    assert [full.next_delay() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [short.next_delay() for _ in range(3)] == pytest.approx([(1 - SPREAD) * n for n in (1, 2, 4)])
    full.reset()
    assert full.next_delay() == 1


@pytest.mark.parametrize("first", [0, -1.0])
def test_a_delay_that_cannot_grow_is_refused(first: float) -> None:
    with pytest.raises(ValueError, match="does not grow"):
        Delays.doubling(first, 60.0)
