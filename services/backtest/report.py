"""The back-test itself: signals and prices in, every number of the tear sheet out. It computes; tearsheet.py draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from services.backtest.event_study import event_study
from services.backtest.portfolio import Track, factor_panel, long_only, long_short, shuffled_across_companies, track
from services.backtest.prices import Prices
from services.backtest.statistics import (
    deflated_sharpe,
    fisher_combined,
    forward_returns,
    granger_p,
    information_coefficient,
    newey_west_t,
)
from services.backtest.timing import Delay
from shared.clock import to_iso

HORIZONS = (1, 2, 3, 5, 10, 20)  # bars
QUANTILES = 5
PLACEBOS = 100
SESSIONS_A_YEAR = 252


class BacktestError(ValueError):
    """A back-test that cannot be made; the text says what is missing."""


@dataclass(slots=True)
class Backtest:
    """Everything a tear sheet shows. Frames by session unless said otherwise."""

    panel: pd.DataFrame
    ic: pd.Series  # one-bar information coefficient
    quantiles: pd.DataFrame  # horizon x quantile: mean forward return less the session's mean
    tracks: dict[str, Track]  # "long_short", "long_only"
    placebo_ic: list[float]
    placebo_sharpe: list[float]
    by_year: pd.DataFrame
    by_sector: pd.DataFrame
    events: pd.DataFrame
    metrics: dict[str, Any] = field(default_factory=dict)


def run_backtest(
    signals: pd.DataFrame,
    prices: Prices,
    *,
    delay: Delay,
    cost_bps: float,
    hold_bars: int,
    sector_of: dict[str, str] | None = None,
    events: pd.DataFrame | None = None,
    seed: int = 7,
    placebos: int = PLACEBOS,
    trials: list[float] | None = None,
    warnings: list[str] | None = None,
) -> Backtest:
    """signals: company, ticker, available_at, score, confidence, action, model, strategy, evidence.
    Raises BacktestError.
    """
    if signals.empty:
        raise BacktestError(
            "the run has no signals in this range; replay a longer range, or look at the strategy's thresholds"
        )
    panel = factor_panel(signals, prices, delay, hold_bars)
    if not panel.notna().any().any():
        raise BacktestError(
            f"no signal meets a price: signals {_day(signals['available_at'].min())} to "
            f"{_day(signals['available_at'].max())} on "
            f"{signals['company'].nunique()} companies, prices {prices.open.index[0].date()} to "
            f"{prices.open.index[-1].date()}; "
            "give the prices of the same companies and days"
        )
    ic = information_coefficient(panel, forward_returns(prices.open, 1))
    tracks = {
        "long_short": track(long_short(panel), prices, cost_bps),
        "long_only": track(long_only(panel), prices, cost_bps),
    }
    tracks = {name: _from_first_position(one) for name, one in tracks.items()}
    placebo_ic, placebo_sharpe = _placebo(panel, prices, cost_bps, seed, placebos)
    result = Backtest(
        panel=panel,
        ic=ic,
        quantiles=_quantile_returns(panel, prices),
        tracks=tracks,
        placebo_ic=placebo_ic,
        placebo_sharpe=placebo_sharpe,
        by_year=_by_year(ic, tracks["long_short"]),
        by_sector=_by_sector(panel, prices, sector_of or {}),
        events=event_study(events, prices) if events is not None and not events.empty else pd.DataFrame(),
    )
    result.metrics = _metrics(result, signals, prices, cost_bps, delay, trials or [], list(warnings or []))
    return result


def sharpe(returns: pd.Series) -> float:
    """Annualised mean over standard deviation of daily returns, no risk-free rate; NaN for a flat series."""
    spread = float(returns.std())
    return float(returns.mean() / spread * math.sqrt(SESSIONS_A_YEAR)) if spread > 0 else math.nan


def max_drawdown(returns: pd.Series) -> float:
    """The deepest fall of the equity curve below its earlier peak (starting from 1), as a negative fraction."""
    equity = np.concatenate([[1.0], (1 + returns).cumprod().to_numpy()])
    return float((equity / np.maximum.accumulate(equity) - 1).min())


def sortino(returns: pd.Series) -> float:
    """Annualised mean over downside deviation (zero target); NaN without a loss."""
    downside = math.sqrt(float((returns.clip(upper=0) ** 2).mean()))
    return float(returns.mean() / downside * math.sqrt(SESSIONS_A_YEAR)) if downside > 0 else math.nan


def _from_first_position(one: Track) -> Track:
    """Cut the empty time before the first position, which would flatter or flatten every ratio."""
    held = np.flatnonzero(one.exposure.to_numpy() > 0)
    start = int(held[0]) if len(held) else 0
    end = int(held[-1]) + 1 if len(held) else len(one.exposure)
    cut = slice(start, end)
    return Track(
        one.weights.iloc[cut], one.gross.iloc[cut], one.net.iloc[cut], one.turnover.iloc[cut], one.exposure.iloc[cut]
    )


def _quantile_returns(panel: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    rank = panel.rank(axis=1, method="first")
    count = panel.notna().sum(axis=1)
    bucket = np.ceil(rank.mul(QUANTILES).div(count.where(count >= QUANTILES), axis=0))
    rows = {}
    for bars in HORIZONS:
        forward = forward_returns(prices.open, bars)
        excess = forward.where(panel.notna())
        excess = excess.sub(excess.mean(axis=1), axis=0)
        rows[bars] = {q: float(excess.where(bucket == q).mean(axis=1).mean()) for q in range(1, QUANTILES + 1)}
    return pd.DataFrame.from_dict(rows, orient="index")


def _placebo(
    panel: pd.DataFrame, prices: Prices, cost_bps: float, seed: int, runs: int
) -> tuple[list[float], list[float]]:
    generator = np.random.default_rng(seed)
    forward = forward_returns(prices.open, 1)
    ics, sharpes = [], []
    for _ in range(runs):
        other = shuffled_across_companies(panel, generator).where(prices.open.notna())
        ics.append(float(information_coefficient(other, forward).mean()))
        sharpes.append(sharpe(_from_first_position(track(long_short(other), prices, cost_bps)).net))
    return ics, sharpes


def _by_year(ic: pd.Series, one: Track) -> pd.DataFrame:
    years = sorted(set(ic.index.year) | set(one.net.index.year))
    rows = []
    for year in years:
        values, returns = ic[ic.index.year == year], one.net[one.net.index.year == year]
        rows.append(
            (
                year,
                float(values.mean()),
                newey_west_t(values),
                sharpe(returns),
                float((1 + returns).prod() - 1),
                len(returns),
            )
        )
    return pd.DataFrame(rows, columns=["year", "ic_mean", "ic_t", "sharpe", "return", "sessions"])


def _by_sector(panel: pd.DataFrame, prices: Prices, sector_of: dict[str, str]) -> pd.DataFrame:
    forward = forward_returns(prices.open, 1)
    rows = []
    for sector in sorted({sector_of.get(name, "") for name in panel.columns} - {""}):
        names = [name for name in panel.columns if sector_of.get(name) == sector]
        ic = information_coefficient(panel[names], forward[names])
        if len(ic) >= 3:
            rows.append((sector, len(names), float(ic.mean()), newey_west_t(ic), len(ic)))
    return pd.DataFrame(rows, columns=["sector", "companies", "ic_mean", "ic_t", "sessions"])


def _granger(panel: pd.DataFrame, prices: Prices) -> dict[str, float | int]:
    """Both directions, company by company, combined by Fisher's method."""
    returns = prices.open.shift(-1) / prices.open - 1.0
    known = returns.shift(1)  # the return that ended at this open
    leads, lags = [], []
    for company in panel.columns:
        score = panel[company].dropna()
        if len(score) < 60:
            continue
        leads.append(granger_p(score, known[company].reindex(score.index)))
        lags.append(granger_p(known[company].reindex(score.index), score))
    return {
        "companies": len(leads),
        "sentiment_leads_returns_p": fisher_combined(leads),
        "returns_lead_sentiment_p": fisher_combined(lags),
    }


