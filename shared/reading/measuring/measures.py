"""The formulas of what a user sees, for one sum of buckets: plain numbers, for those who have no frames.

The page has them for whole columns (dashboard/reading/measures.py); a test holds the two to each other.
w = share x confidence of one opinion in [0, 1]; s = positive - negative in [-1, 1] (shared/contract/aggregates.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from shared.contract.aggregates import Bucket
from shared.contract.events import MICRO

NORMAL_95: Final = 1.96
# One imagined opinion, uniform on [-1, 1] (variance 1/3): a single document must not look certain.
PRIOR_WEIGHT: Final = 1.0
PRIOR_VARIANCE: Final = 1 / 3


class Sums(NamedTuple):
    """Buckets added up; weights and scores in micro-units."""

    documents: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    weight_sum: int = 0
    score_sum: int = 0
    score_square_sum: int = 0

    @classmethod
    def of(cls, buckets: Iterable[Bucket]) -> Sums:
        totals = [0] * len(cls._fields)
        for bucket in buckets:
            for place, name in enumerate(cls._fields):
                totals[place] += getattr(bucket, name)
        return cls(*totals)

    @property
    def sentiment(self) -> float | None:
        """Weighted mean sentiment in [-1, 1]; None where there is no weight."""
        if self.weight_sum <= 0:
            return None
        return max(-1.0, min(1.0, self.score_sum / self.weight_sum))

    @property
    def error(self) -> float | None:
        """Standard error of that mean: Kish's effective number taken as the sum of w, which errs towards a wider band,
        and the weighted variance shrunk towards the prior by PRIOR_WEIGHT opinions."""
        mean = self.sentiment
        if mean is None:
            return None
        weight, squares = self.weight_sum / MICRO, self.score_square_sum / MICRO
        around_mean = max(squares - weight * mean**2, 0.0)
        variance = (around_mean + PRIOR_WEIGHT * PRIOR_VARIANCE) / (weight + PRIOR_WEIGHT)
        return math.sqrt(variance / weight)

    @property
    def band(self) -> tuple[float | None, float | None]:
        """The ends of the 95 % band of the mean, within [-1, 1]."""
        mean, error = self.sentiment, self.error
        if mean is None or error is None:
            return None, None
        return max(-1.0, mean - NORMAL_95 * error), min(1.0, mean + NORMAL_95 * error)

    def plain(self) -> dict[str, int | float | None]:
        """For a person or a script: scores as fractions, `weight` in opinions."""
        low, high = self.band
        return {
            "documents": self.documents,
            "positive": self.positive,
            "neutral": self.neutral,
            "negative": self.negative,
            "sentiment": self.sentiment,
            "low": low,
            "high": high,
            "weight": self.weight_sum / MICRO,
        }
