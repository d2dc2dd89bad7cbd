"""Taiwan, whose companies have their Chinese names in twstock, and India, whose symbols investpy does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shared.universe.building.draft import Register
from shared.universe.building.naming import cleaned, written
from shared.universe.building.others import hand_rows
from shared.universe.building.packages import Packages, source_of
from shared.universe.instrument import plain_name

_STOCKS: Final = "investpy/resources/stocks.csv"
TAIWAN: Final = 420  # of investpy's list
_NSE: Final = re.compile(r"'([A-Z0-9&-]+)': u'")


def taiwan(register: Register, packages: Packages, frequencies: Mapping[str, float]) -> None:
    """The first of investpy's list, by ISIN, with twstock's Chinese names."""
    chinese = {}
    for file, suffix in (("twse", "TW"), ("tpex", "TWO")):
        for row in packages.rows("twstock", f"twstock/codes/{file}_equities.csv"):
            if row["type"] == "股票":
                chinese[row["ISIN"]] = (row["code"], row["name"], suffix, row["group"])
    rows = [r for r in packages.rows("investpy", _STOCKS) if r["country"] == "taiwan" and r["isin"] in chinese]
    for row in rows[:TAIWAN]:
        code, name, suffix, group = chinese[row["isin"]]
        symbol, market = f"{code}.{suffix}", {"TW": "XTAI", "TWO": "ROCO"}[suffix]
        id = register.find(symbol=symbol, isin=row["isin"]) or symbol
        draft = register.draft(id, "taiwan", country="TW", exchange=market, industry=group)
        if not draft.known:
            draft.call(written(cleaned(row["full_name"]), frequencies))
        draft.call(name.removesuffix("*").removesuffix("-KY"), "zh")
        draft.list_as(symbol, market)
        draft.identifiers.setdefault("isin", row["isin"])
        draft.from_source(source_of("investpy"))
        draft.from_source(source_of("twstock"))
        register.settle(draft)


def india(register: Register, packages: Packages, frequencies: Mapping[str, float]) -> None:
    """NSE's symbols: those of `hand/india.csv`, and of nsepy's list those that are one company's name shortened."""
    rows = [row for row in packages.rows("investpy", _STOCKS) if row["country"] == "india"]
    by_name: dict[str, dict[str, str]] = {}
    for row in rows:
        for name in (row["full_name"], row["name"]):
            by_name.setdefault(plain_name(cleaned(name)), row)
    symbols = {row["symbol"]: row["name"] for row in hand_rows("india.csv")}
    for symbol, row in _shortened(packages, rows).items():
        if symbol not in symbols:
            _take(register, symbol, written(cleaned(row["full_name"]), frequencies), row, "nsepy")
    for symbol, name in symbols.items():
        found = by_name.get(plain_name(name)) or _begins(by_name, plain_name(name))
        _take(register, symbol, name, found, "")


def _take(register: Register, symbol: str, name: str, row: Mapping[str, str] | None, package: str) -> None:
    isin = row["isin"] if row else ""
    listed = f"{symbol}.NS"
    id = register.find(symbol=listed, isin=isin) or listed
    draft = register.draft(id, "india", country="IN", exchange="XNSE")
    if not draft.known:
        draft.call(name)
    draft.list_as(listed, "XNSE")
    if isin:
        draft.identifiers.setdefault("isin", isin)
        draft.from_source(source_of("investpy"))
    draft.from_source(source_of(package) if package else "Bellwether")
    register.settle(draft)


def _shortened(packages: Packages, rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """NSE's symbols that are the beginning of exactly one company's name, squashed: ASIANPAINT."""
    names: dict[str, dict[str, str]] = {}
    for row in rows:
        for name in (row["name"], row["full_name"], cleaned(row["full_name"])):
            names.setdefault(_squashed(name), row)
    found = {}
    for symbol in _NSE.findall(packages.read("nsepy", "nsepy/constants.py").decode()):
        short = _squashed(symbol)
        fits = (
            {names[short]["isin"]: names[short]}
            if short in names
            else {row["isin"]: row for name, row in names.items() if len(short) >= 5 and name.startswith(short)}
        )
        if len(fits) == 1:
            found[symbol] = next(iter(fits.values()))
    return found


def _squashed(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def _begins(by_name: Mapping[str, dict[str, str]], name: str) -> dict[str, str] | None:
    found = {row["isin"]: row for other, row in by_name.items() if other.startswith(f"{name} ")}
    return next(iter(found.values())) if len(found) == 1 else None
