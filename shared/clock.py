"""Where time comes from. Nothing else in the project asks the operating system for the time (benchmarks excepted)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

# In microseconds, like every instant of the project
SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# In seconds: the lengths of buckets, whose starts are seconds since the epoch
MINUTE_SECONDS: Final = 60
HOUR_SECONDS: Final = 60 * MINUTE_SECONDS
DAY_SECONDS: Final = 24 * HOUR_SECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """A source of 'now' in integer microseconds since the Unix epoch, UTC."""

    def now(self) -> int: ...


class SystemClock:
    """The wall clock."""

    def now(self) -> int:
        return time.time_ns() // 1000


class ReplayClock:
    """A clock that only moves when it is told to; it never goes backwards."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def advance_to(self, instant: int) -> None:
        self._now = max(self._now, instant)


def to_datetime(micros: int) -> datetime:
    """An aware UTC datetime for microseconds since the epoch, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=micros)


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; attach one (datetime.UTC) first")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_iso(micros: int) -> str:
    """ISO 8601 in UTC with a trailing Z, e.g. 2014-01-02T03:04:05.000006Z."""
    return to_datetime(micros).isoformat().replace("+00:00", "Z")
