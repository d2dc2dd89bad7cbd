"""The files of a catalogue: one row is an instrument. Read with csv, so a person can edit them with anything.

    id            see instrument.py; it never changes
    kind          company (where empty), etf, index, crypto, commodity, currency, unknown
    country       ISO 3166-1 alpha-2
    exchange      MIC of the home market
    sector        GICS sector
    industry      in the source's words
    names         `|` between them; the first is the one shown. `?Apple` is also a word of everyday English and needs
                  some evidence of business beside it, `??Target` needs strong evidence (the linker says which).
                  `贵州茅台@zh` is a name in Chinese; `Facebook<2021-10-28` was its name before that day,
                  `Meta Platforms>2021-10-28` from that day on
    brands        what it sells, written as names are
    tickers       space between them; `FB<2022-06-09` was valid before that day, `META>2022-06-09` from that day on;
                  `BRK.A~A` is its share class A; `SAP.DE@XETR` is listed on the market with that MIC
    identifiers   space between them: `cik:320193 isin:US0378331005`
    parent        id of the instrument to which it belongs
    evidence      lower-case words that speak for the instrument when an everyday name is read
    against       lower-case words that, right beside an everyday name, speak against it
    source        where the row comes from

Only `id` and `names` are asked for; a column that a file does not have is empty in all its rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from sys import intern
from typing import Final

from shared.universe.instrument import KINDS, Identifier, Instrument, Listing, Name

COLUMNS: Final = (
    "id", "kind", "country", "exchange", "sector", "industry", "names", "brands", "tickers", "identifiers", "parent",
    "evidence", "against", "source",
)  # fmt: skip
_DAYS: Final = r"(?:>(\d{4}-\d\d-\d\d))?(?:<(\d{4}-\d\d-\d\d))?"
_TICKER: Final = re.compile(rf"([A-Z0-9.&^=]+){_DAYS}(?:~([A-Za-z0-9]+))?(?:@([A-Z0-9]{{4}}))?")
_NAME: Final = re.compile(rf"(\??\??)([^?<>|][^<>|]*?)(?:@([a-z]{{2,3}}))?{_DAYS}")
_GIVERS: Final = {"cik": ("edgartools",), "isin": ("pytickersymbols", "twstock", "investpy")}
_IDENTIFIER: Final = re.compile(r"([a-z]+):([A-Za-z0-9]+)")


class CatalogueError(ValueError):
    """The catalogue's data is wrong; the text names the row and what to correct."""


def read_rows(raw: bytes, file: str) -> Iterator[Instrument]:
    """The instruments of one file. Raises CatalogueError with the file's name and the line."""
    rows = csv.reader(raw.decode("utf-8-sig").splitlines())
    header = next(rows, [])
    for cells in rows:
        if cells:
            yield instrument_of(dict(zip(header, cells, strict=False)), f"{file} line {rows.line_num}", file)


def instrument_of(row: Mapping[str, str], place: str, file: str) -> Instrument:
    """One row. Raises CatalogueError that begins with `place`."""
    cell = row.get
    id, names = cell("id") or "", cell("names") or ""
    if not id:
        raise CatalogueError(f"{place}: a company needs an id and no empty name")
    kind, source = cell("kind") or "company", intern(cell("source") or file)
    if kind not in KINDS:
        raise CatalogueError(f"{place}: unknown kind {kind!r}; use one of {', '.join(KINDS)}")
    called = [_name(text, place) for text in names.split("|")] if names else []
    if brands := cell("brands"):
        called.extend(_name(text, place, brand=True) for text in brands.split("|"))
    return Instrument(
        id=id,
        names=_each_once(called) if len(called) > 1 else tuple(called),
        kind=kind,
        sector=intern(cell("sector") or ""),
        industry=intern(cell("industry") or ""),
        country=intern(cell("country") or ""),
        exchange=intern(cell("exchange") or ""),
        listings=tuple([_listing(text, place) for text in (cell("tickers") or "").split()]),
        identifiers=tuple([_identifier(text, place, source) for text in (cell("identifiers") or "").split()]),
        parent=cell("parent") or "",
        evidence=tuple((cell("evidence") or "").split()),
        against=tuple((cell("against") or "").split()),
        source=source,
    )


def _each_once(names: list[Name]) -> tuple[Name, ...]:
    """A name that is written twice (`Gap|??Gap`: shown first, and everyday) keeps its place and the higher grade."""
    kept: dict[str, Name] = {}
    for name in names:
        first = kept.setdefault(name.text, name)
        if first.grade < name.grade:
            kept[name.text] = replace(first, grade=name.grade)
    return tuple(kept.values())


def _name(text: str, place: str, *, brand: bool = False) -> Name:
    match = _NAME.fullmatch(text.strip())
    if match is None:
        raise CatalogueError(
            f"{place}: a company needs an id and no empty name, and {text!r} is none; use, for example, "
            "?Apple, 贵州茅台@zh or Facebook<2021-10-28"
        )
    marks, name, language, start, end = match.groups("")
    return Name(name, language, len(marks), brand, start, end)


def _listing(text: str, place: str) -> Listing:
    # "FB<2022-06-09", "META>2022-06-09", "PARA>2022-02-17<2025-08-07", "BRK.A~A@XNYS"
    match = _TICKER.fullmatch(text)
    if match is None:
        raise CatalogueError(f"{place}: {text!r} is not a ticker; use, for example, PARA>2022-02-17<2025-08-07")
    symbol, start, end, share_class, mic = match.groups("")
    return Listing(symbol, start, end, intern(mic), share_class)


def _identifier(text: str, place: str, source: str) -> Identifier:
    match = _IDENTIFIER.fullmatch(text)
    if match is None:
        raise CatalogueError(f"{place}: {text!r} is no identifier; use, for example, cik:320193")
    return Identifier(intern(match[1]), match[2], _giver(match[1], source))


@cache
def _giver(scheme: str, source: str) -> str:
    """The part of a row's source that gives an identifier; all of it where that is not known."""
    parts = [part for part in source.split("; ") if part.startswith(_GIVERS.get(scheme, ()))]
    return parts[0] if parts else source
