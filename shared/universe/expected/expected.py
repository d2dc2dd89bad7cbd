"""One expected date: of a company, of a country's companies or of all, and from when it was known. Microseconds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from shared.clock import to_micros

EXCHANGE: Final = ZoneInfo("America/New_York")  # whose days days are, as everywhere
EVERYBODY: Final = "*"


class Expected(msgspec.Struct, frozen=True):
    """`begin` and `end` are the same where a time of day was given, else the bounds of the day. `company` (an id) or
    `market` (ISO 3166-1 alpha-2, or EVERYBODY) is given. It is known in [known_from, known_until)."""

    begin: int
    end: int
    kind: str
    company: str = ""
    market: str = ""
    note: str = ""
    known_from: int = 0
    known_until: int | None = None  # moved or cancelled
    source: str = ""

    def known_at(self, at: int) -> bool:
        return self.known_from <= at and (self.known_until is None or at < self.known_until)

    @property
    def order(self) -> tuple[int, int, str, str, str, str, int, bool, int]:
        """By which lists are sorted: by time first; what is not withdrawn behind what is."""
        until = self.known_until
        whose = self.kind, self.company, self.market, self.note
        return self.begin, self.end, *whose, self.known_from, until is None, until or 0

    @property
    def all_day(self) -> bool:
        return self.begin != self.end

    @property
    def day(self) -> date:
        """The day in the exchange's zone."""
        return datetime.fromtimestamp(self.begin // 1_000_000, UTC).astimezone(EXCHANGE).date()


def start_of(day: date) -> int:
    """Midnight at which a day begins in the exchange's zone."""
    return to_micros(datetime.combine(day, time(), EXCHANGE))


def end_of(day: date) -> int:
    """Midnight at which it ends: a bare day is known from there on, as a text's is (design 2.3)."""
    return start_of(day + timedelta(days=1))
