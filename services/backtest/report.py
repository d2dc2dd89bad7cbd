"""The back-test itself: signals and prices in, every number of the tear sheet out. It computes; tearsheet.py draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from services.backtest.event_study import event_study
from services.backtest.horizons import Horizon, forward, horizons_of, one_bar
from services.backtest.metrics import metrics_of
from services.backtest.monthly import by_month
from services.backtest.portfolio import (
    Track,
    by_session,
    factor_panel,
    long_only,
    long_short,
    session_of,
    shuffled_across_companies,
    track,
)
from services.backtest.prices import Prices
from services.backtest.result import QUANTILES, Backtest, BacktestError
from services.backtest.statistics import forward_returns, information_coefficient, newey_west_t, sharpe
from services.backtest.timing import Delay
from shared.clock import to_iso

PLACEBOS = 100


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
    panel: pd.DataFrame | None = None,
    folds: list[dict[str, Any]] | None = None,
    horizons: list[Horizon] | None = None,
) -> Backtest:
    """signals: company, ticker, available_at, score, confidence, action, model, strategy, evidence.

    `trials`: annualised Sharpe ratios of whatever else was tried on these texts. A walk-forward hands in its stitched
    `panel` (sessions x companies) and its `folds`. Raises BacktestError.
    """
    if signals.empty:
        raise BacktestError(
            "the run has no signals in this range; replay a longer range, or look at the strategy's thresholds"
        )
    if panel is None:
        panel = factor_panel(signals, prices, delay, hold_bars)
    if not panel.notna().any().any():
        raise BacktestError(
            f"no signal has a matching price: signals {to_iso(int(signals['available_at'].min()))} to "
            f"{to_iso(int(signals['available_at'].max()))} on "
            f"{signals['company'].nunique()} companies, prices {prices.open.index[0].date()} to "
            f"{prices.open.index[-1].date()}; "
            "use prices for the same companies and days"
        )
    horizons = horizons or horizons_of(prices)
    ic = information_coefficient(panel, one_bar(prices))
    bars = {
        "long_short": _from_first_position(track(long_short(panel), prices, cost_bps)),
        "long_only": _from_first_position(track(long_only(panel), prices, cost_bps)),
    }
    tracks = {name: by_session(one, prices) for name, one in bars.items()}
    quantiles, spreads = quantile_returns(panel, prices, horizons)
    placebo_ic, placebo_sharpe = _placebo(panel, prices, cost_bps, seed, placebos)
    result = Backtest(
        panel=panel,
        ic=ic,
        quantiles=quantiles,
        spreads=spreads,
        tracks=tracks,
        market=_market(prices, bars["long_only"], tracks["long_only"]),
        placebo_ic=placebo_ic,
        placebo_sharpe=placebo_sharpe,
        horizons=horizons,
        bars=bars if prices.grid is not None else {},
        by_year=_by_year(ic, tracks["long_short"]),
        by_sector=_by_sector(panel, prices, sector_of or {}),
        events=event_study(events, prices) if events is not None and not events.empty else pd.DataFrame(),
    )
    result.folds = folds or []
    result.by_month = by_month(result)
    result.metrics = metrics_of(result, signals, prices, cost_bps, delay, trials or [], list(warnings or []))
    return result


def long_short_sharpe(panel: pd.DataFrame, prices: Prices, cost_bps: float) -> float:
    """Annualised, after costs, from the first position to the last."""
    return sharpe(by_session(_from_first_position(track(long_short(panel), prices, cost_bps)), prices).net)


def _from_first_position(one: Track) -> Track:
    """Cut the empty time before the first position, which would flatter or flatten every ratio."""
    held = np.flatnonzero(one.exposure.to_numpy() > 0)
    start = int(held[0]) if len(held) else 0
    end = int(held[-1]) + 1 if len(held) else len(one.exposure)
    cut = slice(start, end)
    return Track(
        one.weights.iloc[cut], one.gross.iloc[cut], one.net.iloc[cut], one.turnover.iloc[cut], one.exposure.iloc[cut]
    )


def _market(prices: Prices, bars: Track, held: Track) -> pd.Series:
    """Open-to-open return of all companies in equal weights, before costs, over the sessions of `held`."""
    returns = forward_returns(prices.open, 1).mean(axis=1).reindex(bars.net.index).fillna(0.0)
    if prices.grid is not None:
        returns = (1 + returns).groupby(session_of(bars.net.index, prices)).prod() - 1
    return returns.reindex(held.net.index).fillna(0.0)


def quantile_returns(
    panel: pd.DataFrame, prices: Prices, horizons: list[Horizon] | None = None
) -> tuple[pd.DataFrame, dict[int | str, pd.Series]]:
    """(horizon x quantile: mean; horizon -> best less worst quantile by session) of forward returns less the mean.

    Edges as pandas' qcut and alphalens set them: quantiles of the session's scores, the lowest score in the first.
    """
    above = panel.rank(axis=1, method="first") - 1
    count = panel.notna().sum(axis=1)
    bucket = np.ceil(above.mul(QUANTILES).div(count.where(count >= QUANTILES) - 1, axis=0)).clip(lower=1)
    rows: dict[int | str, dict[int, float]] = {}
    spreads: dict[int | str, pd.Series] = {}
    for horizon in horizons or horizons_of(prices):
        excess = forward(prices, horizon).where(panel.notna())
        excess = excess.sub(excess.mean(axis=1), axis=0)
        of_bar = {q: excess.where(bucket == q).mean(axis=1) for q in range(1, QUANTILES + 1)}
        rows[horizon.key] = {q: float(values.mean()) for q, values in of_bar.items()}
        spreads[horizon.key] = (of_bar[QUANTILES] - of_bar[1]).dropna()
    return pd.DataFrame.from_dict(rows, orient="index"), spreads


def _placebo(
    panel: pd.DataFrame, prices: Prices, cost_bps: float, seed: int, runs: int
) -> tuple[list[float], list[float]]:
    generator = np.random.default_rng(seed)
    returns = one_bar(prices)
    ics, sharpes = [], []
    for _ in range(runs):
        other = shuffled_across_companies(panel, generator).where(prices.open.notna())
        ics.append(float(information_coefficient(other, returns).mean()))
        sharpes.append(long_short_sharpe(other, prices, cost_bps))
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
    returns = one_bar(prices)
    rows = []
    for sector in sorted({sector_of.get(name, "") for name in panel.columns} - {""}):
        names = [name for name in panel.columns if sector_of.get(name) == sector]
        ic = information_coefficient(panel[names], returns[names])
        if len(ic) >= 3:
            rows.append((sector, len(names), float(ic.mean()), newey_west_t(ic), len(ic)))
    return pd.DataFrame(rows, columns=["sector", "companies", "ic_mean", "ic_t", "sessions"])
