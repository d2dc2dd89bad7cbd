"""How values are written for a reader, and how text and links from outside are made harmless. Pure."""

from __future__ import annotations

import math
import re
from datetime import tzinfo

import pandas as pd

from shared.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, SECOND, to_datetime
from shared.formulas import guarded

MINUS = "\u2212"
NOTHING = "\u2013"
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def count(value: float) -> str:
    """1,234 · 12.3k · 4.56M."""
    if math.isnan(value):
        return NOTHING
    for limit, unit, digits in ((1e9, "B", 2), (1e6, "M", 2), (1e4, "k", 1)):
        if abs(value) >= limit:
            return f"{value / {'B': 1e9, 'M': 1e6, 'k': 1e3}[unit]:.{digits}f}{unit}"
    return f"{value:,.0f}"


def score(value: float, digits: int = 2) -> str:
    """A sentiment or a change of one, with its sign: +0.12, -0.40."""
    if not math.isfinite(value):
        return NOTHING
    text = f"{value:+.{digits}f}"
    return text.replace("-", MINUS) if float(text) else f"{0:.{digits}f}"


def percent(value: float, sign: bool = True) -> str:
    """A share or ratio: +12 %, -3 %."""
    if not math.isfinite(value):
        return NOTHING
    return f"{value * 100:{'+' if sign else ''}.0f} %".replace("-", MINUS)


def size(octets: float) -> str:
    """1.4 GB, 312 MB (powers of ten)."""
    return f"{octets / 1e9:.1f} GB" if octets >= 1e9 else f"{octets / 1e6:.0f} MB"


def moment(micros: int, zone: tzinfo, seconds: bool = False, year: bool = False) -> str:
    """`24 Nov 14:32`, in `zone`."""
    form = f"%d %b{' %Y' if year else ''} %H:%M{':%S' if seconds else ''}"
    return to_datetime(micros).astimezone(zone).strftime(form)


def local_times(starts: pd.Series, zone: tzinfo) -> pd.Series:
    """Seconds since the epoch as naive wall-clock times of `zone`, which is what a chart's axis can show."""
    return pd.to_datetime(starts, unit="s", utc=True).dt.tz_convert(zone).dt.tz_localize(None)


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is: every ASCII punctuation mark escaped, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def csv(frame: pd.DataFrame) -> str:
    """With a header; what a spreadsheet would run as a formula, heads too, gets a leading apostrophe."""
    return str(frame.map(guarded).rename(columns=guarded).to_csv(index=False))


def seconds_ago(now: int, then: int) -> str:
    """`3 s ago`, `5 min ago`, `2 h ago`, from two instants in microseconds."""
    passed = max(now - then, 0) // SECOND
    for limit, unit, length in (
        (2 * MINUTE_SECONDS, "s", 1),
        (2 * HOUR_SECONDS, "min", MINUTE_SECONDS),
        (2 * DAY_SECONDS, "h", HOUR_SECONDS),
    ):
        if passed < limit:
            return f"{passed // length} {unit} ago"
    return f"{passed // DAY_SECONDS} d ago"
