"""Dates and times as people and programs write them in words and signs. Pure.

A text is cut into parts, and every part must mean something: what is left over, said twice or contradicts the rest is
an error. Nothing is guessed: 03/04/2020 is two days, 3:15 alone is 03:15, and IST is several zones (zones.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final

from services.ingest.documents.dates.zones import NO_NAMES, ZoneNames, later_of, zone_called

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH: Final = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY: Final = (
    r"mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
_PART: Final = re.compile(
    rf"""(?P<gap>[\s,]+|at\b|on\b|T(?=\d))
    |(?P<ymd>(?P<year>\d{{4}})(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign)(?P<day>\d{{1,2}})(?!\d))
    |(?P<hanzi>(?P<hyear>\d{{4}})年(?P<hmonth>\d{{1,2}})月(?P<hday>\d{{1,2}})日)
    |(?P<week>\d{{4}}-?W\d{{2}}(?:-?[1-7])?(?!\d))
    |(?P<dashed>(?P<dday>\d{{1,2}})-(?P<dmonth>{_MONTH})-(?P<dyear>\d{{4}}|\d{{2}})(?!\d))
    |(?P<compact>\d{{8}}(?=T|\s))
    |(?P<numeric>\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}(?!\d))
    |(?P<time>(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})(?:[.,](?P<fraction>\d{{1,12}}))?)?(?![\d:.]))
    |(?P<short>(?<=T)(?P<shour>\d{{2}})(?:(?P<sminute>\d{{2}})(?:(?P<ssecond>\d{{2}})(?:[.,](?P<sfraction>\d{{1,12}}))?)?)?
      (?![\d:.]))
    |(?P<full>(?P<fhour>\d{{1,2}})(?=\s?[ap]\.?m\b))
    |(?P<offset>(?:(?:UTC|GMT|UT)\s?)?(?P<plus>[+-])(?P<oh>\d{{1,2}})(?::?(?P<om>\d{{2}})(?::?(?P<os>\d{{2}}))?)?(?![\d:]))
    |(?P<number>\d{{1,4}})(?:st|nd|rd|th)?(?![\w:])
    |(?P<half>[ap])\.?m\b\.?
    |(?P<weekday>{_WEEKDAY})\b\.?
    |(?P<monthname>{_MONTH})\b\.?
    |\((?P<comment>[^()]{{1,60}})\)|\[(?P<bracket>[A-Za-z0-9_+/-]{{1,60}})\]
    |(?P<zone>[A-Za-z]+(?:/[A-Za-z0-9_+-]+){{0,2}})(?![\w/])""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_FORMAT_CODES: Final = frozenset("YmdHMSfzpIyjbBaA%")
_MAX_CHARS: Final = 100
_MAX_OFFSET: Final = timedelta(hours=14)


@dataclass(slots=True)
class _Parts:
    """What a text said so far; each at most once."""

    day: date | None = None
    weekday: int | None = None
    month: int | None = None
    numbers: list[str] = field(default_factory=list)
    day_first: bool = False  # the first number stood before the month's name
    time: tuple[int, int, int, int] | None = None  # hour, minute, second, microsecond
    half: str = ""
    offset: tzinfo | None = None
    zone: tzinfo | None = None
    comments: list[str] = field(default_factory=list)

    def once(self, name: str, value: object) -> None:
        if getattr(self, name) not in (None, ""):
            raise ValueError(f"it says its {name} twice")
        setattr(self, name, value)


def read_wall_time(text: str, names: ZoneNames = NO_NAMES) -> datetime | date:
    """An aware datetime, or a date where no time of day is given. Without a zone it is UTC. Raises ValueError."""
    if len(text) > _MAX_CHARS:
        raise ValueError("it is too long")
    text = text.replace("\u2212", "-").replace("\u202f", " ").replace("\xa0", " ")
    parts, position = _Parts(), 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None or match.end() == position:
            raise ValueError(f"{text[position:][:20]!r} in it means nothing here")
        _take(match, parts, names)
        position = match.end()
    return _whole(parts, names)


def _take(match: re.Match[str], parts: _Parts, names: ZoneNames) -> None:
    kind = str(match.lastgroup)  # the outermost group of the alternative
    if kind == "numeric":
        raise ValueError("it may be two days; say which with --date-format, for example %d/%m/%Y")
    if kind in {"ymd", "hanzi"}:
        prefix = "" if kind == "ymd" else "h"
        parts.once("day", date(*(int(match[prefix + name]) for name in ("year", "month", "day"))))
    elif kind == "dashed":
        parts.once("day", date(_year(match["dyear"]), _month(match["dmonth"]), int(match["dday"])))
    elif kind in {"week", "compact"}:
        parts.once("day", date.fromisoformat(match[kind]))
    elif kind in {"time", "short", "full"}:
        parts.once("time", _clock(match, {"time": "", "short": "s", "full": "f"}[kind]))
    elif kind == "offset":
        parts.once("offset", _offset(match))
    elif kind == "number":
        parts.day_first |= parts.month is None and not parts.numbers
        parts.numbers.append(match["number"])
    elif kind == "half":
        parts.once("half", match["half"].lower())
    elif kind == "weekday":
        parts.once("weekday", _DAYS.index(match["weekday"][:3].lower()))
    elif kind == "monthname":
        parts.once("month", _month(match["monthname"]))
    elif kind == "zone":
        parts.once("zone", zone_called(match["zone"], names))
    elif kind != "gap":
        parts.comments.append(match[kind].strip())


