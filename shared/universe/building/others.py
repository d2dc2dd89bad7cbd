"""The packs that are no stocks: funds, indices, coins, commodities and currencies. Which ones is said by hand, in
`hand/`; what a package knows of them (the fund's name, its ISIN) comes from there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from shared.universe.building.draft import Draft, Register
from shared.universe.building.packages import Packages, source_of
from shared.universe.instrument import Instrument
from shared.universe.rows import read_rows

HAND: Final = Path(__file__).parent / "hand"
_PACKS: Final = {
    "T": "japan", "HK": "china", "SS": "china", "SZ": "china", "NS": "india", "TO": "canada", "AX": "australia",
    "SA": "brazil", "TW": "taiwan", "ST": "nordics", "HE": "nordics", "CO": "nordics", "OL": "nordics",
}  # fmt: skip
_RESOURCES: Final = "investpy/resources"


def hand_rows(file: str) -> Iterator[dict[str, str]]:
    with (HAND / file).open(newline="") as rows:
        yield from csv.DictReader(rows)


def coins(register: Register, packages: Packages) -> dict[str, str]:
    """The coins; returns bare symbols that are theirs only where no stock has them: symbol -> id."""
    known = {row["symbol"] for row in packages.rows("investpy", f"{_RESOURCES}/cryptos.csv")}
    rest = {}
    for row in hand_rows("coins.csv"):
        symbol = row["symbol"]
        draft = register.draft(
            f"crypto:{symbol}",
            "crypto",
            kind="crypto",
            evidence="crypto cryptocurrency token blockchain bitcoin ethereum altcoin altcoins",
        )
        for text in row["names"].split("|"):
            name, _, language = text.partition("@")
            draft.call(name, language)
        if row["wins"]:
            draft.list_as(symbol)
        else:
            rest[symbol] = draft.id
        draft.list_as(f"{symbol}.USD")
        draft.from_source(source_of("investpy") if symbol in known else "Bellwether")
        register.settle(draft)
    return rest


def leftovers(register: Register, rest: Mapping[str, str]) -> None:
    """Once every stock is there: the bare symbols that no stock has are the coins'."""
    for symbol, id in rest.items():
        if not register.find(symbol=symbol):
            register.drafts[id].list_as(symbol)
            register.settle(register.drafts[id])


def funds(register: Register, packages: Packages) -> None:
    """The funds of `hand/funds.txt` under the names of investpy; one that it lacks is named by SEC's list later."""
    wanted = (HAND / "funds.txt").read_text().split()
    rows: dict[str, dict[str, str]] = {}
    for row in packages.rows("investpy", f"{_RESOURCES}/etfs.csv"):
        if row["country"] == "united states":
            rows.setdefault(row["symbol"], row)
    for symbol in dict.fromkeys(wanted):
        found = rows.get(symbol)
        if found is None:
            continue
        draft = register.draft(f"etf:{symbol}", "funds", kind="etf", country="US")
        draft.call(
            found["full_name"].removesuffix(" ETF").strip() if len(found["full_name"]) > 12 else found["full_name"]
        )
        draft.call(found["name"])
        draft.list_as(symbol)
        if found["isin"]:
            draft.identifiers.setdefault("isin", found["isin"])
        draft.industry = found["asset_class"]
        draft.from_source(source_of("investpy"))
        register.settle(draft)


def by_hand(register: Register, file: str, pack: str, kind: str) -> None:
    """Rows that are written as in a pack, marks and all."""
    for row in read_rows((HAND / file).read_bytes(), file):
        _copied(register, row, pack, kind)


def _copied(register: Register, row: Instrument, pack: str, kind: str) -> None:
    draft = register.draft(row.id, pack, kind=kind, country=row.country, evidence=" ".join(row.evidence))
    draft.against = " ".join(row.against)
    for name in row.names:
        draft.names.append((name.text, name.language))
        draft.grades[name.text] = name.grade
    for listing in row.listings:
        draft.list_as(listing.symbol)
    draft.from_source("Bellwether")
    register.settle(draft)


def homes(register: Register) -> None:
    """Home listings of companies that the hand-written catalogue names by their American ticker: `hand/homes.csv`."""
    ids = {listing.symbol: each.id for each in register.known.values() for listing in each.listings}
    for row in hand_rows("homes.csv"):
        suffix = row["symbol"].rpartition(".")[2]
        draft = register.draft(ids[row["ticker"]], _PACKS.get(suffix, "europe"))
        draft.list_as(row["symbol"])
        register.settle(draft)


def more(register: Register) -> None:
    """Companies that no package has: `hand/others.csv`."""
    for row in hand_rows("others.csv"):
        id = register.find(symbol=row["symbol"]) or row["symbol"]
        draft = register.draft(id, row["pack"], country=row["country"], exchange=row["mic"])
        draft.list_as(row["symbol"], row["mic"])
        _call(draft, row["name"])
        draft.from_source("Bellwether")
        register.settle(draft)


def aliases(register: Register) -> None:
    """What people call a company besides, with the grade that its marks say: `hand/aliases.csv`."""
    for row in hand_rows("aliases.csv"):
        if id := register.find(symbol=row["symbol"]):
            draft = register.draft(id, "us")
            _call(draft, row["names"])
            draft.from_source("Bellwether")
            register.settle(draft)


def _call(draft: Draft, names: str) -> None:
    for text in names.split("|"):
        marked, _, language = text.partition("@")
        plain = marked.lstrip("?")
        draft.grades[plain] = len(marked) - len(plain)
        if plain not in [name for name, _ in draft.names]:
            draft.names.append((plain, language))


def affiliates(register: Register) -> None:
    """Who belongs to whom: `hand/affiliates.csv`."""
    for row in hand_rows("affiliates.csv"):
        child, parent = register.find(symbol=row["symbol"]), register.find(symbol=row["parent"])
        if child and parent and child != parent:
            register.draft(child, register.drafts[child].pack if child in register.drafts else "us").parent = parent


def chinese_names() -> dict[str, list[str]]:
    """Symbol -> Chinese names, `?` marks and all."""
    return {row["symbol"]: row["names"].split("|") for row in hand_rows("chinese_names.csv")}