def _metrics(
    result: Backtest,
    signals: pd.DataFrame,
    prices: Prices,
    cost_bps: float,
    delay: Delay,
    trials: list[float],
    warnings: list[str],
) -> dict[str, Any]:
    both, only = result.tracks["long_short"], result.tracks["long_only"]
    covered = sorted(set(signals["company"]) & set(prices.open.columns))
    missing = sorted(set(signals["company"]) - set(prices.open.columns))
    if missing:
        warnings.append(f"{len(missing)} companies have signals but no prices: {', '.join(missing[:20])}")
    for problem in prices.problems[:20]:
        warnings.append(str(problem))
    if len(prices.problems) > 20:
        warnings.append(f"{len(prices.problems) - 20} more rows of the price file have problems")
    ic_mean, spread = float(result.ic.mean()), result.quantiles[QUANTILES] - result.quantiles[1]
    exceed = sum(abs(value) >= abs(ic_mean) for value in result.placebo_ic)
    per_day = [value / math.sqrt(SESSIONS_A_YEAR) for value in [*trials, sharpe(both.net)]]
    by_horizon = {}
    for bars in HORIZONS:
        ic = information_coefficient(result.panel, forward_returns(prices.open, bars))
        # overlapping windows: at least bars - 1 lags
        lags = max(bars - 1, int(4 * (max(len(ic), 1) / 100) ** (2 / 9)))
        by_horizon[str(bars)] = {"mean": float(ic.mean()), "t": newey_west_t(ic, lags), "sessions": len(ic)}
    return {
        "n_signals": len(signals),
        "n_companies": len(covered),
        "first": _day(signals["available_at"].min()),
        "last": _day(signals["available_at"].max()),
        "ic_mean": ic_mean,
        "ic_t": newey_west_t(result.ic),
        "ic_sessions": len(result.ic),
        "ic_by_horizon": by_horizon,
        "quantile_returns": {
            str(bars): {str(q): value for q, value in row.items()} for bars, row in result.quantiles.iterrows()
        },
        "quantile_spread": {str(bars): float(value) for bars, value in spread.items()},
        "turnover": float(both.turnover.mean()),
        "coverage": float(result.panel.notna().sum(axis=1).div(prices.open.notna().sum(axis=1).clip(lower=1)).mean()),
        "sharpe": sharpe(both.net),
        "sharpe_gross": sharpe(both.gross),
        "sortino": sortino(both.net),
        "max_drawdown": max_drawdown(both.net),
        "total_return": float((1 + both.net).prod() - 1),
        "exposure": float(both.exposure.mean()),
        "long_only": {
            "sharpe": sharpe(only.net),
            "max_drawdown": max_drawdown(only.net),
            "total_return": float((1 + only.net).prod() - 1),
        },
        "deflated_sharpe": deflated_sharpe(both.net, per_day),
        "trials": len(per_day),
        "cost_bps": cost_bps,
        "delay": {"seconds": delay.seconds, "bars": delay.bars},
        "granger": _granger(result.panel, prices),
        "placebo": {
            "runs": len(result.placebo_ic),
            "ic_mean": float(np.mean(result.placebo_ic)),
            "ic_std": float(np.std(result.placebo_ic)),
            "ic_p": (exceed + 1) / (len(result.placebo_ic) + 1),
            "sharpe_mean": float(np.nanmean(result.placebo_sharpe)),
            "sharpe_p": (sum(v >= sharpe(both.net) for v in result.placebo_sharpe) + 1)
            / (len(result.placebo_sharpe) + 1),
        },
        "model": "|".join(sorted(set(signals["model"]))),
        "strategy": "|".join(sorted(set(signals["strategy"]))),
        "price_problems": len(prices.problems),
        "warnings": warnings,
    }


def _day(micros: int) -> str:
    return to_iso(int(micros))
