"""Statistics of a back-test that alphalens and quantstats do not give, each with its source."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special  # of scipy.stats, which takes a second to load, what these functions are there

EULER_GAMMA = 0.5772156649015329
SESSIONS_A_YEAR = 252
NOISE = 1e-12  # a spread below this share of the mean is rounding, not a spread


def newey_west_t(series: pd.Series, lags: int | None = None) -> float:
    """t-statistic of the mean under autocorrelation (Newey and West 1987, Bartlett kernel).

    lags: by default the rule of thumb floor(4 (n/100)^(2/9)) (Newey and West 1994). NaN for fewer than 3 values.
    """
    values = series.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 3 or values.std() <= NOISE * abs(values.mean()):
        return math.nan
    if lags is None:
        lags = int(4 * (n / 100) ** (2 / 9))
    centred = values - values.mean()
    variance = float(centred @ centred) / n
    for lag in range(1, min(lags, n - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag]) / n
    if variance <= 0:
        return math.nan
    return float(values.mean() / math.sqrt(variance / n))


def information_coefficient(factor: pd.DataFrame, forward: pd.DataFrame, least: int = 5) -> pd.Series:
    """Spearman rank correlation of factor and forward return across companies, one value a session.

    Both are sessions x companies. Sessions with fewer than `least` companies are left out.
    """
    forward = forward.reindex(index=factor.index, columns=factor.columns)
    both = factor.notna() & forward.notna()
    left = factor.where(both).rank(axis=1)
    right = forward.where(both).rank(axis=1)
    left = left.sub(left.mean(axis=1), axis=0)
    right = right.sub(right.mean(axis=1), axis=0)
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    ic = (left * right).sum(axis=1) / scale.where(scale > 0)
    return ic[both.sum(axis=1) >= least].dropna()


def forward_returns(prices: pd.DataFrame, bars: int) -> pd.DataFrame:
    """Simple return from each bar to `bars` later, sessions x companies; NaN where a price is missing."""
    return prices.shift(-bars) / prices - 1.0


def deflated_sharpe(returns: pd.Series, sharpes: Sequence[float]) -> float:
    """Probability that the true Sharpe ratio is above zero after the best of several trials was picked.

    Bailey and Lopez de Prado (2014), "The Deflated Sharpe Ratio". `sharpes` are the per-period Sharpe ratios of ALL
    trials.
    """
    values = returns[np.isfinite(returns)]
    if len(values) < 3 or values.std() <= NOISE * abs(values.mean()):
        return math.nan
    n, sharpe = len(values), float(values.mean() / values.std())
    trials = max(len(sharpes), 1)  # one that gave no number was a trial, too
    known = [one for one in sharpes if math.isfinite(one)]
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    expected = 0.0
    if trials > 1:
        z = special.ndtri
        expected = spread * ((1 - EULER_GAMMA) * z(1 - 1 / trials) + EULER_GAMMA * z(1 - 1 / (trials * math.e)))
    skew, kurtosis = (_standardised(values, power) for power in (3, 4))
    scale = math.sqrt(max(1e-12, 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2))
    return float(special.ndtr((sharpe - expected) * math.sqrt(n - 1) / scale))


def _standardised(values: pd.Series, power: int) -> float:
    """The central moment of this order over that power of the standard deviation (of all values, not of a sample)."""
    centred = values.to_numpy(dtype=float) - values.mean()
    return float(np.mean(centred**power) / np.mean(centred**2) ** (power / 2))


def granger_p(cause: pd.Series, effect: pd.Series, lags: int = 5) -> float:
    """p-value that past `cause` does not help to predict `effect` beyond its own past (F-test, Granger 1969);
    NaN if too short.
    """
    both = pd.concat([effect, cause], axis=1, keys=["y", "x"]).replace([np.inf, -np.inf], np.nan).dropna()
    if len(both) < 5 * lags + 10 or (both.std() <= NOISE * both.mean().abs()).any():
        return math.nan

    def design(columns: list[str]) -> np.ndarray:
        past = [both[name].shift(lag).to_numpy()[lags:] for name in columns for lag in range(1, lags + 1)]
        return np.column_stack([np.ones(len(both) - lags), *past])

    target = both["y"].to_numpy()[lags:]

    def residual(matrix: np.ndarray) -> float:
        coefficients, *_ = np.linalg.lstsq(matrix, target, rcond=None)
        return float(((target - matrix @ coefficients) ** 2).sum())

    restricted, full = residual(design(["y"])), residual(design(["y", "x"]))
    freedom = len(target) - 2 * lags - 1
    if freedom <= 0 or full <= 0:
        return math.nan
    return float(special.fdtrc(lags, freedom, max(0.0, restricted - full) / lags / (full / freedom)))


def fisher_combined(p_values: Sequence[float]) -> float:
    """One p-value out of several independent ones (Fisher 1925); NaN without any."""
    known = [p for p in p_values if math.isfinite(p)]
    if not known:
        return math.nan
    return float(special.chdtrc(2 * len(known), -2 * np.log(np.clip(known, 1e-300, 1.0)).sum()))


def sharpe(returns: pd.Series) -> float:
    """Annualised mean over standard deviation of daily returns, no risk-free rate; NaN for a flat series."""
    known = returns.dropna()
    if len(known) < 2 or not np.isfinite(known).all():
        return math.nan
    mean, spread = float(known.mean()), float(known.std())
    return float(mean / spread * math.sqrt(SESSIONS_A_YEAR)) if spread > NOISE * abs(mean) else math.nan


def sharpe_error(returns: pd.Series) -> float:
    """Standard error of `sharpe`, annualised, for independent returns (Lo 2002, equation 9)."""
    daily = sharpe(returns) / math.sqrt(SESSIONS_A_YEAR)
    return math.sqrt((1 + daily**2 / 2) / len(returns) * SESSIONS_A_YEAR) if len(returns) else math.nan


def max_drawdown(returns: pd.Series) -> float:
    """The deepest fall of the equity curve below its earlier peak (starting from 1), as a negative fraction."""
    equity = np.concatenate([[1.0], (1 + returns).cumprod().to_numpy()])
    return float((equity / np.maximum.accumulate(equity) - 1).min())


def sortino(returns: pd.Series) -> float:
    """Annualised mean over downside deviation (zero target); NaN without a loss."""
    downside = math.sqrt(float((returns.clip(upper=0) ** 2).mean()))
    return float(returns.mean() / downside * math.sqrt(SESSIONS_A_YEAR)) if downside > 0 else math.nan


def placebo_p(observed: float, placebo: Sequence[float]) -> float:
    """Share of placebos that are at least as high, counting the observed one among them (Davison and Hinkley 1997);
    NaN where there is no observed value or no placebo to hold it against: what is not a number is no evidence."""
    known = [value for value in placebo if math.isfinite(value)]
    if not known or not math.isfinite(observed):
        return math.nan
    return (sum(value >= observed for value in known) + 1) / (len(known) + 1)


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of what is a number; NaN without any."""
    known = [value for value in values if math.isfinite(value)]
    return (float(np.mean(known)), float(np.std(known))) if known else (math.nan, math.nan)
