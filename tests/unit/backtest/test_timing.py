"""A signal can never be traded at or before the moment it became known."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.backtest.timing import Delay, DelayError, first_bar
from shared.clock import DAY_SECONDS, SECOND

OPENS = pd.date_range("2014-01-01 14:30", periods=60, freq="D", tz="UTC")
MICROS = OPENS.as_unit("us").asi8


@given(
    st.lists(st.integers(int(MICROS[0]) - 10**12, int(MICROS[-1]) + 10**12), min_size=1, max_size=50),
    st.integers(0, 5),
    st.integers(0, 3 * DAY_SECONDS),
)
def test_a_bar_opens_strictly_after_the_signal_and_no_earlier_one_would_do(
    instants: list[int], bars: int, seconds: int
) -> None:
    index = first_bar(pd.Series(instants), OPENS, Delay(seconds, bars))
    for instant, bar in zip(instants, index, strict=True):
        ready = instant + seconds * SECOND
        first = next((i for i, opens in enumerate(MICROS) if opens > ready), len(MICROS))
        assert bar == min(first + bars, len(MICROS))


def test_a_signal_at_the_open_itself_waits_for_the_next_one() -> None:
    assert first_bar(pd.Series([MICROS[3]]), OPENS, Delay())[0] == 4


@pytest.mark.parametrize(
    ("text", "delay"),
    [("0", Delay()), ("1bar", Delay(bars=1)), ("2 bars", Delay(bars=2)), ("30min", Delay(1800)), ("4h", Delay(14400))],
)
def test_delays_are_read(text: str, delay: Delay) -> None:
    assert Delay.parse(text) == delay


@pytest.mark.parametrize("text", ["", "soon", "-1bar", "1.5h", "1 fortnight"])
def test_a_delay_that_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(DelayError, match="is not valid; use, for example,"):
        Delay.parse(text)
