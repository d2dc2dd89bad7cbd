"""Walk-forward: parameters chosen on the past alone, fold by fold, and judged on what came after. Pure.

Time runs in bars. A fold's test stretch begins at an instant `test_from`; what it may look at ends at
`cut` = test_from - embargo. A bar i is in the fold's training stretch when its open lies in [cut - train, cut) AND the
open of bar i + horizon lies before the cut, too: the return that a signal of bar i earned, and every position that it
was held in, is over (purged, as of Lopez de Prado 2018, chapter 7). Test stretches tile the time without gaps.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from services.backtest.horizons import one_bar
from services.backtest.portfolio import long_short, track
from services.backtest.prices import Prices
from services.backtest.statistics import information_coefficient, sharpe
from shared.clock import DAY

Criterion = Literal["sharpe", "ic"]
LEAST: Final = 20  # bars that a training stretch needs before it may choose
_WINDOW = re.compile(r"^(\d+)\s*(d|w)$")
_DAYS = {"d": 1, "w": 7}


class WindowError(ValueError):
    """Windows that cannot be walked; the text names the option."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Lengths in days; `horizon` in bars."""

    train: int
    test: int
    embargo: int = 0
    horizon: int = 1

    @classmethod
    def parse(cls, train: str, test: str, embargo: str, horizon: int) -> Windows:
        """`180d`, `26w`; raises WindowError naming the option."""
        windows = cls(
            _days(train, "--train-window"), _days(test, "--test-window"), _days(embargo, "--embargo"), horizon
        )
        if not windows.train or not windows.test:
            raise WindowError("--train-window and --test-window need at least a day each, e.g. 180d and 30d")
        return windows


def _days(text: str, option: str) -> int:
    found = _WINDOW.match(text.strip())
    if text.strip() == "0":
        return 0
    if not found:
        raise WindowError(f"{option} {text!r} is not valid; use days or weeks, for example 180d or 26w")
    return int(found[1]) * _DAYS[found[2]]


@dataclass(frozen=True, slots=True)
class Fold:
    """Half-open ranges of bars; `cut` in microseconds: nothing known only later may choose."""

    train: tuple[int, int]
    test: tuple[int, int]
    cut: int


def folds(opens_at: pd.DatetimeIndex, first: int, windows: Windows) -> list[Fold]:
    """The folds of the bars from `first` (the first one with a signal) on. The first test stretch begins one training
    window and one embargo after it; the last one may be short. Raises WindowError when not one fits."""
    opens = opens_at.as_unit("us").asi8
    begin = int(opens[first]) + (windows.train + windows.embargo) * DAY
    found = []
    while begin <= opens[-1]:
        end = begin + windows.test * DAY
        cut = begin - windows.embargo * DAY
        known = int(np.searchsorted(opens, cut, side="left")) - windows.horizon
        start = int(np.searchsorted(opens, cut - windows.train * DAY, side="left"))
        test = int(np.searchsorted(opens, begin, side="left")), int(np.searchsorted(opens, end, side="left"))
        if test[0] < test[1]:
            found.append(Fold((start, max(start, known)), test, cut))
        begin = end
    if not found:
        raise WindowError(
            f"the signals span {(int(opens[-1]) - int(opens[first])) // DAY} days: too short for a training "
            f"window of {windows.train} days; use a shorter --train-window or replay more"
        )
    return found


@dataclass(frozen=True, slots=True)
class Candidate:
    """One combination of parameters over the whole time, and what it would have earned, by bar."""

    panel: pd.DataFrame
    ic: np.ndarray  # NaN where too few companies had a signal
    net: np.ndarray  # long-short, after costs
    session: np.ndarray | None = None  # by bar: the number of its session, where a bar is less than a day

    @classmethod
    def of(cls, panel: pd.DataFrame, prices: Prices, cost_bps: float) -> Candidate:
        """Entry i of `ic` and `net` is known once bar i + 1 has opened."""
        ic = information_coefficient(panel, one_bar(prices)).reindex(panel.index)
        net = track(long_short(panel), prices, cost_bps).net.reindex(panel.index)
        return cls(panel, ic.to_numpy(), net.to_numpy(), prices.grid.session if prices.grid is not None else None)

    def score(self, bars: tuple[int, int], by: Criterion) -> float:
        """Mean IC, or annualised Sharpe ratio after costs, over a range of bars; NaN where there is too little."""
        values = pd.Series((self.ic if by == "ic" else self.net)[slice(*bars)])
        if by == "sharpe" and self.session is not None:
            values = (1 + values.dropna()).groupby(self.session[slice(*bars)][values.notna()]).prod() - 1
        values = values.dropna()
        if len(values) < 2:
            return math.nan
        return float(values.mean()) if by == "ic" else sharpe(values)


def choose(candidates: Mapping[str, Candidate], fold: Fold, by: Criterion) -> str | None:
    """The best candidate of the training stretch; the first one named wins a tie. None when it is too short."""
    if fold.train[1] - fold.train[0] < LEAST:
        return None
    scores = {name: candidate.score(fold.train, by) for name, candidate in candidates.items()}
    known = {name: score for name, score in scores.items() if not math.isnan(score)}
    return max(known, key=lambda name: known[name]) if known else None


@dataclass(frozen=True, slots=True)
class Walk:
    """What was chosen where, and the panel that results: out of sample throughout, NaN elsewhere."""

    panel: pd.DataFrame
    chosen: tuple[tuple[Fold, str | None], ...]
    rows: list[dict[str, Any]]  # one a fold, as metrics.json has them


def walk(candidates: Mapping[str, Candidate], fold_list: Sequence[Fold], by: Criterion) -> Walk:
    """Choose in every fold and stitch the test stretches together; a fold that cannot choose trades nothing."""
    any_panel = next(iter(candidates.values())).panel
    stitched = pd.DataFrame(np.nan, index=any_panel.index, columns=any_panel.columns)
    chosen = tuple((fold, choose(candidates, fold, by)) for fold in fold_list)
    rows = []
    for fold, name in chosen:
        if name is not None:
            stitched.iloc[slice(*fold.test)] = candidates[name].panel.iloc[slice(*fold.test)]
        rows.append(_row(candidates, fold, name, any_panel.index))
    return Walk(stitched, chosen, rows)


def _row(candidates: Mapping[str, Candidate], fold: Fold, name: str | None, days: pd.Index) -> dict[str, Any]:
    def measures(bars: tuple[int, int]) -> dict[str, float]:
        if name is None:
            return {"ic": math.nan, "sharpe": math.nan}
        return {"ic": candidates[name].score(bars, "ic"), "sharpe": candidates[name].score(bars, "sharpe")}

    return {
        "train": _range(fold.train, days),
        "test": _range(fold.test, days),
        "parameters": name,
        "train_bars": fold.train[1] - fold.train[0],
        "test_bars": fold.test[1] - fold.test[0],
        "in_sample": measures(fold.train),
        "out_of_sample": measures(fold.test),
    }


def _range(bars: tuple[int, int], days: pd.Index) -> list[str]:
    """First and last session, both inclusive; [] of an empty range."""
    return [str(days[bars[0]].date()), str(days[bars[1] - 1].date())] if bars[0] < bars[1] else []
