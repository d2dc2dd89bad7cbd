"""What came of each month, and how the tracks stand against the benchmark: all companies in equal weights. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from services.backtest.result import Backtest
from services.backtest.statistics import max_drawdown, sharpe

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NAMES = {"long_short": "long-short", "long_only": "long-only", "market": "benchmark: all companies, equal weights"}


def by_month(result: Backtest) -> pd.DataFrame:
    """One row a month: year, month, and the return of each track (after costs) and of the benchmark."""
    returns = _returns(result)
    months = returns.groupby([returns.index.year, returns.index.month])
    found = months.apply(lambda part: (1 + part).prod() - 1)
    return found.rename_axis(["year", "month"]).reset_index()


def month_table(months: pd.DataFrame, track: str) -> pd.DataFrame:
    """One row a year, one column a month, as texts; the year's own return last. Months without a position are empty."""
    rows = []
    for year, part in months.groupby("year"):
        by = part.set_index("month")[track]
        cells = {name: f"{by[number]:+.1%}" if number in by else "" for number, name in enumerate(MONTHS, 1)}
        rows.append({"year": str(year), **cells, "whole": f"{(1 + by).prod() - 1:+.1%}"})
    return pd.DataFrame(rows)


def against_benchmark(result: Backtest) -> pd.DataFrame:
    """Each track and the benchmark: return, Sharpe ratio, drawdown; beta and correlation to the benchmark."""
    returns = _returns(result)
    market = returns["market"]
    rows = []
    for column, name in NAMES.items():
        own = returns[column]
        varies = len(own) > 1 and market.std() > 0
        beta = float(np.cov(own, market)[0, 1] / market.var()) if varies else np.nan
        correlation = float(own.corr(market)) if varies and own.std() > 0 else np.nan
        whole = float((1 + own).prod() - 1)
        rows.append((name, whole, sharpe(own), max_drawdown(own), beta, correlation))
    return pd.DataFrame(rows, columns=["track", "return", "sharpe", "deepest drawdown", "beta", "correlation"])


def _returns(result: Backtest) -> pd.DataFrame:
    """Sessions x tracks, over the sessions in which any of them held something."""
    tracks = {name: one.net for name, one in result.tracks.items()}
    return pd.DataFrame({**tracks, "market": result.market}).fillna(0.0)
