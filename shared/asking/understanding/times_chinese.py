"""The days that a question in Chinese speaks of; read before what is written in Latin script. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from shared.asking.understanding.times import Days, month_of

if TYPE_CHECKING:
    from shared.asking.understanding.times import TimeReader

_DIGITS: Final = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "\u3007": 0}
_NUMBER: Final = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
_PARTS: Final = {"初": "early", "上旬": "early", "中旬": "mid", "下旬": "late", "底": "end", "末": "end"}


def number_of(text: str) -> int:
    """A number below a hundred: 12, 十二, 二十一."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS[text]
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)


def take(reader: TimeReader) -> None:
    """Take out what is written in Chinese."""
    if reader.text.isascii():
        return
    years = [each for each in (reader.year,) if each]
    asked = reader.asked
    words = {"今年": 0, "去年": -1, "前年": -2}
    spoken = next((asked.year + back for word, back in words.items() if word in reader.text), None)
    if not years and spoken is not None:
        reader.year = spoken
    reader.take("[\uff08(]?问于[^\uff09)]*[\uff09)]?", None)
    year = r"(?:((?:19|20)\d\d)年|[今去前]年)?的?"
    reader.take(
        rf"{year}{_NUMBER}月(?:份)?{_NUMBER}[日号]",
        lambda m: reader.day(number_of(m[3]), number_of(m[2]), m[1]),
    )
    reader.take(
        rf"{year}{_NUMBER}月(?:份)?({'|'.join(_PARTS)})",
        lambda m: reader.part(_PARTS[m[3]], reader.month(number_of(m[2]), m[1])),
    )
    reader.take(rf"{year}{_NUMBER}月份?", lambda m: reader.month(number_of(m[2]), m[1]))
    reader.take(rf"{year}第?([一二三四1-4])季度?", lambda m: _quarter(reader, number_of(m[2]), m[1]))
    reader.take(rf"{year}([上下])半年", lambda m: _half(reader, 1 if m[2] == "上" else 2, m[1]))
    reader.take(rf"{year}年?[底末]", lambda m: reader.month(12, m[1]))
    monday = asked - timedelta(days=asked.weekday())
    whole = {
        "今天|今日": Days(asked, asked),
        "昨天|昨日": Days(asked - timedelta(days=1), asked - timedelta(days=1)),
        "前天": Days(asked - timedelta(days=2), asked - timedelta(days=2)),
        "上周|上个?星期": Days(monday - timedelta(days=7), monday - timedelta(days=1)),
        "本周|这周|这个?星期": Days(monday, asked),
        "上个?月": month_of(asked.year - (asked.month == 1), asked.month - 1 or 12),
        "本月|这个?月": Days(asked.replace(day=1), asked),
    }
    for pattern, days in whole.items():
        reader.take(pattern, days)
    reader.take(r"明年|下个?月|下周|明天", None)
    reader.take(r"((?:19|20)\d\d)年", lambda m: Days(date(int(m[1]), 1, 1), date(int(m[1]), 12, 31)))
    reader.take(r"今年", Days(date(asked.year, 1, 1), asked))
    reader.take(r"去年", Days(date(asked.year - 1, 1, 1), date(asked.year - 1, 12, 31)))


def _quarter(reader: TimeReader, number: int, year: str | None) -> Days:
    reader.period = True
    chosen = int(year) if year else reader.year or reader.asked.year - (3 * number - 2 > reader.asked.month)
    return Days(date(chosen, 3 * number - 2, 1), month_of(chosen, 3 * number).last)


def _half(reader: TimeReader, number: int, year: str | None) -> Days:
    chosen = int(year) if year else reader.year or reader.asked.year
    return Days(date(chosen, 6 * number - 5, 1), month_of(chosen, 6 * number).last)
