"""The packs of the other countries, from investpy's list of stocks: the first of each country, which are those that its
indices held, named by the exchange's symbol in Yahoo's form. Symbols of India and of the Nordic countries are
Investing.com's own there; those of India are given by hand (`hand/india.csv`), the others follow a rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from shared.universe.building.draft import Register
from shared.universe.building.naming import cleaned, written
from shared.universe.building.packages import Packages, source_of
from shared.universe.instrument import plain_name


@dataclass(frozen=True, slots=True)
class Country:
    """How the stocks of a country are taken: `code` is that of its ISINs, `most` how many at the most."""

    name: str
    code: str
    pack: str
    suffix: str
    mic: str
    most: int
    symbol: str = r"[A-Z0-9]{1,6}"


COUNTRIES: Final = (
    Country("japan", "JP", "japan", "T", "XTKS", 600, r"\d{4}"),
    Country("canada", "CA", "canada", "TO", "XTSE", 320, r"[A-Z]{1,4}(?:[xab]|_u)?"),
    Country("south korea", "KR", "korea", "KS", "XKRX", 300, r"\d{6}"),
    Country("australia", "AU", "australia", "AX", "XASX", 320, r"[A-Z0-9]{3}"),
    Country("sweden", "SE", "nordics", "ST", "XSTO", 200, r"[A-Z]{2,7}[ab]?"),
    Country("finland", "FI", "nordics", "HE", "XHEL", 130, r"[A-Z0-9]{2,7}"),
    Country("denmark", "DK", "nordics", "CO", "XCSE", 110, r"[A-Z]{2,7}[ab]?"),
    Country("norway", "NO", "nordics", "OL", "XOSL", 130, r"[A-Z]{2,7}"),
    Country("brazil", "BR", "brazil", "SA", "BVMF", 170, r"[A-Z]{4}\d{1,2}"),
    Country("united kingdom", "GB", "europe", "L", "XLON", 330, r"[A-Z0-9]{2,4}"),
    Country("spain", "ES", "europe", "MC", "XMAD", 110, r"[A-Z0-9]{2,5}"),
    Country("netherlands", "NL", "europe", "AS", "XAMS", 80, r"[A-Z0-9]{2,5}"),
    Country("belgium", "BE", "europe", "BR", "XBRU", 90, r"[A-Z0-9]{2,6}"),
    Country("switzerland", "CH", "europe", "SW", "XSWX", 180, r"[A-Z0-9]{2,5}"),
    Country("italy", "IT", "europe", "MI", "XMIL", 0, r"[A-Z0-9]{2,5}"),
    Country("portugal", "PT", "europe", "LS", "XLIS", 30, r"[A-Z0-9]{2,5}"),
)
_PREFERRED_CLASSES: Final = ("4", "3", "11", "6", "5")  # Brazil: the preferred share is mostly the traded one


def build(register: Register, packages: Packages, frequencies: Mapping[str, float]) -> None:
    """Every country but China, India and Taiwan."""
    rows = list(packages.rows("investpy", "investpy/resources/stocks.csv"))
    for country in COUNTRIES:
        taken: set[str] = set()
        for row in _of(country, rows):
            name = _name(row, frequencies)
            if len(taken) < country.most or plain_name(name) in taken:
                taken.add(plain_name(name))
                take(register, country, row, f"{_symbol(country, row['symbol'])}.{country.suffix}", name)


def take(register: Register, country: Country, row: Mapping[str, str], symbol: str, name: str) -> None:
    """One row of investpy under its exchange's symbol; further classes of a company are listings of it."""
    same = register.holder(name)
    other = register.drafts.get(same)
    # A namesake elsewhere is another company: Siemens of India, Merck of Darmstadt
    near = same if (other and other.pack == country.pack and other.country == country.code) else ""
    id = register.find(symbol=symbol, isin=row["isin"]) or near or register.known_namesake(name, symbol) or symbol
    draft = register.draft(id, country.pack, country=country.code, exchange=country.mic)
    if not draft.known:
        draft.call(name)
        short = cleaned(row["name"])
        if any(c.islower() for c in short) and len(short) > 3:
            draft.call(short)
    share_class = row["symbol"][-1].upper() if row["symbol"][-1:] in ("a", "b") else ""
    draft.list_as(symbol, country.mic, share_class)
    draft.identifiers.setdefault("isin", row["isin"])
    draft.from_source(source_of("investpy"))
    register.settle(draft)


def _of(country: Country, rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    for row in rows:
        mine = row["country"] == country.name and row["isin"].startswith(country.code)
        if mine and re.fullmatch(country.symbol, row["symbol"]):
            yield row


def _symbol(country: Country, symbol: str) -> str:
    if country.name == "canada":
        symbol = symbol.replace("_u", "-UN").removesuffix("x")
    return f"{symbol[:-1]}-{symbol[-1].upper()}" if symbol[-1] in "ab" else symbol


def _name(row: Mapping[str, str], frequencies: Mapping[str, float]) -> str:
    return written(cleaned(row["full_name"]), frequencies)
