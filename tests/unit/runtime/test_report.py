"""Rates and percentiles of a worker's report."""

from __future__ import annotations

import itertools

from services.runtime.telemetry.report import LATENCIES_KEPT, Pace


def test_percentiles_are_of_the_latest_latencies_only() -> None:
    pace = Pace(itertools.count(step=100.0).__next__)
    pace.add(0, 0.0)
    for latency in range(3 * LATENCIES_KEPT):
        pace.add(2, float(latency))
    assert pace.processed == 6 * LATENCIES_KEPT
    assert pace.percentile(0) >= 2 * LATENCIES_KEPT - 1
    assert pace.percentile(0.5) <= pace.percentile(0.99) <= 3 * LATENCIES_KEPT - 1


def test_a_pace_without_records_is_nought() -> None:
    pace = Pace()
    pace.tick()
    assert (pace.per_second, pace.percentile(0.99)) == (0.0, 0.0)


def test_the_rate_rises_with_records_and_falls_without() -> None:
    pace = Pace()
    pace.add(1000, 1.0)
    pace.tick()
    high = pace.per_second
    pace.tick()
    assert 0 < pace.per_second <= high


def test_the_start_is_left_out_of_latencies() -> None:
    now = 1_000.0
    pace = Pace(lambda: now)
    now += 30.0
    pace.add(500, 86_400_000.0)  # a day's backlog
    pace.add(500, 29_000.0)  # encoded while the model warmed up
    assert (pace.processed, pace.percentile(0.5), pace.percentile(0.99)) == (1000, 0.0, 0.0)
    now += 10.0
    pace.add(500, 86_390_000.0)  # the rest of it
    pace.add(1, 40.0)
    now += 1.0
    pace.add(1, 50.0)
    assert (pace.processed, pace.percentile(0), pace.percentile(0.99)) == (1502, 40.0, 50.0)
