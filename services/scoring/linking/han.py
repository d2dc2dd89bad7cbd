"""Names in scripts without spaces (Chinese, Japanese) and in Hangul, whose particles stick to names: found anywhere in
a text, leftmost and longest, by the signs that names begin with and a dictionary (decision 0170). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from services.scoring.linking.folding import fold
from shared.universe.instrument import DOUBTFUL, SURE, Instrument, Name
from shared.universe.securities import Catalogue

_HAN: Final = re.compile("[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_LATIN: Final = re.compile(r"[A-Za-z0-9]")
_LONG: Final = 3  # signs of a name that is seldom part of anything else

# What stands around a company's name in the news
_FOLLOW: Final = """
公司 集团 股份 公告 发布 宣布 披露 回应 称 表示 董事 高管 控股 旗下 股价 股票 涨停 跌停 涨 跌 大涨 大跌 拟 获
将 今日 首席 创始人 上市 成交 订单 云 与 和 、 同 向 第 遭 被 因 业绩 财报 营收 净利 一季 二季 三季 四季 中报
年报 市值 手机 汽车 が は の 株 ホールディングス グループ 주가 는 은 이 가 의
"""
_PRECEDE: Final = (
    "超越 赶超 起诉 联手 携手 与 和 获 对 向 为 巨头 公司 股东 子公司 收购 增持 减持 买入 卖出 持有 投资 牵手 关注"
)
_TALK: Final = """
股 公司 公告 亿 销量 订单 成交 市值 机构 增速 利润 亏损 裁员 财季 收入 交付 营收 净利 业绩 上市 财报 涨 跌
收购 增持 减持 董事 评级 券商 基金 投资 融资 株 決算 利益 売上 億 증시 주가 실적 매출 영업이익 주식
"""
_BEHIND: Final = re.compile(rf"\s*(?:[:(,]|{'|'.join(_FOLLOW.split())})")
_BEFORE: Final = re.compile(rf"(?:^|[\s,:;\"'\[(|\u3001\u3002\u201c\u201d\u300a\u3010]|{'|'.join(_PRECEDE.split())})$")
_FORMAL: Final = re.compile(r"\s*(?:[:(]|公司|集团|股份|股价|股票|涨停|跌停|控股|公告)")
_EXCHANGE_RATES: Final = re.compile("汇率|贬值|升值|中间价|兑|离岸|在岸|外汇|為替|円安|円高|환율")
_BUSINESS: Final = re.compile("|".join(_TALK.split()))
# Right behind a name they make something else of it
_ELSE: Final = re.compile(
    "小学|中学|大学|学校|医院|村|镇|街|公园|大鼓|一下|雨林|河流|脚下|森林|教堂|寺|广场|机场|火车站|地铁站|さん|君|ちゃん"
)


def is_han(text: str) -> bool:
    """Whether a name is written in one of these scripts, at least in part."""
    return _HAN.search(text) is not None


@dataclass(frozen=True, slots=True)
class HanEntry:
    """A name and whose it is."""

    instrument: Instrument
    name: Name


def former(name: Name, instrument: Instrument) -> tuple[bool, bool]:
    """Sorts names of now before former ones, for a text without a day."""
    listings = instrument.listings
    return bool(name.end), bool(listings) and all(listing.end for listing in listings)


class HanNames:
    """Every such name. Immutable."""

    def __init__(self, catalogue: Catalogue) -> None:
        found: dict[str, list[HanEntry]] = {}
        for instrument in catalogue.instruments:
            for name in instrument.names:
                if is_han(name.text) and len(name.text) > 1:
                    found.setdefault(fold(name.text), []).append(HanEntry(instrument, name))
        # in the catalogue's order for a text with a day, names of now first for one without
        self._entries = {
            text: (entries, sorted(entries, key=lambda entry: former(entry.name, entry.instrument)))
            for text, entries in found.items()
        }
        lengths: dict[str, set[int]] = {}
        for text in found:
            lengths.setdefault(text[0], set()).add(len(text))
        self._lengths = {first: tuple(sorted(each, reverse=True)) for first, each in lengths.items()}

    def find(self, folded: str, day: date | None) -> Iterator[tuple[int, int, HanEntry]]:
        """Names in a text, leftmost and longest, none within another: start, end, whose it is on that day."""
        at = 0
        for start in [index for index, sign in enumerate(folded) if sign in self._lengths]:
            name = self._longest(folded, start) if start >= at else ""
            if not name:
                continue
            at = start + len(name)
            if _cuts_a_word(folded, start, at) or _ELSE.match(folded, at):
                continue
            entries = self._entries[name][day is None]
            entry = next((one for one in entries if one.name.valid(day)), None)
            if entry is not None:
                yield start, at, entry

    def _longest(self, folded: str, start: int) -> str:
        for length in self._lengths[folded[start]]:
            name = folded[start : start + length]
            if name in self._entries:
                return name
        return ""


class HanText:
    """One text while its names are weighed; what concerns all of it is looked for once."""

    def __init__(self, folded: str) -> None:
        self._folded = folded

    @cached_property
    def _business(self) -> bool:
        return _BUSINESS.search(self._folded) is not None

    @cached_property
    def _exchange_rates(self) -> bool:
        return _EXCHANGE_RATES.search(self._folded) is not None

    def convinces(self, start: int, end: int, entry: HanEntry, known: bool) -> bool:
        """Whether a name at [start, end) is the company: one that nothing else is called needs its place in
        a sentence about a company or something of business in the text, an everyday one both."""
        if known:
            return True
        folded, grade = self._folded, entry.name.grade
        if grade == SURE and _LATIN.search(entry.name.text):
            return True
        if entry.instrument.kind == "currency":
            return self._exchange_rates
        placed = _BEHIND.match(folded, end) is not None
        begins = _BEFORE.search(folded[max(0, start - 4) : start]) is not None
        long = end - start >= _LONG
        if grade == SURE:
            return placed or (begins and long) or self._business
        if grade == DOUBTFUL:
            return ((placed or begins) if long else (placed and begins)) and self._business
        return begins and _FORMAL.match(folded, end) is not None and self._business


def _cuts_a_word(folded: str, start: int, end: int) -> bool:
    """Whether a Latin letter or a digit of the name goes on outside it (TCL in TCLX)."""
    before, after = folded[start - 1 : start], folded[end : end + 1]
    return bool(
        (_LATIN.match(before) and _LATIN.match(folded[start]))
        or (_LATIN.match(after) and _LATIN.match(folded[end - 1]))
    )
