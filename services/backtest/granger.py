"""Does what was written move prices, or follow them? Granger's test by company and number of lags, corrected for many.

Company by company and for each number of lags L: does knowing the last L values of the one help to predict the other
beyond its own last L values (Granger 1969, F-test of the L coefficients)? The q-value of a test is its p-value after
Benjamini and Hochberg (1995) over every test of its direction. It holds where tests depend on each other positively, as
those of one company's lags and of companies in one market do.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import special

LAGS: Final = (1, 2, 3, 5)  # sessions
LEVEL: Final = 0.05  # share of false ones that is borne among what is rejected
LEAST: Final = 60  # sessions that a test needs: all lags and the value itself known
LEADS, FOLLOWS = "score leads returns", "returns lead score"
PERSISTENT: Final = 0.98  # autocorrelation from which a series is too near to a random walk for the F-test
COLUMNS: Final = ["direction", "company", "lags", "sessions", "f", "p", "q", "rejected", "autocorrelation"]


def granger_table(panel: pd.DataFrame, returns: pd.DataFrame, lags: tuple[int, ...] = LAGS) -> pd.DataFrame:
    """One row a test, by p-value; COLUMNS, q and rejected within each direction.

    Both frames are sessions x companies: the score that was known before a session opened, and the return that had
    ended by then. Lags are sessions of that grid: where a value is missing, no row of the regression reaches over it.
    """
    rows = [
        (direction, company, lag, *granger(cause, effect, lag), _autocorrelation(panel[company]))
        for company in panel.columns.intersection(returns.columns)
        for direction, cause, effect in (
            (LEADS, panel[company], returns[company]),
            (FOLLOWS, returns[company], panel[company]),
        )
        for lag in lags
    ]
    table = pd.DataFrame(rows, columns=["direction", "company", "lags", "sessions", "f", "p", "autocorrelation"])
    table = table[np.isfinite(table["p"].astype(float))]
    table["q"] = table.groupby("direction")["p"].transform(lambda p: benjamini_hochberg(p.to_numpy()))
    table["rejected"] = table["q"] <= LEVEL
    return table.sort_values(["p", "direction", "company", "lags"], ignore_index=True)[COLUMNS]


def granger(cause: pd.Series, effect: pd.Series, lags: int) -> tuple[int, float, float]:
    """(sessions used, F, p) of `lags` past values of `cause` beside as many of `effect`; both on one index.

    F and p are NaN for fewer than LEAST sessions, or fewer than five a coefficient, and for a series that stands still.
    """
    x, y = (np.where(np.isfinite(each), each, np.nan) for each in (cause.to_numpy(float), effect.to_numpy(float)))
    past = [_before(each, lag) for each in (y, x) for lag in range(1, lags + 1)]
    whole = np.column_stack([y, *past])
    whole = whole[np.isfinite(whole).all(axis=1)]
    n, freedom = len(whole), len(whole) - 2 * lags - 1
    if n < max(LEAST, 5 * (2 * lags + 1)) or any(_still(column) for column in whole.T):
        return n, math.nan, math.nan
    target, ones = whole[:, 0], np.ones(n)
    restricted = _left(np.column_stack([ones, whole[:, 1 : lags + 1]]), target)
    full = _left(np.column_stack([ones, whole[:, 1:]]), target)
    if full <= 1e-12 * float(((target - target.mean()) ** 2).sum()):
        return n, math.nan, math.nan  # one follows from the other to the digit: no noise to hold it against
    f = max(0.0, restricted - full) / lags / (full / freedom)
    return n, f, float(special.fdtrc(lags, freedom, f))


def _before(values: np.ndarray, lag: int) -> np.ndarray:
    return np.concatenate([np.full(min(lag, len(values)), np.nan), values[:-lag]])


def _still(values: np.ndarray) -> bool:
    return float(values.std()) <= 1e-12 * max(abs(float(values.mean())), 1e-300)


def _left(design: np.ndarray, target: np.ndarray) -> float:
    """The sum of squared residuals of least squares."""
    coefficients, *_ = np.linalg.lstsq(design, target, rcond=None)
    return float(((target - design @ coefficients) ** 2).sum())


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """q-values: the least level at which each test is rejected (Benjamini and Hochberg 1995), in the order of `p`."""
    order = np.argsort(p, kind="stable")
    raised = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return q


def _autocorrelation(series: pd.Series) -> float:
    """From one session to the next."""
    return float(series.autocorr(1)) if series.count() >= LEAST and not _still(series.dropna().to_numpy()) else math.nan


def summed(table: pd.DataFrame, most: int = 20) -> dict[str, Any]:
    """As metrics.json has it: of each direction how many tests, how many are rejected at LEVEL, and the strongest."""
    told: dict[str, Any] = {"level": LEVEL, "correction": "Benjamini-Hochberg", "lags": list(LAGS)}
    for direction in (LEADS, FOLLOWS):
        own = table[table["direction"] == direction]
        told[direction.replace(" ", "_")] = {
            "tests": len(own),
            "companies": int(own["company"].nunique()),
            "rejected": int(own["rejected"].sum()),
            "companies_rejected": sorted(own.loc[own["rejected"], "company"].unique()),
            "below_level_uncorrected": int((own["p"] <= LEVEL).sum()),
            "strongest": own.drop(columns="direction").head(most).to_dict("records"),
        }
    return told


def warnings_of(table: pd.DataFrame) -> list[str]:
    """What a reader has to know before believing one."""
    if table.empty:
        return []
    near = sorted(table.loc[table["autocorrelation"] > PERSISTENT, "company"].unique())
    if not near:
        return []
    return [
        f"Granger: the scores of {len(near)} companies hardly move from one session to the next (autocorrelation above "
        f"{PERSISTENT}: {', '.join(near[:10])}); on series so near to a random walk the F-test finds too much"
    ]
