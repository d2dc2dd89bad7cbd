"""What a back-test is asked, beyond the run and the prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        return Delay.parse(self.delay)

    @property
    def walks(self) -> bool:
        """Whether parameters are chosen fold by fold."""
        return bool(self.train_window or self.test_window)

    @property
    def windows(self) -> Windows:
        """Raises WindowError. A position is held for `hold_bars`, so that is what the past is purged by."""
        return Windows.parse(self.train_window or "180d", self.test_window or "30d", self.embargo, self.hold_bars)
