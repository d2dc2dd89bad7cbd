"""The shortcuts of the linker find what the plain way finds: tokens and their places, codes, names without spaces."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from services.scoring.linking import tickers
from services.scoring.linking.cutting import TOKEN, tokens_of
from services.scoring.linking.evidence import Context
from services.scoring.linking.folding import _FOLDS, fold, lower
from services.scoring.linking.han import HanNames
from shared.universe.securities import Catalogue

PIECES = st.sampled_from(
    [
        "Apple", "AT&T", "$BRK-B", "^GSPC", "BTC-USD", "ES=F", "VOD.L", "0700.HK", "9988 HK", "7203 JP",
        "AAPL US Equity",
        "600519", "(600519)", "SH600519", "XNAS:AAPL", "NASDAQ: AAPL", "(NYSE F)", "$MRK:GR", "USDT", "EURUSD", "-A",
        ".L", "\u00e9t\u00e9", "\u0130", "\u00df", "_x_", "\u6052\u5927", "\uff21\uff04", "\u0663\u0664\u0665\u0666",
        "\U0001f4c8", "'s", "\u2026", "a1", "1,166.71", "\x1c", "\u2009", "\n",
    ]
)  # fmt: skip
TEXTS = st.lists(st.tuples(PIECES | st.text(max_size=4), st.sampled_from([" ", "", "-", ". ", "&"])), max_size=14).map(
    lambda parts: "".join(piece + gap for piece, gap in parts)
)


@given(TEXTS)
@example("a\x1cb\x1fc_d&e")
def test_tokens_and_where_they_stand(text: str) -> None:
    lowered = lower(fold(text))
    low, matches = tokens_of(lowered), list(TOKEN.finditer(lowered))
    assert low == [match[0] for match in matches]
    context = Context(fold(text), lowered, low, bytearray(len(text)))
    for index in (*range(0, len(low), 3), *reversed(range(len(low)))):  # in any order
        assert context.span(index) == matches[index].span()
    assert context.starts(len(low)) == [match.start() for match in matches]


@given(TEXTS)
def test_folding(text: str) -> None:
    assert fold(text) == text.translate(_FOLDS)


@given(TEXTS)
def test_codes_are_those_of_every_pattern(text: str) -> None:
    folded = fold(text)
    found = tickers.codes_in(folded)
    expected = [code for match in tickers._DOTTED.finditer(folded) if (code := tickers._dotted(folded, match))]
    expected += list(tickers._dashed(folded))
    for pattern in (tickers._SPACED, tickers._INDEX):
        expected += [tickers.Code(*match.span(), match[0], tickers._symbols(match[0]), pattern is tickers._INDEX)
                     for match in pattern.finditer(folded)]  # fmt: skip
    expected += list(tickers._numbers(folded))
    expected += tickers._cashtags(folded)
    expected += list(tickers._bracketed(folded))
    expected += [code for match in tickers._COLON.finditer(folded) if (code := tickers._qualified(folded, match))]
    assert sorted(found) == sorted(expected)


WORDS = ["\u7532\u4e59", "\u7532\u4e59\u4e19\u4e01", "\u4e59\u4e19", "\u4e19", "\u4e01\u7532", "\u7532", "A", " "]


@given(st.lists(st.sampled_from(WORDS), max_size=9).map("".join))
def test_han_names_are_leftmost_and_longest(text: str) -> None:
    names = WORDS[:3]
    rows = "".join(f"{at}.SS,Energy,{name}@zh,{at}.SS,,\n" for at, name in enumerate(names))
    catalogue = Catalogue(f"id,sector,names,tickers,evidence,against\n{rows}".encode())
    found = [(start, end) for start, end, _ in HanNames(catalogue).find(text, None)]
    longest = "|".join(sorted(names, key=len, reverse=True))
    assert found == [match.span() for match in re.finditer(longest, text)]
