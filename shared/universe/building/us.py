"""The pack `us`: every issuer on an American exchange, from SEC's list. The symbols of one issuer (CIK) are one
company; the first of them is the one that SEC gives first. What trades over the counter is taken only for who is known
already.
"""

from __future__ import annotations

import io
import re
from typing import Final

import pyarrow.parquet

from shared.universe.building.draft import Register
from shared.universe.building.naming import cleaned, written
from shared.universe.building.packages import Packages, source_of
from shared.universe.instrument import plain_name, plain_symbol

_LIST: Final = "edgar/reference/data/company_tickers.parquet"
_MICS: Final = {"Nasdaq": "XNAS", "NYSE": "XNYS", "CBOE": "BATS", "OTC": "OTCM"}
_FUND: Final = re.compile(
    r"\b(?:ETF|ETN|ETFS)\b|^(?:SPDR|iShares|Grayscale|ProShares|Teucrium|WisdomTree|Invesco (?:DB|CurrencyShares)|"
    r"United States (?:Oil|Gasoline|Natural|12|Brent)|abrdn .*(?:Trust|Shares)|VanEck (?:Bitcoin|Ether|Merk)|"
    r"Bitwise \d?\d? ?(?:Bitcoin|Ethereum|Crypto|Solana|XRP)|"
    r"Franklin (?:Bitcoin|Ethereum)|Sprott Physical|Goldman Sachs Physical)",
    re.IGNORECASE,
)
_BANKS: Final = frozenset({"BMO", "CS", "DB", "JPM", "UBS", "BCS", "C", "GS", "MS", "BAC", "RY", "BNS", "HSBC"})
_ENDINGS: Final = (
    (re.compile(r"-(?:P|PR)[A-Z]?$"), "preferred"),
    (re.compile(r"-(?:WT|WS)[A-Z]?$"), "warrant"),
    (re.compile(r"-UN?$"), "unit"),
    (re.compile(r"-(?:RI|RT|R)$"), "right"),
)
_FIFTH: Final = {"W": "warrant", "U": "unit", "R": "right", "P": "preferred", "O": "preferred", "N": "preferred",
                 "L": "note", "M": "preferred", "Z": "note", "G": "note", "H": "note", "I": "note"}  # fmt: skip


def build(register: Register, packages: Packages, frequencies: dict[str, float]) -> list[str]:
    """Take up the list; returns what a person should look at."""
    table = pyarrow.parquet.read_table(io.BytesIO(packages.read("edgartools", _LIST))).to_pylist()
    issuers: dict[str, list[dict[str, str]]] = {}
    for row in table:
        if row["exchange"] in _MICS:
            issuers.setdefault(row["cik"], []).append(row)
    doubts = []
    _drop_stale(register, {plain_symbol(row["ticker"]) for row in table})
    for cik, rows in issuers.items():
        listed = [row for row in rows if row["exchange"] != "OTC"]
        name = written(cleaned(rows[0]["name"]), frequencies)
        found = _known(register, rows, name)
        if found and not _agrees(register, found, name):
            doubts.append(
                f"us: {rows[0]['ticker']} is {name!r} to SEC and {register.known[found].name!r} in the catalogue"
            )
            found = _freed(register, found, rows)
        if not found and register.holder(name) in register.known:
            continue  # a second issuer of that name: notes of UBS AG, whose shares are those of UBS Group AG
        if found or listed:
            _take(register, found, cik, listed or rows, rows, name)
    return doubts


def _drop_stale(register: Register, symbols: set[str]) -> None:
    """American symbols that an older package has and SEC has no more."""
    for draft in register.drafts.values():
        if draft.kind in ("", "company"):
            own = {each.symbol for each in register.known[draft.id].listings} if draft.known else set()
            for symbol in [each for each in draft.tickers if "." not in each and each not in symbols | own]:
                del draft.tickers[symbol]
                register.by_symbol.pop(symbol, None)


