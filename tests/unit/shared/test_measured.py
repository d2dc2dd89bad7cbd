"""Counters and histograms of a process."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.operation.metrics import API_SECONDS, CONFIDENCE, DEAD, HISTORY, LINK_SECONDS, SENTIMENT
from shared.measured import MOST_SERIES, OTHER, Distribution, Measured

BOUNDS = (0.1, 1.0, 10.0)


@given(st.lists(st.floats(0, 1e6)))
def test_a_bucket_holds_what_is_not_above_its_bound(values: list[float]) -> None:
    found = Distribution.empty(BOUNDS)
    for value in values:
        found.add(value)
    expected = [sum(value <= bound for value in values) for bound in BOUNDS]
    assert [count for _, count in found.cumulative()] == [*expected, len(values)]
    assert [bound for bound, _ in found.cumulative()] == ["0.1", "1.0", "10.0", "+Inf"]
    assert found.total == pytest.approx(sum(values))


def test_counters_without_labels_and_known_ones_begin_at_nought() -> None:
    measured = Measured()
    assert measured.counts(HISTORY) == {(): 0.0}
    measured.count(DEAD, "future", by=2)
    assert measured.counts(DEAD)["future",] == 2 and measured.counts(DEAD)["unscorable",] == 0
    assert measured.distributions(API_SECONDS) == {}
    assert measured.distributions(CONFIDENCE)[()].total == 0


def test_values_from_outside_cannot_make_endless_series() -> None:
    measured = Measured()
    for number in range(MOST_SERIES + 50):
        measured.count(SENTIMENT, str(number))
    found = measured.counts(SENTIMENT)
    assert found[OTHER,] == 50
    assert len(found) <= MOST_SERIES + 4


def test_a_block_is_timed_also_when_it_fails() -> None:
    measured = Measured()
    with pytest.raises(KeyError), measured.timed(LINK_SECONDS):
        raise KeyError
    assert measured.distributions(LINK_SECONDS)[()].cumulative()[-1][1] == 1


def test_threads_lose_nothing() -> None:
    measured = Measured()

    def work() -> None:
        for _ in range(2_000):
            measured.count(HISTORY)
            measured.observe(LINK_SECONDS, value=0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert measured.counts(HISTORY)[()] == 8_000
    assert measured.distributions(LINK_SECONDS)[()].cumulative()[-1][1] == 8_000