def _clock(match: re.Match[str], prefix: str) -> tuple[int, int, int, int]:
    groups = match.groupdict()
    hour, minute, second, fraction = (
        groups.get(prefix + name) or "0" for name in ("hour", "minute", "second", "fraction")
    )
    return int(hour), int(minute), int(second), int(fraction[:6].ljust(6, "0"))


def _offset(match: re.Match[str]) -> tzinfo:
    hours, minutes, seconds = (int(match[name] or 0) for name in ("oh", "om", "os"))
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if minutes > 59 or seconds > 59 or size > _MAX_OFFSET:
        raise ValueError(f"{match['offset']} is no offset")
    return timezone(-size if match["plus"] == "-" else size)


def _month(name: str) -> int:
    return _MONTHS.index(name[:3].lower()) + 1


def _year(digits: str) -> int:
    """Two digits by RFC 2822: 00 to 49 lie in this century."""
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) < 50 else 1900)


def _whole(parts: _Parts, names: ZoneNames) -> datetime | date:
    day = _day(parts)
    if parts.weekday is not None and day.weekday() != parts.weekday:
        raise ValueError(f"{day} was no {_DAYS[parts.weekday].title()}")
    if parts.time is None:
        if parts.half or parts.offset or parts.zone or parts.comments:
            raise ValueError("it has a zone, or AM or PM, but no time of day")
        return day
    hour, minute, second, micro = parts.time
    if parts.half:
        if not 1 <= hour <= 12:
            raise ValueError(f"{hour} is no hour of AM or PM")
        hour = hour % 12 + (12 if parts.half == "p" else 0)
    over = timedelta()
    if (hour, minute, second, micro) == (24, 0, 0, 0):  # the end of the day, as ISO 8601 had it
        hour, over = 0, timedelta(days=1)
    elif second == 60:  # a leap second
        second, over = 59, timedelta(seconds=1)
    wall = datetime(day.year, day.month, day.day, hour, minute, second, micro, tzinfo=UTC)
    try:
        return _in_zone(wall + over, parts, names)
    except OverflowError:
        raise ValueError("it lies outside the calendar, which ends with the year 9999") from None


def _day(parts: _Parts) -> date:
    if parts.day is not None:
        if parts.month is not None or parts.numbers:
            raise ValueError("it says its day twice")
        return parts.day
    if parts.month is None or len(parts.numbers) != 2:
        raise ValueError("it names no day")
    years = [one for one in parts.numbers if len(one) == 4]
    if not years and parts.day_first:  # 3 Mar 26
        day, year = parts.numbers
        if len(year) != 2:
            raise ValueError("it names no year")
        return date(_year(year), parts.month, int(day))
    if len(years) != 1:
        raise ValueError("it names no year")
    (day,) = (one for one in parts.numbers if one is not years[0])
    return date(int(years[0]), parts.month, int(day))


def _in_zone(wall: datetime, parts: _Parts, names: ZoneNames) -> datetime:
    """Zone, offset and a comment such as (PDT) may stand together; they must not contradict each other."""
    said = [zone for zone in (parts.offset, parts.zone) if zone is not None]
    for comment in parts.comments:
        try:
            said.append(zone_called(comment, names))
        except ValueError:
            if parts.offset is None:  # (Pacific Daylight Time) says nothing new behind an offset
                raise
    if not said:
        return wall
    moments = {later_of(wall, zone) for zone in said}
    if len(moments) > 1:
        raise ValueError("it names two zones that do not agree")
    return moments.pop()


def check_date_format(form: str) -> str:
    """`form` if it can be read with `read_formatted`. Raises ValueError with the remedy."""
    codes = re.findall(r"%(.)", form, re.DOTALL)
    strange = [code for code in codes if code not in _FORMAT_CODES]
    if strange:
        hint = "; names of zones are not read, %z reads offsets" if "Z" in strange else ""
        raise ValueError(
            f"%{strange[0]} is not read; use {' '.join('%' + code for code in sorted(_FORMAT_CODES))}{hint}"
        )
    have = set(codes)
    if not have & set("Yy") or not ("j" in have or ("d" in have and have & set("mbB"))):
        raise ValueError("it names no year or no day; use, for example, %d/%m/%Y %H:%M")
    if ("I" in have) != ("p" in have):
        raise ValueError("%I and %p go together; use, for example, %m/%d/%Y %I:%M %p")
    if not have & set("HI") and have & set("MSfz"):
        raise ValueError("it has no hour; add %H, or %I and %p")
    return form


def read_formatted(text: str, form: str) -> datetime | date:
    """What a text of exactly the format `form` says; without %z it is UTC. Raises ValueError."""
    moment = datetime.strptime(text, form)  # noqa: DTZ007  the form may have %z
    if not re.search("%[HI]", form):
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
