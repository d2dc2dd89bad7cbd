"""When a signal may be traded: the only place that maps `available_at` to a bar, and it only ever maps forwards."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from shared.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, SECOND

_DELAY = re.compile(r"^(\d+)\s*(bars?|min|m|h|d|s)$")
LONGEST = 3_650 * DAY_SECONDS
_UNITS = {"s": 1, "m": MINUTE_SECONDS, "min": MINUTE_SECONDS, "h": HOUR_SECONDS, "d": DAY_SECONDS}


class DelayError(ValueError):
    """A --delay that is not understood."""


@dataclass(frozen=True, slots=True)
class Delay:
    """A wait between `available_at` and the trade: seconds of time, then whole bars."""

    seconds: int = 0
    bars: int = 0

    @classmethod
    def parse(cls, text: str) -> Delay:
        """`0`, `1bar`, `2bars`, `30min`, `4h`, `1d`; raises DelayError."""
        if text.strip() == "0":
            return cls()
        found = _DELAY.match(text.strip())
        if not found:
            raise DelayError(f"--delay {text!r} is not valid; use, for example, 0, 1bar, 30min, 4h or 1d")
        amount, unit = int(found[1]) if len(found[1]) < 10 else LONGEST + 1, found[2]
        if amount * _UNITS.get(unit, DAY_SECONDS) > LONGEST:
            raise DelayError(f"--delay {text!r} is longer than ten years; nothing would be traded")
        return cls(bars=amount) if unit.startswith("bar") else cls(seconds=amount * _UNITS[unit])


def first_bar(
    available_at: pd.Series, opens_at: pd.DatetimeIndex, delay: Delay, *, at_once: bool = False
) -> np.ndarray:
    """Index into `opens_at` of the bar at whose open each signal is traded; len(opens_at) where none is left.

    available_at: microseconds since the epoch. The bar's open is strictly later than `available_at` + delay.seconds,
    or, with `at_once`, no earlier than it (for bars, whose delay has the way to the exchange in it); each bar of the
    delay then moves one bar on.
    """
    opens = opens_at.as_unit("us").asi8
    ready = available_at.to_numpy(dtype=np.int64) + delay.seconds * SECOND
    index = np.searchsorted(opens, ready, side="left" if at_once else "right") + delay.bars
    bars: np.ndarray = np.minimum(index, len(opens))
    return bars
