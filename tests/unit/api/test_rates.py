"""How often a key may ask: as many at once as a minute gives, then evenly; each caller for itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.admission.rates import Rates
from services.api.wire.problems import Problem


@given(st.integers(1, 200), st.floats(0, 1e6))
def test_a_minutes_worth_at_once_then_the_wait_that_is_told(rate: int, now: float) -> None:
    rates = Rates()
    for left in range(rate - 1, -1, -1):
        told = rates.take("a", rate, now)
        assert told["RateLimit-Policy"] == f'"default";q={rate};w=60'
        assert told["RateLimit"].startswith(f'"default";r={left};t=')
    with pytest.raises(Problem) as refused:
        rates.take("a", rate, now)
    assert refused.value.status == 429
    wait = int(refused.value.headers["Retry-After"])
    assert 1 <= wait <= max(1, 60 // rate + 1)
    rates.take("b", rate, now)
    rates.take("a", rate, now + wait + 0.001)
    with pytest.raises(Problem):
        for _ in range(rate + 1):
            rates.take("a", rate, now + wait + 0.001)


def test_a_clock_that_stands_still_fills_nothing_and_a_minute_fills_all() -> None:
    rates = Rates()
    for _ in range(5):
        rates.take("a", 5, 10.0)
    with pytest.raises(Problem):
        rates.take("a", 5, 10.0)
    assert rates.take("a", 5, 71.0)["RateLimit"] == '"default";r=4;t=12'
