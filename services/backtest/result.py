"""What a back-test found, and the error of one that cannot be made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from services.backtest.horizons import Horizon
from services.backtest.portfolio import Track

QUANTILES = 5


class BacktestError(ValueError):
    """A back-test that cannot be made; the text says what is missing."""


@dataclass(slots=True)
class Backtest:
    """Everything a tear sheet shows. Frames by session unless said otherwise; of bars of less than a day panel, ic and
    spreads are by bar."""

    panel: pd.DataFrame
    ic: pd.Series  # one-bar information coefficient
    quantiles: pd.DataFrame  # horizon x quantile: mean forward return less the session's mean
    spreads: dict[int | str, pd.Series]  # by horizon: best less worst quantile
    tracks: dict[str, Track]  # "long_short", "long_only"
    market: pd.Series  # return of all companies in equal weights, while positions were held
    placebo_ic: list[float]
    placebo_sharpe: list[float]
    by_year: pd.DataFrame
    by_sector: pd.DataFrame
    events: pd.DataFrame
    horizons: list[Horizon]
    bars: dict[str, Track] = field(default_factory=dict)  # the tracks by bar, where a bar is less than a day
    by_month: pd.DataFrame = field(default_factory=pd.DataFrame)  # see monthly.py
    folds: list[dict[str, Any]] = field(default_factory=list)  # of a walk-forward, as metrics.json has them
    metrics: dict[str, Any] = field(default_factory=dict)
