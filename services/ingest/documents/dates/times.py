"""Reading points in time from the many forms in which sources write them. Pure; does not know what time it is.

A time without a zone is UTC. A bare date is no point in time: it comes back marked, because it becomes available only
at 00:00 of the next day in the exchange's time zone (design 2.3).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from services.ingest.documents.dates.wall_time import read_formatted, read_wall_time
from services.ingest.documents.dates.zones import NO_NAMES, ZoneNames
from shared.clock import SECOND, to_micros


class UnreadableTime(ValueError):
    """A value that is no time, or lies outside [1970, 9999]; the text quotes it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Microseconds since the epoch, UTC. For a bare date `micros` is the start of that day in the exchange's zone, and
    `next_day` the start of the day after it; else `next_day` is None."""

    micros: int
    next_day: int | None = None

    @property
    def available(self) -> int:
        """When what is stamped with this may be used at the earliest."""
        return self.micros if self.next_day is None else self.next_day


_MAX_MICROS: Final = to_micros(datetime(9999, 1, 1, tzinfo=UTC))
_DIGITS = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,12})?\Z")
_COMPACT: Final = {
    8: "%Y%m%d",
    12: "%Y%m%d%H%M",
    14: "%Y%m%d%H%M%S",
}  # digits alone; as epochs they would lie elsewhere
_QUOTED_CHARS: Final = 60
_REASON_CHARS: Final = 100


def parse_time(value: object, exchange: ZoneInfo, form: str = "", names: ZoneNames = NO_NAMES) -> Moment:
    """The moment that `value` names, read whole: what cannot be told for certain is refused (UnreadableTime).

    Accepted: aware or naive datetimes, dates, ISO 8601, RFC 2822, Twitter's and JavaScript's forms, `Jul 18, 2020
    3:15 PM EDT` and its kin (wall_time.py), epoch seconds, milliseconds, microseconds or nanoseconds (told apart by
    their size) as number or text, YYYYMMDD, YYYYMMDDhhmm and YYYYMMDDhhmmss. `form` (strptime's) replaces all of
    these for texts and numbers; `names` says what names of zones stand for.
    """
    try:
        moment = _parse(value, exchange, form, names)
    except (OverflowError, ArithmeticError, TypeError) as error:
        raise UnreadableTime(f"{_quote(value)} is not a time that can be read") from error
    except ValueError as error:
        why = f"it is not of the form {form!r}" if form else str(error)
        raise UnreadableTime(f"{_quote(value)} is not a time that can be read: {why[:_REASON_CHARS]}") from error
    if not 0 < moment.micros < _MAX_MICROS:
        raise UnreadableTime(f"{_quote(value)} lies before 1970 or after 9998 (an epoch of 0 is a missing value)")
    return moment


def _quote(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTED_CHARS else text[:_QUOTED_CHARS] + "…"


def _parse(value: object, exchange: ZoneInfo, form: str, names: ZoneNames) -> Moment:
    if isinstance(value, str):
        return _parse_text(value.strip(), exchange, form, names)
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, datetime):
        return Moment(_micros(value))
    if isinstance(value, date):
        return _day(value, exchange)
    if isinstance(value, int) and (abs(value) < 10**20 or form):
        return _parse_text(str(value), exchange, form, names)
    if isinstance(value, float) and math.isfinite(value):
        return _parse_text(format(Decimal(repr(value)), "f").removesuffix(".0"), exchange, form, names)
    if isinstance(value, Decimal) and not form:
        return _epoch(value)
    raise TypeError(value)


def _parse_text(text: str, exchange: ZoneInfo, form: str, names: ZoneNames) -> Moment:
    if form:
        return _moment(read_formatted(text, form), exchange)
    digits = len(text) if text.isascii() and text.isdecimal() else 0
    if digits in _COMPACT and (digits == 8 or text.startswith(("19", "20"))):
        moment = datetime.strptime(text, _COMPACT[digits]).replace(tzinfo=UTC)
        return _moment(moment.date() if digits == 8 else moment, exchange)
    if _DIGITS.match(text):
        return _epoch(Decimal(text))
    return _moment(read_wall_time(text, names), exchange)


def _moment(read: datetime | date, exchange: ZoneInfo) -> Moment:
    return Moment(_micros(read)) if isinstance(read, datetime) else _day(read, exchange)


def _day(day: date, exchange: ZoneInfo) -> Moment:
    start = datetime(day.year, day.month, day.day, tzinfo=exchange)
    after = day + timedelta(days=1)
    return Moment(_micros(start), _micros(datetime(after.year, after.month, after.day, tzinfo=exchange)))


def _micros(moment: datetime) -> int:
    return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _epoch(number: Decimal) -> Moment:
    """Seconds, milliseconds, microseconds or nanoseconds since the epoch; from 1973 to 2286 their sizes do not overlap.

    A smaller number is more often a year or a row number than a moment of 1970-1973.
    """
    size = abs(number)
    if not 10**8 <= size < 10**19:
        raise ValueError("no epoch is of that size")
    if size < 10**11:
        return Moment(int(number * SECOND))
    if size < 10**14:
        return Moment(int(number * 1000))
    return Moment(int(number) if size < 10**17 else int(number) // 1000)
