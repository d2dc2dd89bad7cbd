"""metrics.json: every number of a back-test under its documented key."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd

from services.backtest.granger import granger_table, summed, warnings_of
from services.backtest.horizons import forward
from services.backtest.portfolio import bar_of, night_part, session_of
from services.backtest.prices import Prices
from services.backtest.result import QUANTILES, Backtest
from services.backtest.statistics import (
    SESSIONS_A_YEAR,
    deflated_sharpe,
    fisher_combined,
    granger_p,
    information_coefficient,
    max_drawdown,
    mean_and_spread,
    newey_west_t,
    placebo_p,
    sharpe,
    sharpe_error,
    sortino,
)
from services.backtest.timing import Delay
from shared.clock import to_iso


def metrics_of(
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
    placebo_mean, placebo_spread = mean_and_spread(result.placebo_ic)
    per_day = [value / math.sqrt(SESSIONS_A_YEAR) for value in [*trials, sharpe(both.net)]]
    by_horizon, spread_t = {}, {}
    for horizon in result.horizons:
        bars, spreads = 1 if horizon.kind == "night" else horizon.bars, result.spreads[horizon.key]
        ic = information_coefficient(result.panel, forward(prices, horizon))
        told = {"mean": float(ic.mean()), "t": newey_west_t(ic, _lags(bars, ic)), "sessions": len(ic)}
        by_horizon[str(horizon.key)] = told if prices.grid is None else told | {"bars": bars}
        spread_t[str(horizon.key)] = newey_west_t(spreads, _lags(bars, spreads))
    known = _known(prices)
    tests = granger_table(result.panel, known)
    warnings += warnings_of(tests)
    return {
        "n_signals": len(signals),
        "n_signals_without_price": _without_price(signals, prices, delay),
        "n_companies": len(covered),
        "first": to_iso(int(signals["available_at"].min())),
        "last": to_iso(int(signals["available_at"].max())),
        "ic_mean": ic_mean,
        "ic_t": newey_west_t(result.ic),
        "ic_sessions": len(result.ic),
        "ic_by_horizon": by_horizon,
        "quantile_returns": {
            str(bars): {str(q): value for q, value in row.items()} for bars, row in result.quantiles.iterrows()
        },
        "quantile_spread": {str(bars): float(value) for bars, value in spread.items()},
        "quantile_spread_t": spread_t,
        "turnover": float(both.turnover.mean()),
        "coverage": _coverage(result.panel, prices),
        "sharpe": sharpe(both.net),
        "sharpe_error": sharpe_error(both.net),
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
        "market": {"sharpe": sharpe(result.market), "total_return": float((1 + result.market).prod() - 1)},
        "deflated_sharpe": deflated_sharpe(both.net, per_day),
        "trials": len(per_day),
        "cost_bps": cost_bps,
        "delay": {"seconds": delay.seconds, "bars": delay.bars},
        "bars": _bars(result, prices),
        "granger": _granger(result.panel, known) | summed(tests),
        "placebo": {
            "runs": len(result.placebo_ic),
            "ic_mean": placebo_mean,
            "ic_std": placebo_spread,
            "ic_p": placebo_p(abs(ic_mean), [abs(value) for value in result.placebo_ic]),
            "sharpe_mean": mean_and_spread(result.placebo_sharpe)[0],
            "sharpe_p": placebo_p(sharpe(both.net), result.placebo_sharpe),
        },
        "model": "|".join(sorted(set(signals["model"]))),
        "strategy": "|".join(sorted(set(signals["strategy"]))),
        "price_problems": len(prices.problems),
        "folds": result.folds,
        "by_year": _rows(result.by_year),
        "by_month": _rows(result.by_month),
        "by_sector": _rows(result.by_sector),
        "events": _rows(result.events),
        "warnings": warnings,
    }


def _bars(result: Backtest, prices: Prices) -> dict[str, Any] | None:
    """What bars of less than a day have besides; None of days. Returns of the long-short book before costs, by session:
    over the night and within the session (sums of fractions of capital)."""
    grid = prices.grid
    if grid is None:
        return None
    one = result.bars["long_short"]
    night = night_part(one.weights.reindex(prices.open.index, fill_value=0.0), prices).reindex(one.gross.index)
    day = one.gross - night
    days = session_of(one.gross.index, prices)
    told = {}
    for name, part in (("night", night), ("session", day)):
        sums = part.groupby(days).sum()
        told[name] = {"return": float(sums.sum()), "mean": float(sums.mean()), "t": newey_west_t(sums)}
    return {
        "minutes": grid.minutes,
        "full_session": grid.full_session,
        "sessions": len(grid.days),
        "labels": grid.labels,
        "missing": float(1 - grid.traded.to_numpy()[prices.open.notna().to_numpy()].mean()),
        "max_drawdown": max_drawdown(one.net),
        **told,
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One mapping a row, in plain types; NaN becomes None."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=12))
    return rows


def _coverage(panel: pd.DataFrame, prices: Prices) -> float:
    """Mean share of priced companies with a signal in force, from the first session with one to the last."""
    spoken = panel.notna().sum(axis=1)
    inside = slice(*spoken[spoken > 0].index[[0, -1]])
    return float((spoken[inside] / prices.open[inside].notna().sum(axis=1).clip(lower=1)).mean())


def _without_price(signals: pd.DataFrame, prices: Prices, delay: Delay) -> int:
    """Signals that could not be traded: no such company, no session left, or no open on that session."""
    column = prices.open.columns.get_indexer(signals["company"])
    bar = bar_of(signals["available_at"], prices, delay)
    there = (column >= 0) & (bar < len(prices.open))
    opens = prices.open.to_numpy()[bar[there], column[there]]
    return len(signals) - int(np.isfinite(opens).sum())


def _lags(bars: int, series: pd.Series) -> int:
    """Returns over several bars overlap: at least bars - 1 lags."""
    return max(bars - 1, int(4 * (max(len(series), 1) / 100) ** (2 / 9)))


def _known(prices: Prices) -> pd.DataFrame:
    """The return that ended at each open: returns, for prices are no stationary series."""
    known: pd.DataFrame = prices.open / prices.open.shift(1) - 1.0
    return known


def _granger(panel: pd.DataFrame, known: pd.DataFrame) -> dict[str, float | int]:
    """Both directions, company by company, combined by Fisher's method. `known`: the return that ended at each open."""
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
