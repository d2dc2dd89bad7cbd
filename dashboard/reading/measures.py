"""Formulas on reading: what a user sees, from the integer sums in Redis. Pure; frames in, frames out.

For one sum, without frames, they are in shared/reading/measuring/measures.py, as are their constants.

w = share x confidence of one opinion in [0, 1]; s = positive - negative in [-1, 1] (shared/contract/aggregates.py).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from shared.contract.events import MICRO
from shared.reading.measuring.measures import NORMAL_95, PRIOR_VARIANCE, PRIOR_WEIGHT, Sums
from shared.reading.measuring.windows import Period

Array = npt.NDArray[np.float64]

SUMS: Final = list(Sums._fields)


def sentiment(score_sum: Any, weight_sum: Any) -> Array:
    """Weighted mean sentiment, sum(w*s) / sum(w), in [-1, 1]; NaN where there is no weight."""
    score, weight = np.asarray(score_sum, dtype=float), np.asarray(weight_sum, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight > 0, score / weight, np.nan)
    return np.clip(mean, -1.0, 1.0)


def standard_error(score_sum: Any, score_square_sum: Any, weight_sum: Any) -> Array:
    """Standard error of the weighted mean; infinite where there is no weight.

    Effective number of opinions: Kish's (sum w)^2 / sum w^2 is at least sum w, for w <= 1; sum w is taken, which errs
    towards a wider band. The variance is the weighted one, shrunk towards the prior by PRIOR_WEIGHT opinions.
    """
    mean = np.nan_to_num(sentiment(score_sum, weight_sum))
    weight = np.asarray(weight_sum, dtype=float) / MICRO
    squares = np.asarray(score_square_sum, dtype=float) / MICRO
    around_mean = np.maximum(squares - weight * mean**2, 0.0)
    variance = (around_mean + PRIOR_WEIGHT * PRIOR_VARIANCE) / (weight + PRIOR_WEIGHT)
    with np.errstate(divide="ignore"):
        return np.where(weight > 0, np.sqrt(variance / np.where(weight > 0, weight, np.nan)), np.inf)


def with_measures(sums: pd.DataFrame) -> pd.DataFrame:
    """Adds `sentiment`, `error`, and the ends `low`, `high` of the 95 % band, within [-1, 1]."""
    mean = sentiment(sums["score_sum"], sums["weight_sum"])
    error = standard_error(sums["score_sum"], sums["score_square_sum"], sums["weight_sum"])
    return sums.assign(
        sentiment=mean,
        error=error,
        low=np.clip(mean - NORMAL_95 * error, -1.0, 1.0),
        high=np.clip(mean + NORMAL_95 * error, -1.0, 1.0),
    )


def totals(buckets: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sums per group with their measures; one row per group, the group's columns as columns."""
    return with_measures(buckets.groupby(by, as_index=False, sort=True)[SUMS].sum())


def whole(buckets: pd.DataFrame) -> pd.Series[Any]:
    """Sums and measures over everything, as one row (zeros and NaN when there is nothing)."""
    return with_measures(buckets[SUMS].sum().to_frame().T).iloc[0]


def compare(buckets: pd.DataFrame, span: Period) -> pd.DataFrame:
    """Per company: the window against the window before.

    Adds to the window's totals `change` of sentiment, `documents_before`, `volume_change` (ratio - 1; NaN without a
    before) and `strength`: change ÷ its standard error, so that one loud document does not outrank a real turn.
    """
    now = totals(buckets[buckets["start"] >= span.start], ["company"]).set_index("company")
    before = totals(buckets[buckets["start"] < span.start], ["company"]).set_index("company")
    past = before.reindex(now.index)
    change = now["sentiment"] - past["sentiment"]
    count = past["documents"].fillna(0)
    return now.assign(
        sentiment_before=past["sentiment"],
        change=change,
        strength=change / np.sqrt(now["error"] ** 2 + past["error"] ** 2),
        documents_before=count.astype(int),
        volume_change=np.where(count > 0, now["documents"] / count.where(count > 0, np.nan) - 1, np.nan),
    ).reset_index()


def sparklines(buckets: pd.DataFrame, span: Period, bins: int) -> pd.DataFrame:
    """Per company, `trend`: sentiment in `bins` equal parts from the window before to now, gaps carried forward."""
    width = (span.end - span.before) / bins
    part = ((buckets["start"] - span.before) // width).astype(int).clip(0, bins - 1)
    grouped = buckets.assign(part=part).groupby(["company", "part"], as_index=False)[["score_sum", "weight_sum"]].sum()
    values = sentiment(grouped["score_sum"], grouped["weight_sum"])
    table = grouped.assign(value=values).pivot(index="company", columns="part", values="value")
    filled = table.reindex(columns=range(bins)).ffill(axis=1).bfill(axis=1).fillna(0.0)
    return pd.DataFrame({"company": filled.index, "trend": filled.round(4).to_numpy().tolist()})


def trend(buckets: pd.DataFrame, span: Period, bins: int) -> pd.DataFrame:
    """Everything together in `bins` equal parts from the window before to now: columns sentiment, documents.

    Sentiment is carried forward over gaps and NaN before the first opinion.
    """
    width = (span.end - span.before) / bins
    part = ((buckets["start"] - span.before) // width).astype(int).clip(0, bins - 1)
    sums = buckets.groupby(part)[["documents", "score_sum", "weight_sum"]].sum().reindex(range(bins), fill_value=0)
    values = pd.Series(sentiment(sums["score_sum"], sums["weight_sum"])).ffill()
    return pd.DataFrame({"sentiment": values.to_numpy(), "documents": sums["documents"].to_numpy()})


def ratio(now: float, before: float) -> float:
    """now / before - 1; NaN without a before."""
    return now / before - 1 if before else float("nan")


def share(part: float, total: float) -> float:
    """part / total; NaN of nothing."""
    return part / total if total else float("nan")
