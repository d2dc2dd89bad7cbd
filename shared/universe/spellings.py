"""How data sets write a company: `AAPL.O`, `AAPL US Equity`, `['AAPL', 'TSLA']`, `Apple Inc. (AAPL)`. Pure.

A suffix of an exchange elsewhere is never just taken off (T.TO is Telus and not AT&T): home listings of companies that
are in the catalogue by their American ticker are written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from shared.universe.codes import symbols_of
from shared.universe.securities import Catalogue, Instrument

NOTHING: Final = frozenset({"", "nan", "nat", "none", "null", "n/a", "na", "-", "[]", "{}", "()", "unknown"})
_HOME: Final = {
    "AZN.L": "AZN", "BARC.L": "BCS", "BATS.L": "BTI", "BP.L": "BP", "DGE.L": "DEO", "GSK.L": "GSK", "HSBA.L": "HSBC",
    "LLOY.L": "LYG", "NWG.L": "NWG", "REL.L": "RELX", "RIO.L": "RIO", "SHEL.L": "SHEL", "ULVR.L": "UL", "VOD.L": "VOD",
    "SAP.DE": "SAP", "DBK.DE": "DB", "TTE.PA": "TTE", "SAN.PA": "SNY", "ASML.AS": "ASML", "INGA.AS": "ING",
    "PHIA.AS": "PHG", "ABI.BR": "BUD", "ENI.MI": "E", "RACE.MI": "RACE", "STLAM.MI": "STLA", "SAN.MC": "SAN",
    "BBVA.MC": "BBVA", "TEF.MC": "TEF", "NOVN.SW": "NVS", "UBSG.SW": "UBS", "ABBN.SW": "ABB", "NOVO-B.CO": "NVO",
    "NOKIA.HE": "NOK", "ERIC-B.ST": "ERIC", "EQNR.OL": "EQNR", "7203.T": "TM", "6758.T": "SONY", "7267.T": "HMC",
    "8306.T": "MUFG", "8316.T": "SMFG", "2330.TW": "TSM", "0700.HK": "TCEHY", "9988.HK": "BABA", "9618.HK": "JD",
    "9888.HK": "BIDU", "9999.HK": "NTES", "0005.HK": "HSBC", "INFY.NS": "INFY", "HDFCBANK.NS": "HDB",
    "ICICIBANK.NS": "IBN", "BHP.AX": "BHP", "RY.TO": "RY", "TD.TO": "TD", "SHOP.TO": "SHOP", "CNR.TO": "CNI",
    "ENB.TO": "ENB", "BNS.TO": "BNS", "BMO.TO": "BMO", "VALE3.SA": "VALE", "PETR4.SA": "PBR",
}  # fmt: skip
_IN_BRACKETS: Final = re.compile(r"(.+?)\s*\(\s*([^()]{1,30})\s*\)")
_CLASS: Final = re.compile(
    r"[\s,-]+(?:class|cl\.?|series)\s+[a-c]\b.*|[\s,-]+(?:common|ordinary)\s+(?:stock|shares?)\b.*|\s+adrs?\b.*",
    re.IGNORECASE,
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9]{12}|[A-Za-z0-9]{20}")  # an ISIN or a FIGI, a LEI
_MARKET: Final = re.compile(r"[A-Za-z ]{2,12}:")  # NYSE:F, and no id as crypto:BTC is one
_TICKER: Final = re.compile(r"\$?[A-Z]{1,5}(?:[.-][A-Z]{1,3})?|\$?[0-9]{3,6}\.[A-Z]{1,3}|\$[A-Z]{1,6}")
_ONE_WORD: Final = re.compile(r"\$?[A-Z][A-Z0-9]{0,5}(?:[./-][A-Z]{1,2})?")
_BRACKETS: Final = {"[": "]", "{": "}", "(": ")"}
_LEGAL: Final = frozenset({"inc", "corp", "co", "ltd", "llc", "plc", "sa", "nv", "ag", "se"})


def companies_in(field: object, catalogue: Catalogue, day: date) -> tuple[list[Instrument], list[str]]:
    """The companies that a field names, each once and in order, and the names in it that are not known. A field is a
    list, or a text with names between `;`, `|` or line ends, or where none of those is, commas or spaces."""
    found: dict[str, Instrument] = {}
    unknown: list[str] = []
    for part in _parts(field):
        for name in _names_in(part, catalogue, day):
            company = company_called(name, catalogue, day)
            if company is None:
                unknown.append(name)
            else:
                found.setdefault(company.id, company)
    return list(found.values()), unknown


def explicit_symbol(name: str) -> str:
    """Yahoo's spelling of a name that can only be a ticker (ABCX, 0999.HK); "" where it may be anything else."""
    if not _TICKER.fullmatch(name.strip()):
        return ""
    spelled = list(symbols_of(name))
    return spelled[1] if len(spelled) > 1 and "." in spelled[0] else spelled[0]


def company_called(name: str, catalogue: Catalogue, day: date | None) -> Instrument | None:
    """The company that one name means, however it is spelled."""
    return next((company for one in _spellings(name) if (company := _called(one, catalogue, day))), None)


def _called(name: str, catalogue: Catalogue, day: date | None) -> Instrument | None:
    if _IDENTIFIER.fullmatch(name.strip()) and (registered := catalogue.by_identifier(name)):
        return registered
    for symbol in symbols_of(name):
        if found := catalogue.by_ticker(symbol, day) or catalogue.by_ticker(_HOME.get(symbol, ""), day):
            return found
    return None if _MARKET.match(name) and name not in catalogue.by_id else catalogue.resolve(name, day)


def _parts(field: object) -> Iterator[str]:
    if isinstance(field, list | tuple):
        for one in field:
            yield from _parts(one)
        return
    text = str(field).strip()
    if len(text) > 1 and _BRACKETS.get(text[0]) == text[-1]:  # a list that was written down
        pieces = text[1:-1].split(",")
    else:
        pieces = re.split(r"[;|\n]", text)
    for piece in pieces:
        plain = piece.strip().strip("'\"").strip()
        if plain.casefold() not in NOTHING:
            yield plain


def _names_in(part: str, catalogue: Catalogue, day: date) -> list[str]:
    if company_called(part, catalogue, day):
        return [part]
    pieces: list[str] = []
    for piece in filter(None, map(str.strip, part.split(","))):
        # "Apple, Inc." is one name; in "SE, AAPL" and "AAPL, SE" Sea's ticker is no Societas Europaea
        legal = piece.strip(".").lower() in _LEGAL and pieces
        if not legal or (_ONE_WORD.fullmatch(pieces[-1]) and company_called(pieces[-1], catalogue, day)):
            pieces.append(piece)
    if len(pieces) > 1:
        return pieces
    words = part.split()
    symbols = all(_ONE_WORD.fullmatch(word) and company_called(word, catalogue, day) for word in words)
    return words if len(words) > 1 and symbols else [part]


def _spellings(name: str) -> Iterator[str]:
    """`name`, and what else it may stand for, the surest first."""
    yield name
    if bracketed := _IN_BRACKETS.fullmatch(name):
        yield from _spellings(bracketed[2])
        yield from _spellings(bracketed[1])
    if (plain := _CLASS.sub("", name)) != name and plain:
        yield plain
