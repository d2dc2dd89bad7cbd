"""Tells the figures of a table or a row from numbers that belong to a person. What may be a figure is left alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_LOOKED_AT: Final = 40  # signs beside a number
_SHORT_LINE: Final = 6  # words
_LINE: Final = 400  # signs of a line above or below
_FIGURE = r"[-+(]?[$\u20ac\u00a3\u00a5]?\d[\d.,]*[%)kKmMbB]?"
_BEFORE = re.compile(r"(?:^|[\s|;])[-+(]?[$\u20ac\u00a3\u00a5]?\d(?:[\d.,]*[\d%)kKmMbB])?[ \t|;]+\(?\Z")
_AFTER = re.compile(rf"\)?[ \t|;]+{_FIGURE}(?=[\s|;,.]|\Z)")
_NUMERIC = re.compile(rf"(?!\(?0\d){_FIGURE}\Z")
_TOKENS = re.compile(r"[^\s|;]+")
_MONEY = re.compile(
    r"(?:\b(?:CNY|RMB|USD|HKD|JPY|KRW|EUR|GBP|INR|TWD|turnover|volume|vol|revenues?|sales|cap|assets|total|id|isin|cik|"
    r"profits?|income|earnings|cash|debt|equity|ebitda?|shares?|units|capex|backlog|orders)"
    r"|[$\u20ac\u00a3\u00a5\u20a9\u20b9]|\u6210\u4ea4\u989d|\u6210\u4ea4\u91cf|\u8425\u6536|\u6536\u5165|\u5e02\u503c|"
    r"\u51c0\u5229\u6da6|\u5229\u6da6|\u8d44\u4ea7|\u7f16\u53f7|\u8d2d\u4e70|\u91d1\u989d|\u603b\u989d|\u603b\u91cf)"
    r"(?:\s|[:=\uff1a\u4e3a\u8fbe\u7ea6\u662f]|of|was|is|at|to|rose|fell){0,12}\Z",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s?(?:\u5143|\u80a1|\u624b|\u4efd|\u5f20|\u7f8e\u5143|\u6e2f\u5143|\u4e07|\u4ebf|\u5186|\u682a|\uc6d0|\uc8fc|\u4eba\u6c11\u5e01|"
    r"yuan|won|yen|shares?\b|dollars?\b|euros?\b|USD\b|CNY\b|RMB\b|KRW\b|JPY\b|EUR\b|units?\b|barrels?\b|tons?\b|tonnes?\b|bbl\b)",
    re.IGNORECASE,
)


def in_figures(text: str, begin: int, end: int) -> bool:
    """Whether text[begin:end] has a number beside it in its row, or a row of numbers above or below."""
    before, after = text[max(0, begin - _LOOKED_AT) : begin], text[end : end + _LOOKED_AT]
    return (
        bool(_BEFORE.search(before) or _AFTER.match(after))
        or _is_row(_line_before(text, begin))
        or _is_row(_line_after(text, end))
    )


def is_amount(text: str, begin: int, end: int) -> bool:
    """Whether a currency, a unit or a word of accounts stands beside text[begin:end]."""
    return bool(_MONEY.search(text[max(0, begin - _LOOKED_AT) : begin]) or _UNIT.match(text, end))


def reads_as_figures(groups: Sequence[str], at_least: int = 1, *, numbered: bool = False) -> bool:
    """Whether groups of digits are `at_least` so many figures with a space for thousands: "16 019 17 688 17 283".

    Every figure has thousands; only the first may be a row's number where rows are `numbered`.
    """
    figures: list[int] = []  # groups of each figure
    for place, group in enumerate(groups):
        if len(group) == 3 and figures and not (numbered and len(figures) == 1 and groups[0][0] == "0"):
            figures[-1] += 1
        elif len(group) > 3 or (group[0] == "0" and not (numbered and place == 0 and len(group) == 2)):
            return False
        else:
            figures.append(1)
    if numbered and figures and figures[0] == 1:
        figures = figures[1:]
    return len(figures) >= at_least and all(size > 1 for size in figures)


def are_alike(groups: Sequence[str]) -> bool:
    """Whether plain numbers are as near to each other as neighbours of a row are: "4102 4388 4512 4733"."""
    if any(group[0] == "0" for group in groups):
        return False
    return all(3 * abs(int(one) - int(next_)) <= int(one) for one, next_ in pairwise(groups))


def _line_before(text: str, begin: int) -> str:
    start = text.rfind("\n", max(0, begin - _LINE), begin)
    return "" if start < 0 else text[max(text.rfind("\n", 0, start) + 1, start - _LINE) : start]


def _line_after(text: str, end: int) -> str:
    start = text.find("\n", end, end + _LINE)
    if start < 0:
        return ""
    stop = text.find("\n", start + 1, start + 1 + _LINE)
    return text[start + 1 : stop if stop >= 0 else start + 1 + _LINE]


def _is_row(line: str) -> bool:
    """Whether half of a line is numbers, or a short one ends in one; a number with a 0 before it, or behind a +, is no
    figure."""
    tokens = _TOKENS.findall(line)
    if any(token[0] == "+" and token[1:].isdigit() for token in tokens):
        return False
    numeric = [_NUMERIC.match(token) is not None for token in tokens]
    return bool(numeric) and (0 < len(tokens) <= 2 * sum(numeric) or (numeric[-1] and len(tokens) <= _SHORT_LINE))