def _known(register: Register, rows: list[dict[str, str]], name: str) -> str:
    """The id of the issuer where somebody else has it already: by its symbols, then by its name."""
    for row in rows:
        found = register.find(symbol=row["ticker"])
        if found and (":" not in found or found.startswith("etf:")):
            return found
    found = register.namesake(name)
    return found if not _is_american(register, found) else ""


def _freed(register: Register, found: str, rows: list[dict[str, str]]) -> str:
    """A symbol that only an older package gives to `found` is its no more; who has it now stands alone."""
    own = {listing.symbol for listing in register.known[found].listings}
    symbols = {plain_symbol(row["ticker"]) for row in rows}
    if own & symbols:
        return found
    for symbol in symbols:
        register.drafts[found].tickers.pop(symbol, None)
        register.by_symbol.pop(symbol, None)
    return ""


def _is_american(register: Register, id: str) -> bool:
    """Whether the namesake trades in America under other symbols already: then it is another company."""
    known, draft = register.known.get(id), register.drafts.get(id)
    if known is not None and any(not listing.end for listing in known.listings):
        return True
    return draft is not None and any("." not in symbol for symbol in draft.tickers)


def _agrees(register: Register, id: str, name: str) -> bool:
    """Whether the name that SEC gives has a word in common with the names of the catalogue."""
    known = register.known.get(id)
    if known is None:
        return True
    said = set(plain_name(name).split())
    squashed = plain_name(name).replace(" ", "")
    for each in known.names:
        ours = plain_name(each.text)
        if said & set(ours.split()) or ours.replace(" ", "")[:4] == squashed[:4] or _initials(name) == ours:
            return True
    return False


def _initials(name: str) -> str:
    return "".join(word[0] for word in plain_name(name).split())


def _take(
    register: Register, found: str, cik: str, listed: list[dict[str, str]], rows: list[dict[str, str]], name: str
) -> None:
    first = listed[0]
    kind = "etf" if _FUND.search(name) else "company"
    own = f"etf:{plain_symbol(first['ticker'])}" if kind == "etf" else plain_symbol(first["ticker"])
    id = found or (f"{own}.US" if own in register.known or own in register.drafts else own)
    draft = register.draft(id, "us", kind="etf" if kind == "etf" else "", exchange=_MICS[first["exchange"]])
    if not found:
        draft.call(name)
    draft.identifiers.setdefault("cik", cik.lstrip("0"))
    for row in rows:
        symbol = plain_symbol(row["ticker"])
        if id in _BANKS and symbol[:2] != plain_symbol(rows[0]["ticker"])[:2]:
            continue  # notes on an index that it has issued
        draft.list_as(symbol, _MICS[row["exchange"]], _class(row["ticker"], [each["ticker"] for each in rows]))
    draft.from_source(source_of("edgartools"))
    register.settle(draft)


def _class(ticker: str, others: list[str]) -> str:
    for ending, share_class in _ENDINGS:
        if ending.search(ticker):
            return share_class
    if match := re.fullmatch(r"[A-Z]+-([A-Z])", ticker):
        return match[1]
    if len(ticker) == 5 and ticker[:4] in others and ticker[4] in _FIFTH:
        return _FIFTH[ticker[4]]
    return ""


def identify(register: Register, packages: Packages) -> None:
    """ISINs, by symbol and the first word of the name: a symbol may have changed hands since investpy's list."""
    for row in packages.rows("investpy", "investpy/resources/stocks.csv"):
        draft = register.drafts.get(register.find(symbol=row["symbol"])) if row["country"] == "united states" else None
        if draft is None or "isin" in draft.identifiers or not row["isin"] or register.find(isin=row["isin"]):
            continue
        known = register.known.get(draft.id)
        names = [name for name, _ in draft.names] + [name.text for name in (known.names if known else ())]
        first = plain_name(row["full_name"]).partition(" ")[0]
        if any(plain_name(name).partition(" ")[0] == first for name in names):
            draft.identifiers["isin"] = row["isin"]
            register.by_isin[row["isin"]] = draft.id
            draft.country = draft.country or ("US" if row["isin"].startswith("US") and draft.exchange != "OTCM" else "")
            draft.from_source(source_of("investpy"))
