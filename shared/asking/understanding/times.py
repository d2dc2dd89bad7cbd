"""The days that a question speaks of. Pure: what is relative is counted from the day on which it is asked.

Several expressions make one stretch, from the first day to the last. A month without a year is the latest one that has
begun; what lies ahead ("from January on", "next year") says nothing about what was written, and is left out.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

MONTHS: Final = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?",
    "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_DAYS: Final = (
    "mon(?:day)?",
    "tue(?:s|sday)?",
    "wed(?:nesday)?",
    "thu(?:rs|rsday)?",
    "fri(?:day)?",
    "sat(?:urday)?",
    "sun(?:day)?",
)
_NUMBERS: Final = {
    "a": 1, "one": 1, "two": 2, "couple of": 2, "three": 3, "few": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
}  # fmt: skip
_SEASONS: Final = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 14)}
_PARTS: Final = {
    "early": (1, 10), "beginning": (1, 10), "start": (1, 10), "mid": (10, 20), "middle": (10, 20), "late": (20, 31),
    "end": (24, 31),
}  # fmt: skip


class Days(NamedTuple):
    """From the first to the last, both included."""

    first: date
    last: date


class Times(NamedTuple):
    """`rest`: the question without them. `period`: a quarter or half, which is written about after it has ended."""

    days: Days | None
    rest: str
    period: bool = False


class TimeReader:
    """One question while its times are taken out."""

    def __init__(self, text: str, asked: date) -> None:
        self.text, self.asked = text, asked
        self.found: list[Days] = []
        self.period = False
        years = re.findall(r"(?<![\d$.,])((?:19|20)\d\d)(?![\d.,]*\d|%)", text)
        self.year = int(years[-1]) if years else None

    def take(
        self, pattern: str, days: Callable[[re.Match[str]], Days | None] | Days | None, *, case: bool = False
    ) -> None:
        """Every place that matches, read and blanked. None of `days`: it is a time that says nothing here."""

        def read(match: re.Match[str]) -> str:
            try:
                found = days(match) if callable(days) else days
            except (ValueError, OverflowError):  # the 31st of February
                return match.group()
            if found is not None and found.first <= self.asked:
                self.found.append(found)
            return " " * len(match.group())

        self.text = re.sub(pattern, read, self.text, flags=0 if case else re.IGNORECASE)

    def month(self, number: int, year: str | int | None = None) -> Days:
        """The latest one of this name that has begun, unless a year says which."""
        chosen = int(year) if year else self.year
        if chosen is None:
            chosen = self.asked.year - (number > self.asked.month)
        return month_of(chosen, number)

    def day(self, number: int, month: int, year: str | int | None = None) -> Days:
        chosen = int(year) if year else self.year
        if chosen is None:
            chosen = self.asked.year - ((month, number) > (self.asked.month, self.asked.day))
        that = date(chosen, month, number)
        return Days(that, that)

    def part(self, name: str, month: Days) -> Days:
        first, last = _PARTS[name.lower()]
        return Days(month.first.replace(day=first), month.first.replace(day=min(last, month.last.day)))


def month_of(year: int, number: int) -> Days:
    year, number = year + (number - 1) // 12, (number - 1) % 12 + 1
    return Days(date(year, number, 1), date(year, number, monthrange(year, number)[1]))


def read_times(text: str, asked: date) -> Times:
    """The days that are meant, and the question without the words for them."""
    reader = TimeReader(text, asked)
    from shared.asking.understanding import times_chinese

    times_chinese.take(reader)
    _absolute(reader)
    _relative(reader)
    if not reader.found:
        return Times(None, reader.text)
    first, last = min(each.first for each in reader.found), max(each.last for each in reader.found)
    return Times(Days(first, last), reader.text, reader.period)


def month_number(name: str) -> int:
    return next(place for place, each in enumerate(MONTHS, 1) if re.fullmatch(each, name.strip(". "), re.IGNORECASE))


_MONTH: Final = rf"\b({'|'.join(MONTHS)})\b\.?"
_YEAR: Final = r"(?:,?\s*(?:of\s+)?((?:19|20)\d\d)\b)"
_NTH: Final = r"(\d{1,2})(?:st|nd|rd|th)?\b"


def _absolute(reader: TimeReader) -> None:
    take, asked = reader.take, reader.asked
    take(r"\b(\d{4})-(\d{2})-(\d{2})\b", lambda m: _one(date(int(m[1]), int(m[2]), int(m[3]))))
    take(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b", lambda m: _one(date(int(m[3]), int(m[1]), int(m[2]))))
    take(r"\b(\d{4})-(\d{2})\b(?!-)", lambda m: month_of(int(m[1]), int(m[2])))
    take(rf"\b{_NTH}\s+(?:of\s+)?{_MONTH}{_YEAR}?", lambda m: reader.day(int(m[1]), month_number(m[2]), m[3]))
    take(rf"{_MONTH}\s*{_NTH}(?!\d){_YEAR}?", lambda m: reader.day(int(m[2]), month_number(m[1]), m[3]))
    parts = "|".join(_PARTS)
    take(
        rf"\b(?:in\s+|by\s+|at\s+|since\s+)?(?:the\s+)?({parts})(?:\s+of|-)?\s*{_MONTH}{_YEAR}?",
        lambda m: reader.part(m[1], reader.month(month_number(m[2]), m[3])),
    )
    _periods(reader)
    take(
        rf"\b(?:from|starting|as of|until|till)\s+(?:in\s+)?{_MONTH}(?!\s*(?:to|through|until|-|and))",
        lambda m: None if month_number(m[1]) > asked.month or reader.year is None else reader.month(month_number(m[1])),
    )
    take(rf"{_MONTH}{_YEAR}", lambda m: reader.month(month_number(m[1]), m[2]))
    take(
        rf"(?:\b(?:in|of|since|during|through|and|between|to|by)\s+|-\s?){_MONTH}",
        lambda m: reader.month(month_number(m[1])),
    )
    named = "|".join(each for each in MONTHS if each not in ("may", "mar(?:ch)?", "dec(?:ember)?"))
    take(rf"\b({named})\b", lambda m: reader.month(month_number(m[1])))
    take(r"\b(May|March|December|Dec|Mar)\b", lambda m: reader.month(month_number(m[1])), case=True)
    take(r"\b(?:at\s+)?(?:the\s+)?(?:year[ -]end|end of the year)\b", reader.month(12, reader.year))
    _seasons(reader)
    if not reader.found:
        take(
            r"(?:\b(?:in|during|of|for|throughout)\s+)?(?<![\d$.,])\b((?:19|20)\d\d)\b(?!\s*(?:percent|pct|%|jobs|stores))",
            lambda m: Days(date(int(m[1]), 1, 1), date(int(m[1]), 12, 31)),
        )
    else:
        take(r"(?:\b(?:in|of)\s+)?(?<![\d$.,])\b(?:19|20)\d\d\b", None)


def _periods(reader: TimeReader) -> None:
    """Quarters and halves."""

    def quarter(number: int, year: str | None) -> Days:
        reader.period = True
        chosen = int(year) + (2000 if int(year) < 100 else 0) if year else reader.year
        if chosen is None:
            chosen = reader.asked.year - (3 * number - 2 > reader.asked.month)
        return Days(date(chosen, 3 * number - 2, 1), month_of(chosen, 3 * number).last)

    def half(number: int, year: str | None) -> Days:
        chosen = int(year) if year else reader.year or reader.asked.year
        return Days(date(chosen, 6 * number - 5, 1), month_of(chosen, 6 * number).last)

    names = {"first": 1, "second": 2, "third": 3, "fourth": 4}
    take = reader.take
    take(rf"{_MONTH}{_YEAR}?\s+quarter\b", lambda m: quarter(-(-month_number(m[1]) // 3), m[2]))
    take(rf"\bQ([1-4]){_YEAR}?", lambda m: quarter(int(m[1]), m[2]))
    take(r"\b([1-4])Q\s?'?((?:19|20)?\d\d)?\b", lambda m: quarter(int(m[1]), m[2]))
    take(
        rf"\b(first|second|third|fourth)[ -]quarter{_YEAR}?",
        lambda m: quarter(names[m[1].lower()], m[2]),
    )
    take(rf"\bH([12]){_YEAR}?", lambda m: half(int(m[1]), m[2]))
    take(rf"\b(first|second)[ -]half(?:\s+of)?{_YEAR}", lambda m: half(names[m[1].lower()], m[2]))


def _seasons(reader: TimeReader) -> None:
    take, asked = reader.take, reader.asked

    def season(name: str, year: str | None) -> Days:
        first, last = _SEASONS[name.lower()]
        chosen = int(year) if year else reader.year or asked.year - (first > asked.month)
        return Days(month_of(chosen, first).first, month_of(chosen, last).last)

    take(
        rf"\b(?:this|last|in|in the|during the|over the)\s+(spring|summer|autumn|fall|winter)\b{_YEAR}?",
        lambda m: season(m[1], m[2]),
    )
    take(r"\b(spring|summer|autumn|fall|winter)\s+(?:of\s+)?((?:19|20)\d\d)\b", lambda m: season(m[1], m[2]))

    def holiday(day: Callable[[int], date], before: bool, year: str | None) -> Days:
        chosen = int(year) if year else reader.year or asked.year
        that = day(chosen)
        if that - timedelta(days=14) > asked:
            that = day(chosen - 1)
        return (
            Days(that - timedelta(days=11), that)
            if before
            else Days(that - timedelta(days=4), that + timedelta(days=7))
        )

    for name, day in (("christmas|xmas", _christmas), ("thanksgiving", _thanksgiving)):
        take(
            rf"\b(?:shortly |just |right )?(before |ahead of )?(?:at |over |around |after |on )?(?:{name})\b{_YEAR}?",
            lambda m, day=day: holiday(day, bool(m[1]), m[2]),  # type: ignore[misc]
        )


def _christmas(year: int) -> date:
    return date(year, 12, 25)


def _thanksgiving(year: int) -> date:
    return date(year, 11, 22) + timedelta(days=(3 - date(year, 11, 22).weekday()) % 7)


def _relative(reader: TimeReader) -> None:
    take, asked = reader.take, reader.asked
    monday = asked - timedelta(days=asked.weekday())
    first = asked.replace(day=1)
    take(r"\b(?:the\s+)?day before yesterday\b", _one(asked - timedelta(days=2)))
    take(r"\b(?:today|tonight|this (?:morning|afternoon|evening)|right now)\b", _one(asked))
    take(r"\b(?:yesterday|last night)(?:'s)?\b", _one(asked - timedelta(days=1)))
    take(r"\bnext (?:day|week|month|quarter|year|spring|summer|autumn)\b|\btomorrow\b", None)
    take(r"\bthis week(?:'s)?\b", Days(monday, asked))
    take(r"\b(?:last|previous) week(?:'s)?\b", Days(monday - timedelta(days=7), monday - timedelta(days=1)))
    take(r"\bthis month(?:'s)?\b", Days(first, asked))
    take(
        r"\b(?:last|previous) month(?:'s)?\b",
        month_of(asked.year - (asked.month == 1), asked.month - 1 or 12),
    )
    take(r"\bthis year(?:'s)?\b", Days(date(asked.year, 1, 1), asked))
    take(r"\b(?:last|previous) year(?:'s)?\b", Days(date(asked.year - 1, 1, 1), date(asked.year - 1, 12, 31)))
    take(
        r"\b(?:this|last|previous) quarter(?:'s)?\b",
        lambda m: _quarter(reader, back=not m.group().lower().startswith("this")),
    )
    count = rf"(\d{{1,3}}|{'|'.join(_NUMBERS)})"
    take(
        rf"\b(?:(?:in|over|during)\s+)?(?:the\s+)?(?:past|last)\s+(?:{count}\s+)?(day|week|month|year)s?\b",
        lambda m: Days(asked - timedelta(days=_length(m[1], m[2])), asked),
    )
    take(rf"\b{count}\s+(day|week|month|year)s?\s+ago\b", lambda m: _ago(asked, _length(m[1], m[2]), m[2]))
    take(
        rf"\b(?:on |last |this )({'|'.join(_DAYS)})(?:'s)?\b|\b((?:Mon|Tues|Wednes|Thurs|Fri)day)(?:'s)?\b",
        lambda m: _one(_weekday(asked, m[1] or m[2])),
    )


def _quarter(reader: TimeReader, *, back: bool) -> Days:
    reader.period = True
    number = (reader.asked.month - 1) // 3
    start = (
        month_of(reader.asked.year, 3 * number + 1 - (3 if back else 0))
        if number or not back
        else month_of(reader.asked.year - 1, 10)
    )
    return Days(start.first, month_of(start.first.year, start.first.month + 2).last)


def _length(count: str | None, unit: str) -> int:
    number = 1 if count is None else int(count) if count.isdigit() else _NUMBERS[count.lower()]
    return number * {"day": 1, "week": 7, "month": 30, "year": 365}[unit.lower()]


def _ago(asked: date, days: int, unit: str) -> Days:
    that, around = asked - timedelta(days=days), {"day": 0, "week": 3, "month": 15, "year": 180}[unit.lower()]
    return Days(that - timedelta(days=around), that + timedelta(days=around))


def _weekday(asked: date, name: str) -> date:
    """The latest one; on that day itself it is this day."""
    wanted = next(place for place, each in enumerate(_DAYS) if re.fullmatch(each, name, re.IGNORECASE))
    return asked - timedelta(days=(asked.weekday() - wanted) % 7)


def _one(day: date) -> Days:
    return Days(day, day)
