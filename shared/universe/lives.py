"""From when until when a company was called by its names, as its listings tell: a name is read while the company is
listed, and half a year before and after, when its flotation or its end is written of. Pure.

Only where every symbol of the hand-written catalogue has such a day; names that have days of their own keep them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from shared.universe.instrument import Instrument

AROUND: Final = timedelta(days=183)


def first_day(known: Instrument) -> str:
    """The first day of a company's first listing; "" where one of its symbols has no first day."""
    starts = [listing.start for listing in known.listings]
    return min(starts) if starts and all(starts) else ""


def called_while_listed(known: Instrument, first: str) -> Instrument:
    """`known`, its names with the days on which they are read; `first` is its first day in the hand-written file."""
    ends = [listing.end for listing in known.listings]
    start = _shifted(first, -AROUND)
    end = _shifted(max(ends), AROUND) if ends and all(ends) else ""
    if not start and not end:
        return known
    names = (replace(name, start=name.start or start, end=name.end or end) for name in known.names)
    return replace(known, names=tuple(names))


def _shifted(day: str, by: timedelta) -> str:
    return (date.fromisoformat(day) + by).isoformat() if day else ""
