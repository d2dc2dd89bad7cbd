"""What a back-test is asked, beyond the run and the prices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from services.backtest.bars import Clock
from services.backtest.horizons import length_in_bars
from services.backtest.prices import Prices
from services.backtest.timing import Delay
from services.backtest.walk_forward import Criterion, Windows

Trade = Literal["score", "action"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of `bellwether backtest`, as text where the command line gives text."""

    strategy: str | None = None  # one of the run's, or a YAML file that is tried on the run's opinions
    cost_bps: float = 10.0
    delay: str = "0"
    calendar: str = "XNYS"
    currency: str = "USD"
    hold_bars: int = 5
    hold: str = ""  # a length of time in place of `hold_bars`; "" of bars of less than a day: one session
    latency_seconds: int = 0  # from knowing a signal to an order at the exchange; of bars of less than a day
    clock: Clock = field(default_factory=Clock)  # how the times of a file of bars are read
    horizons: str = ""  # of returns, parted by commas
    trade: Trade = "score"  # weights follow the score, or the recommendation alone (thresholds then matter)
    strict: bool = False
    ticker: str = ""  # of a price file without a column of tickers
    mapping: str = ""  # FIELD=column,… of a price file
    seed: int = 7
    train_window: str = ""
    test_window: str = ""
    embargo: str = "0"
    choose_by: Criterion = "sharpe"

    @property
    def wait(self) -> Delay:
        """Raises DelayError."""
        delay = Delay.parse(self.delay)
        return Delay(delay.seconds + self.latency_seconds, delay.bars)

    def on(self, prices: Prices, latency_seconds: int) -> Choices:
        """With its lengths in the bars of `prices`. Raises HorizonError."""
        if prices.grid is None:
            return replace(self, hold_bars=length_in_bars(self.hold, prices, "--hold")) if self.hold else self
        hold = length_in_bars(self.hold or "1session", prices, "--hold")
        return replace(self, hold_bars=hold, latency_seconds=latency_seconds)

    @property
    def walks(self) -> bool:
        """Whether parameters are chosen fold by fold."""
        return bool(self.train_window or self.test_window)

    @property
    def windows(self) -> Windows:
        """Raises WindowError. A position is held for `hold_bars`, so that is what the past is purged by."""
        return Windows.parse(self.train_window or "180d", self.test_window or "30d", self.embargo, self.hold_bars)
