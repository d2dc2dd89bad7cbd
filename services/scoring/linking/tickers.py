"""How symbols are written in texts: cashtags, codes with an exchange, hashtags, and symbols that stand alone. Pure.

What a code means is for `shared/universe/codes.py` and the catalogue; this module finds where one stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from services.scoring.linking.lists import words
from shared.languages.english_words import is_english_word
from shared.universe.codes import EXCHANGES, SUFFIXES, symbols_of

_CASHTAG: Final = re.compile(
    r"\$(?<![\w$]\$)(\^?[A-Za-z]{1,6}(?:[.\-/_:=][A-Za-z]{1,5})?|[A-Z&]{7,12}[.:][A-Z]{1,3}|\d{4,6}[.:][A-Za-z]{1,3})"
    r"(?![\w$])(\u2026|\.\.+)?"
)
_COLON: Final = re.compile(r":\s?\$?([A-Z0-9]{1,6}(?:[.\-/][A-Z])?)(?!\w)")
_MARKET: Final = re.compile(r"([A-Z]{3,10}|Nasdaq(?:G[SM])?|Nyse)(?: ?(?:American|AMERICAN|Arca|ARCA|MKT))?\s?$")
_LONGEST_MARKET: Final = 20
_IN_BRACKETS: Final = re.compile(r"\((?:NASDAQ|NYSE|Nasdaq|AMEX) ([A-Z]{1,5})\)")
_DOTTED: Final = re.compile(r"([A-Z0-9][A-Z0-9&-]{0,11})\.([A-Z]{1,3})(?![\w])(?!\.\w)")
_BEFORE_SUFFIX: Final = re.compile(r"\.[A-Z]")  # quicker to miss than _DOTTED
_DASHED: Final = re.compile(r"([A-Z]{2,5})(-[AB]|[-/]?USDT?|=[FX])(?![\w-])")
_SPACED: Final = re.compile(
    r"(?<![\w.,$\u20ac\u00a3-])(?:(\d{1,6}) (HK|JP|TT|KS|CH)|([A-Z0-9/]{1,9}) ([A-Z]{2}) Equity)\b"
    r"(?! (?:dollars?|people|police|residents|cents|students|companies|stocks))"
)
_BLOOMBERG: Final = re.compile(r"\(([A-Z]{1,6}) (US|LN|GR|GY|FP|NA|IM|SM|SW|HK|JP|IN|AU|CN|SS|DC|FH|NO)\)")
_CHINESE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:SH|SZ|BJ|sh|sz|bj)[.:]?\d{6}|(?<=[(\[\u3010<])\d{6}(?=[)\]\u3011>]))(?!\d)"
)
_SHORT_CODE: Final = re.compile(r"(?<=[(\[\u3010<])(\d{4,6})(?=[)\]\u3011>])")
_INDEX: Final = re.compile(r"(?<!\w)\^[A-Z]{2,6}\d{0,4}\b")
_HASHTAG: Final = re.compile(r"(?<![\w&])#([A-Za-z]{3,5})(?!\w)")
BARE: Final = re.compile(r"[A-Z]{2,5}(?![\w&'])")  # where no NOT_BEFORE stands before it
NOT_BEFORE: Final = re.compile(r"[\w$@#.&'^-]")

_WITHIN: Final = re.compile(r"[\w.@/$&-]")  # before a code: it is a part of something else
_NUMBERS: Final = re.compile(r"\d{4}")
_SIX_DIGITS: Final = re.compile(r"\d{6}")
_SHORTEST_NUMBER: Final = 4
_NO_DIGITS: Final = bytes(code for code in range(128) if not 0x30 <= code <= 0x39)
_KANA: Final = re.compile("[\u3040-\u30ff]")
_HANGUL: Final = re.compile("[\uac00-\ud7af]")
_CJK: Final = re.compile("[\u4e00-\u9fff]")

# Not read when they stand alone: abbreviations, and names (IBM, SAP) that the gazetteer finds by themselves
_NO_SYMBOLS: Final = words(
    """
    IMO CEO COO CFO CTO CIO DOC DIS PPL PSA CMS NOV MON MAR APR AUG SEP OCT JAN FEB DEC LNG ESS MET MAS IRM AIV ACT
    CAM AES PTC NRG TRI TRN TEX NAV HEI HUN OSK LEG LEN POM SYY GIS PEP TER RAD SIG SPR ENDP BIO HAL COP ETN ATI RAI
    GNW CIT LSI MUR COL DAL ADT SAN ING LEA ARM LIN CEG SOFI KITE SW DOV EMR FDO MAT WAT TWC UBS CME ADP AMD IBM UPS
    CVS CSX CBS EMC AIG PNC KLA CDW DXC NIO CRH TJX PVH KKR SAP HCA BMO BBVA CIBC FICO HSBC BASF WWE MSCI PPG CSRA
    ASML TSMC MPLX TOT SNA NEM NUE PLD NEE WAG ROP CHA CHU CHL TME CTL HIG HST MAA MAC REG EXC PCG PGR STT STI UDR
    VAR WEC WIT MOS MOH MGA MGM SLM LUV STO BTO STC BTC ETH USD EUR GBP JPY CNY CHF CAD AUD NZD INR HKD KRW BRL MXN
    RUB TRY GDP CPI PPI PCE PMI ISM NFP FED FOMC ECB BOE BOJ BOC RBA RBI PBOC IMF WTO WHO OPEC NATO EU UN UK US USA
    UAE PRC USSR SEC FTC FDA EPA DOJ DOE DOD FBI CIA NSA IRS FCC FAA CDC NIH NASA OECD OFAC CFTC FINRA FDIC NYSE
    AMEX OTC ETF ETFS IPO IPOS SPAC SPACS REIT EPS EBITDA ROI ROE ROIC DCF PE PB YOY QOQ MOM YTD AUM ATH ATL ATM ITM
    OTM DD TA FA RSI MACD EMA SMA VWAP HOD LOD PT TP SL IV OI LOL LMAO WTF OMG YOLO FOMO HODL WSB DM RT TIL AMA FAQ
    ASAP AKA DIY AI ML AR VR EV EVS ICE CSR ESG IOT API SDK GPU CPU SSD USB RAM OLED LED LCD PC TV HD UHD SUV HIV
    AIDS DNA RNA MRNA COVID SARS ICU ER MD PHD MBA LLC LLP INC PLC LTD AG SA NV SE SPA AB ASA OYJ KK BV GMBH PM AM
    GMT EST EDT PST PDT CET UTC BST IST JST CST NYC LA SF DC NJ CT MA FL TX CA WA IL PA OH GA NC VA CNBC CNN BBC ABC
    NBC FOX WSJ FT NYT AP AFP NPR ESPN HBO NFL NBA NHL MLB MLS FIFA UFC NCAA PGA ATP WTA EPL UCL NRA ACLU NAACP BLM
    LGBT GOP DNC RNC POTUS FLOTUS SCOTUS MAGA UBI TPP NAFTA USMCA TTIP BREXIT QE QT ZIRP TARP LTRO TLTRO SOMA IOER
    SOFR LIBOR MBS CDO CDS CLO ABS RMBS CMBS HFT OPEX BPS PCT MLN BLN BBL MMBTU MW GW KWH WTI BRENT NGL CNG DAX FTSE
    CAC IBEX MIB ATX OMX SMI AEX STOXX SPX NDX RUT DJIA DJI VIX TOPIX KOSPI SENSEX NIFTY BSE NSE ASX TSX LSE HKEX
    SGX ICAP UPDATE BRIEF RPT WRAPUP REFILE CORRECTED POLL DIARY MOVES GRAPHIC EXCLUSIVE BREAKING ALERT JUST NEW THE
    AND FOR NOT BUT ALL ANY CAN ARE WAS HAS HAD HIS HER ITS OUR YOU SHE HIM HOW WHY NOW OUT OFF OWN ONE TWO SIX TEN
    TOP BIG LOW LTE GSM CDMA PR HR QA VP SVP EVP GM MP MEP SNP UKIP DUP CDU CSU SPD AFD FDP BJP CPC PLA ROK DPRK KSA
    IDF UNSC IAEA ICC ICJ EEC II III VI VII VIII IX XI XII XX CC TH ST ND RD NO MR MRS MS DR VS ETC PS FY HY Q A B C
    D E F G AGO ALLY APP BALL BEN BOX CAKE CAR CARR CAT COIN COST DAY DISH DOW ELF EVER FAST FIG FIS FIX FLEX GAP
    GAS GOLD HAIN HOOD HOT IT JACK KEY KEYS LIFE LITE LOCO META NET ON OPEN PAY PEAK PEG PINS PLUG PNR POOL RACE RE
    RUN SAVE SEE SHOP SNAP SO TAP TEAM TECH TEL WELL WOLF GPS RBC PBT PAT SRL NCD NPA EMI FII DII FPI CMD PSU OMC
    ADAG AN AS AT BE BY DO GO HE HI IF IN IS ME MY OF OK OR OX TO UP WE
    """
)
# Beside a symbol they say that it is traded
_TRADING: Final = words(
    """
    stock stocks share shares calls call puts put options option long short shorts shorting buy buying bought buys sell
    selling sold sells hold holding holders bullish bearish earnings squeeze squeezing breakout breaking chart charts
    price target pt upgrade upgraded upgrades downgrade downgraded downgrades position positions ticker premarket
    afterhours dividend moon mooning dip rip ripping dumping pumping rally rallying tanking eps guidance split gapping
    bull bear bulls bears buyback float volume leaps strike expiry contracts shareholders investors gang dd yolo
    valuation undervalued overvalued printing tendies baghodling bagholders added trimmed
    """
)
_MOVES: Final = frozenset({"up", "down", "going", "green", "red"})


class Code(NamedTuple):
    """A code at [start, end) of a text, and what the catalogue may call it, the surest first."""

    start: int
    end: int
    written: str
    symbols: tuple[str, ...]  # empty: cut off, nobody's
    tag: bool = False  # marked as a symbol, so that one which nobody has is worth telling


@lru_cache(maxsize=65_536)
def _symbols(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbols_of(code)))


def codes_in(text: str) -> list[Code]:
    """Codes of a folded text by the marks that they carry; the same place may come twice, the surest first."""
    codes = _cashtags(text) if "$" in text else []
    if ":" in text:
        codes += [code for match in _COLON.finditer(text) if (code := _qualified(text, match))]
    if "." in text and _BEFORE_SUFFIX.search(text) is not None:
        codes += [code for match in _DOTTED.finditer(text) if (code := _dotted(text, match))]
    if "(" in text and ")" in text:
        codes += _bracketed(text)
    if "^" in text:
        codes += [Code(*match.span(), match[0], _symbols(match[0]), tag=True) for match in _INDEX.finditer(text)]
    if ("-" in text and ("-A" in text or "-B" in text)) or "=" in text or "USD" in text:
        codes += _dashed(text)
    digits = _digits(text)
    if (digits or " Equity" in text) and _at_a_market(text):
        codes += [Code(*match.span(), match[0], _symbols(match[0])) for match in _SPACED.finditer(text)]
    if digits >= _SHORTEST_NUMBER and _NUMBERS.search(text) is not None:
        codes += _numbers(text)
    return codes


def _digits(text: str) -> int:
    """How many digits stand in a text at most: beyond ASCII, where there are others too, its length."""
    return len(text.encode("ascii").translate(None, _NO_DIGITS)) if text.isascii() else len(text)


def _at_a_market(text: str) -> bool:
    return (
        " HK" in text or " JP" in text or " TT" in text or " KS" in text or " CH" in text or " Equity" in text
    )  # what _SPACED looks for; written out, for a loop over six takes as long as all the rest of codes_in


def _qualified(text: str, match: re.Match[str]) -> Code | None:
    """ "NASDAQ: AAPL", by the word before the colon."""
    before = text[max(0, match.start() - _LONGEST_MARKET) : match.start()]
    market = _MARKET.search(before) if before[-2:].strip()[-1:].isalpha() else None
    if market is None or market[1].upper() not in EXCHANGES:
        return None
    start = match.start() - len(before) + market.start()
    return Code(start, match.end(1), match[1], _symbols(f"{market[1].upper()}:{match[1]}"), True)


def _bracketed(text: str) -> Iterator[Code]:
    for match in _IN_BRACKETS.finditer(text):
        yield Code(*match.span(1), match[1], (match[1],))
    for match in _BLOOMBERG.finditer(text):
        yield Code(match.start(1), match.end(2), match[0][1:-1], _symbols(match[0][1:-1]))


def _dashed(text: str) -> Iterator[Code]:
    for match in _DASHED.finditer(text):
        if match.start() and _WITHIN.match(text, match.start() - 1):
            continue
        yield Code(*match.span(), match[0], _symbols(match[0]))


def _cashtags(text: str) -> list[Code]:
    codes, stop = [], len(text.rstrip())
    for match in _CASHTAG.finditer(text):
        written, dots = match.groups()
        start, end = match.start(), match.end(1)
        if dots and (dots == "\u2026" or match.end() >= stop):
            codes.append(Code(start, end, written, ()))  # "$UN…" is the beginning of any symbol
            continue
        if not written.isalnum() and _goes_on(written):
            written = _SEPARATORS.split(written, maxsplit=1)[0]  # "$AAPL-long", "$AAPL.Then"
            end = start + 1 + len(written)
        codes.append(Code(start, end, written, _symbols(written), True))
    return codes


def _goes_on(written: str) -> bool:
    """Whether what follows the sign within it belongs to the text and not to the symbol."""
    parts = _SEPARATORS.split(written, maxsplit=1)
    tail = parts[1] if len(parts) > 1 else ""
    return len(tail) > 2 and (tail.islower() or tail.upper() not in _TAILS)


_SEPARATORS: Final = re.compile(r"[.\-/_:=]")
_TAILS: Final = frozenset((*SUFFIXES, "USD", "USDT", "EUR", "GBP"))


def _dotted(text: str, match: re.Match[str]) -> Code | None:
    symbol, suffix = match[1], match[2]
    if match.start() and _WITHIN.match(text, match.start() - 1):
        return None
    marked = text[match.start() - 1 : match.start()] in ("<", "(")
    if suffix not in SUFFIXES and len(suffix) > 1:
        return None
    if len(symbol) < 2 and not marked and not (symbol.isdigit() or suffix in ("OQ", "HK")):
        return None  # U.N., S.A.
    return Code(*match.span(), match[0], _symbols(match[0]))


def _numbers(text: str) -> Iterator[Code]:
    hangul = not text.isascii() and _HANGUL.search(text) is not None
    if _SIX_DIGITS.search(text) is not None:
        for match in _CHINESE.finditer(text):
            if not (match[0].isdigit() and hangul):
                yield Code(*match.span(), match[0], _symbols(match[0]))
    if text.isascii():
        return
    kana = _KANA.search(text) is not None
    if hangul or kana or _CJK.search(text):
        for match in _SHORT_CODE.finditer(text):
            suffixes = _local_suffixes(match[1], hangul, kana)
            symbols = tuple(f"{match[1][-4:] if one == 'HK' else match[1]}.{one}" for one in suffixes)
            yield Code(*match.span(), match[1], symbols)


def _local_suffixes(digits: str, hangul: bool, kana: bool) -> tuple[str, ...]:
    if len(digits) == 6:
        return ("KS", "KQ") if hangul else ()
    if kana:
        return ("T",) if len(digits) == 4 else ()
    return ("HK",) if len(digits) == 5 and digits[0] == "0" else ("TW", "TWO") if len(digits) == 4 else ()


def hashtags_in(text: str) -> Iterator[Code]:
    """`#TSLA`: a symbol, unless it is a word or an abbreviation."""
    for match in _HASHTAG.finditer(text):
        symbol = match[1]
        if (symbol.isupper() or (symbol.islower() and len(symbol) > 3)) and readable_alone(symbol.upper()):
            yield Code(*match.span(), symbol, (symbol.upper(),))


@lru_cache(maxsize=16_384)
def readable_alone(symbol: str) -> bool:
    """Whether a symbol, in capitals and without a mark, can hardly be anything else."""
    return len(symbol) > 1 and symbol not in _NO_SYMBOLS and (len(symbol) == 2 or not is_english_word(symbol.lower()))


def traded(low: Sequence[str], index: int) -> bool:
    """Whether the words beside token `index` say that it is a symbol: "NVDA calls", "long GME", "AMC is going up"."""
    around = (*low[max(0, index - 2) : index], *low[index + 1 : index + 4])
    if not _TRADING.isdisjoint(around):
        return True
    behind = low[index + 1 : index + 4]
    moves = next((at for at, word in enumerate(behind) if word in _MOVES), None)
    return moves is not None and (len(low) <= 6 or any(word[:1].isdigit() for word in low[index + 1 : index + 5]))
