"""What this process has counted and timed since it started, for its /metrics. It keeps sums and classic buckets, never
single values, and knows nothing of HTTP (services/runtime/telemetry) nor of what other processes did.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from shared.contract.operation.metrics import Metric

MOST_SERIES: Final = 2_000  # of one metric: label values may come from outside
OTHER: Final = "other"  # where the ones beyond go

LabelValues = tuple[str, ...]


@dataclass(slots=True)
class Distribution:
    """How often each bucket was met (one more than bounds: the last has none), and the sum of all values."""

    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0

    @classmethod
    def empty(cls, bounds: tuple[float, ...]) -> Distribution:
        return cls(bounds, [0] * (len(bounds) + 1))

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1  # a bound belongs to its bucket: le
        self.total += value

    def cumulative(self) -> list[tuple[str, int]]:
        """(upper bound, values up to it), as Prometheus writes them."""
        below, found = 0, []
        for bound, count in zip((*map(repr, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, below))
        return found

    def copy(self) -> Distribution:
        return Distribution(self.bounds, list(self.counts), self.total)


class Measured:
    """Thread-safe. Label values are given in the order of `Metric.labels`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Metric, dict[LabelValues, float]] = {}
        self._distributions: dict[Metric, dict[LabelValues, Distribution]] = {}

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._counts.setdefault(metric, {})
            at = _placed(series, labels)
            series[at] = series.get(at, 0) + by

    def count_each(self, metric: Metric, counted: Mapping[str, int]) -> None:
        """Add to a counter of one label, by its values."""
        for value, by in counted.items():
            self.count(metric, value, by=by)

    def observe(self, metric: Metric, *labels: str, value: float) -> None:
        """Add a value to a histogram."""
        self.observe_all(metric, *labels, values=(value,))

    def observe_all(self, metric: Metric, *labels: str, values: Iterable[float]) -> None:
        """Add values to a histogram in one go."""
        with self._lock:
            series = self._distributions.setdefault(metric, {})
            at = _placed(series, labels)
            held = series.get(at)
            if held is None:
                held = series[at] = Distribution.empty(metric.buckets)
            for value in values:
                held.add(value)

    @contextmanager
    def timed(self, metric: Metric, *labels: str) -> Iterator[None]:
        """Observe the seconds that the block takes, also when it fails."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.observe(metric, *labels, value=time.perf_counter() - began)

    def counts(self, metric: Metric) -> dict[LabelValues, float]:
        """Series of a counter; those that are known beforehand are there from the start."""
        with self._lock:
            begun: list[LabelValues] = [(value,) for value in metric.known] if metric.labels else [()]
            return dict.fromkeys(begun, 0.0) | self._counts.get(metric, {})

    def distributions(self, metric: Metric) -> dict[LabelValues, Distribution]:
        """Series of a histogram, copied; one without labels is there from the start."""
        with self._lock:
            found = {at: held.copy() for at, held in self._distributions.get(metric, {}).items()}
        return found or ({} if metric.labels else {(): Distribution.empty(metric.buckets)})


def _placed(series: Mapping[LabelValues, object], labels: LabelValues) -> LabelValues:
    if labels in series or len(series) < MOST_SERIES:
        return labels
    return (OTHER,) * len(labels)


MEASURED: Final = Measured()  # of this process
