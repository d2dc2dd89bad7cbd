"""From signals to positions to returns after costs.
Positions are taken at a bar's open and held to the next bar's open.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from services.backtest.prices import Prices
from services.backtest.timing import Delay, first_bar

WORTH = {"strong sell": -1.0, "sell": -0.5, "hold": 0.0, "buy": 0.5, "strong buy": 1.0}


@dataclass(frozen=True, slots=True)
class Track:
    """One portfolio. Series by session; returns are fractions of capital (0.01 = 1 %)."""

    weights: pd.DataFrame
    gross: pd.Series  # return before costs
    net: pd.Series  # return after costs
    turnover: pd.Series  # sum of absolute trades over capital
    exposure: pd.Series  # sum of absolute weights

    @property
    def equity(self) -> pd.Series:
        """Growth of 1, after costs."""
        return (1 + self.net).cumprod()


def factor_panel(signals: pd.DataFrame, prices: Prices, delay: Delay, hold_bars: int) -> pd.DataFrame:
    """Scores as known at each bar's open: bars x companies, NaN where no signal is in force.

    signals: columns company, available_at (microseconds), score in [-1, 1]. A signal is in force from its first
    tradeable bar for `hold_bars` bars or until a newer one. Companies without prices are left out (the caller reports
    them).
    """
    opens = prices.open.index
    usable = signals[signals["company"].isin(prices.open.columns)].sort_values("available_at", kind="stable")
    bar = bar_of(usable["available_at"], prices, delay)
    usable = usable.assign(bar=bar)[bar < len(opens)]
    latest = usable.drop_duplicates(["bar", "company"], keep="last")
    panel = latest.pivot(index="bar", columns="company", values="score").reindex(range(len(opens)))
    panel.index = opens
    panel = panel.reindex(columns=prices.open.columns)
    spoken = panel.ffill(limit=hold_bars - 1) if hold_bars > 1 else panel
    if prices.grid is None:
        return spoken.where(prices.open.notna())
    # at a bar that a company lacks nothing is filled: what was in force at its last one stays so
    kept = spoken.fillna(np.inf).where(prices.tradeable).ffill()
    return kept.where(np.isfinite(kept) & prices.open.notna())


def bar_of(available_at: pd.Series, prices: Prices, delay: Delay) -> np.ndarray:
    """The bar at whose open a signal would be traded, as `first_bar` finds it."""
    return first_bar(available_at, prices.opens_at, delay, at_once=prices.grid is not None)


def fills(signals: pd.DataFrame, prices: Prices, delay: Delay) -> pd.DataFrame:
    """`signals` with what each was filled at first: `filled_at` (microseconds, the begin of the company's own next bar;
    -1 where there is none) and `fill_price` (NaN there)."""
    column = prices.open.columns.get_indexer(signals["company"])
    bar = bar_of(signals["available_at"], prices, delay)
    traded = prices.tradeable.to_numpy()
    rows = np.arange(len(traded))[:, None]
    following = np.minimum.accumulate(np.where(traded, rows, len(traded))[::-1])[::-1]  # by bar: the next real one
    there = (column >= 0) & (bar < len(traded))
    found = np.full(len(signals), len(traded))
    found[there] = following[bar[there], column[there]]
    real = found < len(traded)
    at, price = np.full(len(signals), -1, dtype=np.int64), np.full(len(signals), np.nan)
    at[real] = prices.opens_at.as_unit("us").asi8[found[real]]
    price[real] = prices.open.to_numpy()[found[real], column[real]]
    return signals.assign(filled_at=at, fill_price=price)


def by_action(signals: pd.DataFrame) -> pd.DataFrame:
    """The same signals with the worth of their recommendation in place of the score: thresholds then matter."""
    return signals.assign(score=signals["action"].map(WORTH))


def long_short(panel: pd.DataFrame) -> pd.DataFrame:
    """Weights proportional to the score less the session's mean;
    absolute weights sum to 1 (0 with fewer than 2 companies).
    """
    centred = panel.sub(panel.mean(axis=1), axis=0)
    gross = centred.abs().sum(axis=1)
    return centred.div(gross.where(gross > 1e-12), axis=0).fillna(0.0)


def long_only(panel: pd.DataFrame) -> pd.DataFrame:
    """Weights proportional to the positive scores, summing to 1; cash where there is none."""
    positive = panel.clip(lower=0.0)
    total = positive.sum(axis=1)
    return positive.div(total.where(total > 1e-12), axis=0).fillna(0.0)


def track(weights: pd.DataFrame, prices: Prices, cost_bps: float) -> Track:
    """Hold `weights` from each open to the next; a trade of x costs x * cost_bps / 10,000.

    Where the next open is missing (a halt, a delisting) the last close of the holding stands in for it.
    """
    exit_price = prices.open.shift(-1).fillna(prices.close)
    returns = (exit_price / prices.open - 1.0).fillna(0.0)
    weights = weights.where(prices.open.notna(), 0.0)
    gross = (weights * returns).sum(axis=1)
    # what the weights have drifted to by the next open, before trading there
    drifted = (weights * (1 + returns)).div(1 + gross, axis=0).shift(1).fillna(0.0)
    turnover = (weights - drifted).abs().sum(axis=1)
    net = gross - turnover * cost_bps / 10_000
    held = slice(0, len(weights) - 1)  # the last session has no next open
    return Track(weights, gross.iloc[held], net.iloc[held], turnover.iloc[held], weights.abs().sum(axis=1).iloc[held])


def by_session(one: Track, prices: Prices) -> Track:
    """A track over bars as one over sessions, returns compounded and turnover summed; one over days as it is."""
    if prices.grid is None:
        return one
    days = session_of(one.net.index, prices)

    def compounded(series: pd.Series) -> pd.Series:
        return (1 + series).groupby(days).prod() - 1

    return Track(
        one.weights.loc[one.net.index].groupby(days).last(),
        compounded(one.gross),
        compounded(one.net),
        one.turnover.groupby(days).sum(),
        one.exposure.groupby(days).mean(),
    )


def session_of(bars: pd.Index, prices: Prices) -> pd.DatetimeIndex:
    """The day of the session of each bar (of daily prices: the bar itself)."""
    if prices.grid is None:
        return pd.DatetimeIndex(bars)
    return prices.grid.days[prices.grid.session[prices.open.index.get_indexer(bars)]]


def night_part(weights: pd.DataFrame, prices: Prices) -> pd.Series:
    """What of `track(...).gross` came between the close of a session and the open of the next one, by bar."""
    assert prices.grid is not None
    last = prices.grid.last_of == np.arange(len(prices.open))
    to_close = prices.close / prices.open
    over = (prices.open.shift(-1) / prices.close - 1).fillna(0.0).mul(last, axis=0)
    found: pd.Series = (weights.where(prices.open.notna(), 0.0) * to_close.fillna(1.0) * over).sum(axis=1)
    return found


def shuffled_across_companies(panel: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """The placebo: one permutation of the companies for the whole panel keeps every signal's path but gives it to
    another.

    Only companies with a signal are permuted; a company keeps no score of its own.
    """
    active = panel.columns[panel.notna().any()]
    if len(active) < 2:
        return panel.copy()
    order = generator.permutation(len(active))
    shift = active.to_numpy()[np.roll(order, 1)]
    renamed = panel[shift].set_axis(active.to_numpy()[order], axis=1)
    return renamed.reindex(columns=panel.columns)
