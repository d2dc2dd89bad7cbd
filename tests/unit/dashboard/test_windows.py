"""Buckets of a window: together they are exactly the window, whatever the moment."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import DAY, HOUR_SECONDS, SECOND
from shared.contract.aggregates import SECONDS
from shared.reading.measuring.windows import AHEAD, WINDOWS, between, clock, cover, needed, period

moments = st.integers(min_value=100 * DAY, max_value=4_000_000_000 * SECOND)
windows = st.sampled_from(list(WINDOWS.values()))


@settings(deadline=None, max_examples=40)
@given(moments, windows)
def test_the_newest_opinion_lies_in_the_last_fine_bucket(newest: int, window) -> None:
    span = period(newest, window)
    assert span.end * SECOND - SECONDS[window.fine] * SECOND <= newest < span.end * SECOND
    assert span.end - span.start == span.start - span.before == window.seconds


@settings(deadline=None, max_examples=40)
@given(moments, windows)
def test_needed_buckets_tile_both_windows_without_gap_or_overlap(newest: int, window) -> None:
    span = period(newest, window)
    pieces = sorted(
        (start, start + SECONDS[resolution]) for resolution, some in needed(span, window).items() for start in some
    )
    assert pieces[0][0] == span.before
    assert pieces[-1][1] == span.end
    assert all(left[1] == right[0] for left, right in itertools.pairwise(pieces))
    assert span.start in {start for start, _ in pieces}


@settings(deadline=None, max_examples=40)
@given(moments, windows)
def test_few_buckets_are_read(newest: int, window) -> None:
    assert sum(len(some) for some in needed(period(newest, window), window).values()) <= 240


def test_misaligned_ends_are_refused() -> None:
    with pytest.raises(ValueError, match="does not begin and end on a minute"):
        cover(30, HOUR_SECONDS, "hour", "minute")


@settings(deadline=None, max_examples=60)
@given(st.lists(moments, max_size=8), moments)
def test_no_clock_is_more_than_an_hour_ahead(newest: list[int], now: int) -> None:
    found = clock(newest, now)
    assert found <= now + AHEAD
    assert found >= max((at for at in newest if at <= now + AHEAD), default=0)
    assert bool(found) == bool(newest)


@settings(deadline=None, max_examples=60)
@given(moments, st.integers(min_value=1, max_value=800 * 24), moments)
def test_a_range_covers_its_days_in_whole_buckets_wherever_the_newest_is(start: int, hours: int, newest: int) -> None:
    begin, end = start // SECOND, start // SECOND + hours * HOUR_SECONDS
    window = between("range", begin, end)
    span = period(newest, window)
    assert span.start <= begin < end <= span.end
    pieces = sorted((at, at + SECONDS[each]) for each, some in needed(span, window).items() for at in some)
    assert (pieces[0][0], pieces[-1][1]) == (span.before, span.end)
    assert all(left[1] == right[0] for left, right in itertools.pairwise(pieces))
