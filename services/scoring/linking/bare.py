"""Symbols that stand alone in capitals. In prose they are mostly abbreviations of something else (in news seven of ten,
in tweets two of five), so they count only where something says that they are symbols. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.scoring.linking.evidence import Context
from services.scoring.linking.folding import fold, lower
from services.scoring.linking.tickers import BARE, NOT_BEFORE, traded
from services.scoring.linking.vocabulary import MOVES, VERBS_OF_COMPANIES
from shared.universe.instrument import Instrument

Span = tuple[int, int]

_FEW_WORDS: Final = 3  # a post of so many words that has nothing else than a symbol names it
_ROW: Final = 3  # symbols side by side that need no other support
_BETWEEN: Final = re.compile(r"[\s,;/|&-]*(?:and\s+)?")
_LONG_WORD: Final = 4
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Symbol:
    start: int
    end: int
    holder: Instrument | None  # None: a tag, or a name in capitals; it has its holder already
    tag: bool = False


def stands_bare(text: str, symbols: Sequence[str]) -> bool:
    """Whether one of these symbols (in small letters) may stand in the text in capitals, and not as a cashtag alone."""
    for symbol in symbols:
        written = symbol.upper()
        if text.count(written) > text.count(f"${written}"):
            return True
    return False


def bare_symbols(
    context: Context,
    symbols: frozenset[str],
    holder_of: Callable[[str], Instrument | None],
    tags: Sequence[Span],
    linked: Mapping[str, Sequence[Span]],
) -> list[tuple[Instrument, int, int]]:
    """Those of `symbols` that count, and where they stand; `linked` is what was found already."""
    text = context.text
    if symbols.isdisjoint(BARE.findall(text)):
        return []
    found = [
        _Symbol(*match.span(), holder)
        for match in BARE.finditer(text)
        if match[0] in symbols
        and not (match.start() and NOT_BEFORE.match(text, match.start() - 1))
        and (holder := holder_of(match[0])) is not None
        and not context.taken(*match.span())
    ]
    if not found:
        return []
    marked = [_Symbol(start, end, None, tag=True) for start, end in tags]
    marked += [
        _Symbol(start, end, None) for spans in linked.values() for start, end in spans if text[start:end].isupper()
    ]
    rows = _rows(text, sorted([*found, *marked], key=lambda symbol: (symbol.start, not symbol.tag)))
    return [
        (symbol.holder, symbol.start, symbol.end)
        for symbol in found
        if symbol.holder is not None and (symbol in rows or _supported(context, symbol, symbol.holder))
    ]


def _rows(text: str, symbols: Sequence[_Symbol]) -> frozenset[_Symbol]:
    """Symbols that stand in a row, or beside a tag."""
    found: set[_Symbol] = set()
    row: list[_Symbol] = []
    for symbol in (*symbols, None):
        if symbol is None or (row and not _BETWEEN.fullmatch(text, row[-1].end, symbol.start)):
            tagged = any(each.tag for each in row)
            if len(row) >= _ROW or (tagged and len(row) > 1):
                found.update(each for each in row if each.end - each.start > 1 + tagged)
            row = []
        if symbol is not None:
            row.append(symbol)
    return frozenset(found)


def _supported(context: Context, symbol: _Symbol, holder: Instrument) -> bool:
    low, text = context.low, context.text
    if holder.id in context.known:
        return True
    index = bisect_right(context.starts(len(low)), symbol.start) - 1  # its token
    length = symbol.end - symbol.start
    if len(low) <= _FEW_WORDS and text.isupper():
        return len(low) == 1 or length > 2
    if length > 2 and (traded(low, index) or _acts(context, index)):
        return True
    behind = text[symbol.end : symbol.end + 1]
    if (text[symbol.start - 1 : symbol.start] == "(" and behind == ")") or (index == 0 and behind == ":"):
        return _shares_a_word(context, holder)
    return False


def _acts(context: Context, index: int) -> bool:
    """Whether it does what companies do, in a text of business: "EOG profit beats"."""
    after = context.token(index + 1)
    return context.business and (after in VERBS_OF_COMPANIES or after in MOVES or after in ("profit", "results"))


def _shares_a_word(context: Context, holder: Instrument) -> bool:
    return any(
        len(word) >= _LONG_WORD and word in context.words
        for name in holder.names
        for word in _WORD.findall(lower(fold(name.text)))
    )
