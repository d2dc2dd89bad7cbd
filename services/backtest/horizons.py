"""How long: horizons of returns and the time a signal stays in force, in bars, minutes of market time or sessions.

A return over bars or minutes lies within one session; what crosses a night is a horizon of its own kind (`night`, or
one of sessions), so that neither is taken for the other. Days have bars alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from services.backtest.prices import Prices
from services.backtest.statistics import forward_returns

DAYS: Final = (1, 2, 3, 5, 10, 20)  # bars, of daily prices
BARS: Final = ("1bar", "15min", "30min", "60min", "120min", "1session", "2sessions", "5sessions", "night")
_LENGTH: Final = re.compile(r"(\d{1,6})\s*(bars?|min|h|sessions?)?")
NIGHT: Final = "night"


class HorizonError(ValueError):
    """A length of time that cannot be meant; the text quotes it."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """`key`: its name in metrics (a number of bars, of daily prices). `bars`: how many it spans, in full sessions."""

    key: int | str
    kind: Literal["bars", "sessions", "night"]
    amount: int
    bars: int

    @property
    def words(self) -> str:
        return f"{self.key} bar(s)" if isinstance(self.key, int) else self.key


def horizons_of(prices: Prices, asked: str = "") -> list[Horizon]:
    """`asked`: texts such as 1bar, 30min, 2h, 1session and night, parted by commas; by default DAYS, or those of BARS
    that the bars divide. Raises HorizonError."""
    if prices.grid is None:
        if not asked:
            return [Horizon(bars, "bars", bars, bars) for bars in DAYS]
        lengths = [length_in_bars(each, prices, "--horizons") for each in _parts(asked)]
        return [Horizon(bars, "bars", bars, bars) for bars in dict.fromkeys(lengths)]
    texts: Sequence[str] = _parts(asked) if asked else [each for each in BARS if _divides(each, prices.grid.minutes)]
    return list({each: _horizon(each, prices) for each in texts}.values())


def length_in_bars(text: str, prices: Prices, option: str) -> int:
    """A session counts as many bars as the longest one has. Raises HorizonError naming the option."""
    amount, unit = _read(text, option)
    grid = prices.grid
    if unit.startswith("session"):
        return amount * (grid.full_session if grid is not None else 1)
    if unit in {"min", "h"}:
        minutes = amount * (60 if unit == "h" else 1)
        if grid is None:
            raise HorizonError(f"{option} {text!r}: daily prices have no minutes; use bars, or give bars of minutes")
        if minutes % grid.minutes:
            raise HorizonError(f"{option} {text!r} is no multiple of the {grid.minutes} minutes of a bar")
        return minutes // grid.minutes
    return amount


def forward(prices: Prices, horizon: Horizon) -> pd.DataFrame:
    """Simple return from each bar's open over the horizon, bars x companies; NaN where a price is missing, no order can
    be filled at the open, or, of bars and minutes, a night lies within. The last bar of a session is left at its close.
    """
    grid = prices.grid
    if grid is None:
        return forward_returns(prices.open, horizon.bars)
    opens, closes = prices.open.to_numpy(), prices.close.to_numpy()
    here, last, first = np.arange(len(opens)), grid.last_of, grid.first
    found = np.full(opens.shape, np.nan)
    if horizon.kind == "night":
        ends = here[(here == last) & (here + 1 < len(opens))]
        found[ends] = opens[ends + 1] / closes[ends] - 1
    elif horizon.kind == "bars":
        inside = here[here + horizon.amount <= last]
        found[inside] = opens[inside + horizon.amount] / opens[inside] - 1
        ends = here[here + horizon.amount == last + 1]
        found[ends] = closes[last[ends]] / opens[ends] - 1
    else:
        target = np.minimum(grid.session + horizon.amount, len(grid.days) - 1)
        bar = np.minimum(first[target] + here - first[grid.session], first[target + 1])  # a shorter day: the next open
        known = here[(grid.session + horizon.amount < len(grid.days)) & (bar < len(opens))]
        found[known] = opens[bar[known]] / opens[known] - 1
    return pd.DataFrame(found, prices.open.index, prices.open.columns).where(grid.traded)


def one_bar(prices: Prices) -> pd.DataFrame:
    """Return of the shortest horizon."""
    return forward(prices, Horizon(1, "bars", 1, 1))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _read(text: str, option: str) -> tuple[int, str]:
    found = _LENGTH.fullmatch(text.strip())
    if not found or not int(found[1]):
        raise HorizonError(f"{option} {text!r} is not valid; use, for example, 5, 30min, 2h or 1session")
    return int(found[1]), found[2] or "bars"


def _divides(text: str, minutes: int) -> bool:
    """Whether the default horizon is one of its own for bars of so many minutes."""
    amount = _LENGTH.fullmatch(text)
    return amount is None or amount[2] != "min" or (int(amount[1]) % minutes == 0 and int(amount[1]) > minutes)


def _horizon(text: str, prices: Prices) -> Horizon:
    assert prices.grid is not None
    if text == NIGHT:
        return Horizon(NIGHT, "night", 0, 1)
    amount, unit = _read(text, "--horizons")
    bars = length_in_bars(text, prices, "--horizons")
    if unit.startswith("session"):
        return Horizon(text, "sessions", amount, bars)
    if bars > prices.grid.full_session:
        raise HorizonError(f"--horizons {text!r} is longer than a session; use sessions, for example 1session")
    return Horizon(text, "bars", bars, bars)
