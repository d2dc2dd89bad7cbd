"""Rates and percentiles of a worker's report."""

from __future__ import annotations

from services.runtime.telemetry.report import LATENCIES_KEPT, Pace


def test_percentiles_are_of_the_latest_latencies_only() -> None:
    pace = Pace()
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
