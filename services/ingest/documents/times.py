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
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

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
_BARE = re.compile(r"([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|([0-9]{2})([0-9]{2}))\Z")
_COMPACT = re.compile(r"(?:19|20)[0-9]{12}\Z")  # YYYYMMDDhhmmss; as epoch milliseconds it would lie centuries ahead
_RFC_2822 = re.compile(r"(?:[A-Za-z]{3,9},?\s+)?(?:\d{1,2}\s+[A-Za-z]{3,9}|[A-Za-z]{3}\s+\d{1,2})\s+.*\d\d:\d\d")
_QUOTED_CHARS: Final = 60


def parse_time(value: object, exchange: ZoneInfo) -> Moment:
    """The moment that `value` names.

    Accepted: aware or naive datetimes, dates, ISO 8601 (any variant that Python reads, with `Z`, `UTC` or an offset),
    RFC 2822 and Twitter's form of it, epoch seconds, milliseconds, microseconds or nanoseconds (told apart by their
    size) as number or text, YYYYMMDDhhmmss, YYYY-MM-DD and YYYYMMDD. Raises UnreadableTime.
    """
    try:
        moment = _parse(value, exchange)
    except (ValueError, OverflowError, ArithmeticError, TypeError) as error:
        raise UnreadableTime(f"{_quote(value)} is not a time that can be read") from error
    if not 0 < moment.micros < _MAX_MICROS:
        raise UnreadableTime(f"{_quote(value)} lies before 1970 or after 9998 (an epoch of 0 is a missing value)")
    return moment


def _quote(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _QUOTED_CHARS else text[:_QUOTED_CHARS] + "…"


def _parse(value: object, exchange: ZoneInfo) -> Moment:
    if isinstance(value, str):
        return _parse_text(value.strip(), exchange)
    if isinstance(value, bool):
        raise ValueError(value)
    if isinstance(value, datetime):
        return Moment(_micros(value))
    if isinstance(value, date):
        return _day(value, exchange)
    if isinstance(value, int):
        return _parse_text(str(value), exchange) if abs(value) < 10**20 else _epoch(Decimal(value))
    if isinstance(value, float) and math.isfinite(value):
        return _parse_text(format(Decimal(repr(value)), "f"), exchange)
    if isinstance(value, Decimal):
        return _epoch(value)
    raise ValueError(value)


def _parse_text(text: str, exchange: ZoneInfo) -> Moment:
    bare = _BARE.match(text)
    if bare:
        year, month, day = bare[1], bare[2] or bare[4], bare[3] or bare[5]
        return _day(date(int(year), int(month), int(day)), exchange)
    if _COMPACT.match(text):
        return Moment(_micros(datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)))
    if _DIGITS.match(text):
        return _epoch(Decimal(text))
    if _RFC_2822.match(text):
        return Moment(_micros(parsedate_to_datetime(text)))
    if text[-4:] in {" UTC", " GMT"}:
        text = text[:-4] + "+00:00"
    if len(text) < 11:  # a week date or an ordinal date: a day as well
        return _day(date.fromisoformat(text), exchange)
    return Moment(_micros(datetime.fromisoformat(text)))


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
        raise ValueError(number)
    if size < 10**11:
        return Moment(int(number * SECOND))
    if size < 10**14:
        return Moment(int(number * 1000))
    return Moment(int(number) if size < 10**17 else int(number) // 1000)
