"""Members of the indices that pytickersymbols lists: Europe's with their home symbols, ISIN and other listings, Japan's
and America's with what they add. Cities that stand for countries there are not taken.
"""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from shared.universe.building.draft import Draft, Register
from shared.universe.building.naming import cleaned
from shared.universe.building.packages import Packages, source_of

_COUNTRIES: Final = {
    "Germany": "DE", "France": "FR", "Spain": "ES", "Netherlands": "NL", "Finland": "FI", "Switzerland": "CH",
    "Sweden": "SE", "Belgium": "BE", "United Kingdom": "GB", "Italy": "IT", "Luxembourg": "LU", "Japan": "JP",
    "Ireland": "IE", "Denmark": "DK", "Norway": "NO", "Austria": "AT", "United States": "US", "Portugal": "PT",
}  # fmt: skip
_MICS: Final = {
    "DE": "XETR", "F": "XFRA", "PA": "XPAR", "MC": "XMAD", "AS": "XAMS", "HE": "XHEL", "SW": "XSWX", "ST": "XSTO",
    "BR": "XBRU", "L": "XLON", "MI": "XMIL", "T": "XTKS", "VI": "XWBO", "CO": "XCSE", "OL": "XOSL", "LS": "XLIS",
}  # fmt: skip
_GOOGLE: Final = {"NYSE": "XNYS", "NASDAQ": "XNAS", "OTCMKTS": "OTCM"}
_PACKS: Final = {"JP": "japan", "FI": "nordics", "SE": "nordics", "DK": "nordics", "NO": "nordics"}
_HOMES: Final = {  # index -> Yahoo's suffix where a member's own symbol has none
    "AEX": "AS", "BEL 20": "BR", "CAC_40": "PA", "CAC Mid 60": "PA", "DAX": "DE", "FTSE 100": "L", "IBEX 35": "MC",
    "MDAX": "DE", "SDAX": "DE", "TecDAX": "DE", "NIKKEI 225": "T", "OMX Helsinki 25": "HE", "OMX Stockholm 30": "ST",
    "Switzerland 20": "SW",
}  # fmt: skip
# Not those of Frankfurt's floor and of London's order book for foreign shares, which nobody writes
_SYMBOL: Final = re.compile(r"(?:[A-Z]{1,5}(?:-[A-Z])?|(?!0)[A-Z0-9&-]{1,12}\.(?!F$)[A-Z]{1,2})")


def build(register: Register, packages: Packages) -> None:
    """Take up every member of every index."""
    text = packages.read("pytickersymbols", "pytickersymbols/indices_data.py").decode()
    indices: dict[str, dict[str, Any]] = ast.literal_eval(text[text.index("INDICES = ") + len("INDICES = ") :])
    for index, found in indices.items():
        for member in found["companies"]:
            _take(register, member, _HOMES.get(index, ""))


def _take(register: Register, member: dict[str, Any], home: str) -> None:
    symbols = _symbols(member, home)
    if not symbols:
        return
    isin = next(iter(member.get("isins", [])), "")
    own = next((symbol for symbol in symbols if home and symbol.endswith(f".{home}")), next(iter(symbols)))
    symbols = {symbol: mic for symbol, mic in symbols.items() if symbol == own or symbol not in register.apart}
    if own in register.apart:
        symbols = {own: symbols[own]}
    name = cleaned(member["name"])
    id = register.find(isin=isin) or next(filter(None, (register.find(symbol=symbol) for symbol in symbols)), "")
    id = id or register.known_namesake(name, own) or own
    country = _COUNTRIES.get(member.get("country") or "", "")
    pack = _PACKS.get(country, "us" if "." not in own else "europe")
    draft = register.draft(id, pack, country=country, exchange=symbols[own], industry=_industry(member))
    if not draft.known:
        draft.call(name)
    for symbol in sorted(symbols, key=lambda each: each != own):
        draft.list_as(symbol, symbols[symbol])
    _identify(draft, isin)
    draft.from_source(source_of("pytickersymbols"))
    register.settle(draft)


def _symbols(member: dict[str, Any], home: str) -> dict[str, str]:
    """Yahoo's symbols of a member and their markets, its own first."""
    found: dict[str, str] = {}
    own = member.get("symbol") or ""
    if own and "." not in own and home:
        own = f"{own}.{home}"
    for symbol, google in (
        [(own, ""), *((each.get("yahoo", ""), each.get("google", "")) for each in member["symbols"])]
        if ("symbols" in member)
        else [(own, "")]
    ):
        if symbol and _SYMBOL.fullmatch(symbol):
            suffix = symbol.rpartition(".")[2] if "." in symbol else ""
            found.setdefault(symbol, _MICS.get(suffix, "") or _GOOGLE.get(google.partition(":")[0], ""))
    return found


def _industry(member: dict[str, Any]) -> str:
    return next((each for each in member.get("industries", []) if "," not in each), "")


def _identify(draft: Draft, isin: str) -> None:
    if isin:
        draft.identifiers.setdefault("isin", isin)
