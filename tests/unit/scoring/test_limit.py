"""The dead-letter limit against a recount over the same window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.scoring.limit import DeadLetterLimit


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 20), st.sampled_from((0.1, 0.5, 0.9, 1.0)))
def test_passed_exactly_when_the_latest_window_holds_too_many(dead: list[bool], window: int, share: float) -> None:
    limit = DeadLetterLimit(share, window)
    for position, one in enumerate(dead):
        latest = dead[max(0, position + 1 - window) : position + 1]
        expected = len(latest) == window and sum(latest) > share * window
        assert limit.passed_by(one) is expected
        assert limit.dead == sum(latest)
