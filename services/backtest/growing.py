"""The equity curve of a replay that is still running: the back-test's own arithmetic on the signals so far."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from services.backtest.options import Choices
from services.backtest.portfolio import factor_panel, long_only, long_short, track
from services.backtest.prices import Prices
from services.backtest.providers import load_file, provider_of
from services.backtest.timing import Delay
from services.runs.progress import Follower
from services.runs.result import Result
from shared.clients.state_folder import whole_file
from shared.clock import SystemClock, to_datetime
from shared.contract.events import MICRO
from shared.reading.runs_folder import GROWING
from shared.settings import Settings


def follower(settings: Settings, prices: str) -> Callable[[Path], Follower]:
    """What `bellwether replay --prices` shows its results to. Raises PriceError at once, before anything is scored."""
    if not Path(prices).exists():
        provider_of(settings.backtest, prices)  # a provider is asked at the end, when the tickers are known
        return lambda _: lambda *_: None
    frame = load_file(Path(prices), today=to_datetime(SystemClock().now()).date())
    choices = Choices().on(frame, settings.backtest.latency_seconds)
    return lambda folder: GrowingCurve(folder, frame, choices.cost_bps, choices.hold_bars, choices.wait)


class GrowingCurve:
    """A follower of a replay. Leaves RUN/growing.parquet (date, strategy, long_short, long_only: growth of 1 after
    costs) up to the session before the market time that was reached: what comes later is not known yet.
    """

    def __init__(
        self, folder: Path, prices: Prices, cost_bps: float, hold_bars: int, delay: Delay | None = None
    ) -> None:
        self._path = folder / GROWING
        self._prices, self._cost, self._hold, self._delay = prices, cost_bps, hold_bars, delay or Delay()
        self._opens = prices.opens_at.as_unit("us").asi8
        self._seen = 0
        self._rows: list[tuple[str, str, int, float]] = []

    def __call__(self, result: Result, reached: int) -> None:
        fresh = result.signals[self._seen :]
        self._seen += len(fresh)
        self._rows += [(s.strategy, s.company, s.available_at, s.score / MICRO) for s in fresh if not s.revision]
        until = int(np.searchsorted(self._opens, reached, side="left"))
        signals = pd.DataFrame(self._rows, columns=["strategy", "company", "available_at", "score"])
        parts = [
            curve
            for name, some in signals.groupby("strategy")
            if (curve := self._curve(str(name), some, until)) is not None
        ]
        if parts:
            with whole_file(self._path) as draft:
                pd.concat(parts, ignore_index=True).to_parquet(draft, index=False)

    def _curve(self, strategy: str, signals: pd.DataFrame, until: int) -> pd.DataFrame | None:
        panel = factor_panel(signals, self._prices, self._delay, self._hold)
        spoken = np.flatnonzero(panel.notna().any(axis=1).to_numpy())
        if not len(spoken) or until - 1 <= spoken[0]:
            return None
        held = slice(int(spoken[0]), until - 1)
        tracks = {"long_short": long_short(panel), "long_only": long_only(panel)}
        curves = {n: (1 + track(w, self._prices, self._cost).net.iloc[held]).cumprod() for n, w in tracks.items()}
        return pd.DataFrame(curves).rename_axis("date").reset_index().assign(strategy=strategy)
