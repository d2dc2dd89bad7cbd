"""The catalogue of instruments: stable ids, names, symbols with their days, sectors.

The catalogue is data (`securities.csv` beside this file); `rows.py` reads it, this module indexes it. Others ask it:

    Catalogue.load()            the one that this process reads with; built once
    .instruments                all of them: `names` (text, language, grade, days) and `listings` are for the linker
    .companies                  those of kind company
    .by_id["META"]              by id
    .by_ticker("FB", day)       who held a symbol on a day
    .resolve(text, day)         what a source means by a ticker, an id or a name
    .search("app")              for a search box
    .digest()                   names all of this: equal digests read every text alike
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from shared.universe.instrument import Instrument, Listing, plain_name, plain_symbol
from shared.universe.rows import CatalogueError, read_rows

__all__ = ["Catalogue", "CatalogueError", "Instrument", "Listing", "plain_name", "plain_symbol"]

_RULES: Final = b"linking-2"  # raise it when services/scoring reads names differently: opinions then change, too
_SHIPPED: Final = "securities.csv"


class Catalogue:
    """All instruments, indexed by id, ticker and name. Immutable; `Catalogue.load()` gives the shipped one."""

    def __init__(self, raw: bytes) -> None:
        self.instruments: tuple[Instrument, ...] = tuple(read_rows(raw, _SHIPPED))
        self.by_id: dict[str, Instrument] = {each.id: each for each in self.instruments}
        if len(self.by_id) != len(self.instruments):
            raise CatalogueError(f"two rows have the same id, {_twice(self.instruments)}; change one of them")
        self.companies = tuple(each for each in self.instruments if each.kind == "company")
        self.sectors: tuple[str, ...] = tuple(sorted({each.sector for each in self.instruments if each.sector}))
        self._digest = hashlib.blake2b(raw.replace(b"\r\n", b"\n"), digest_size=8, salt=_RULES).hexdigest()
        self._symbols: dict[str, list[tuple[Listing, Instrument]]] = {}
        for each in self.instruments:
            for listing in each.listings:
                self._symbols.setdefault(listing.symbol, []).append((listing, each))

    @cached_property
    def _names(self) -> dict[str, Instrument]:
        names: dict[str, Instrument] = {}
        for each in self.instruments:
            for name in each.names:
                names.setdefault(plain_name(name.text), each)
        return names

    @classmethod
    def load(cls) -> Catalogue:
        """The catalogue that comes with Bellwether; read once per process."""
        return _shipped()

    def digest(self) -> str:
        """16 hex digits that name this catalogue and how it is read: `universe` of opinions and runs (design 6)."""
        return self._digest

    def by_ticker(self, symbol: str, day: date | None = None) -> Instrument | None:
        """What traded under `symbol` on `day`; BRK.B, BRK-B and BRK/B are one symbol. None: today."""
        holders = self._symbols.get(plain_symbol(symbol), ())
        return next((each for listing, each in holders if listing.valid(day)), None)

    def resolve(self, ticker_or_name: str, day: date | None = None) -> Instrument | None:
        """The instrument that a source means by a ticker, an id or a name on `day`; None when none is meant.

        A symbol that was nobody's on that day still counts when only one ever had it: sources often name a company of
        2014 by its ticker of today, or the other way round.
        """
        symbol = plain_symbol(ticker_or_name.rpartition(":")[2])  # NYSE:F
        found = self.by_id.get(ticker_or_name.strip()) if ":" in ticker_or_name else None  # crypto:BTC
        found = found or self.by_ticker(symbol, day) or self.by_id.get(symbol)
        if found is None:
            ever = {each.id: each for _, each in self._symbols.get(symbol, ())}
            found = next(iter(ever.values())) if len(ever) == 1 else self._names.get(plain_name(ticker_or_name))
        return found

    def search(self, prefix: str, limit: int = 10) -> list[Instrument]:
        """Instruments for a search box, best first: by ticker, then start of a name, then start of a word in a name."""
        symbol, text = plain_symbol(prefix), plain_name(prefix)
        if not text and not symbol:
            return []
        ranked = [(rank, each.name, each) for each in self.instruments if (rank := _rank(each, symbol, text))]
        return [each for _, _, each in sorted(ranked, key=lambda found: found[:2])[:limit]]


def _rank(instrument: Instrument, symbol: str, text: str) -> int:
    if symbol in (instrument.ticker, instrument.id):
        return 1
    if any(symbol == listing.symbol for listing in instrument.listings):
        return 2
    names = [plain_name(name.text) for name in instrument.names]
    if text and names[0].startswith(text):
        return 3
    if instrument.ticker.startswith(symbol):
        return 4
    if text and any(name.startswith(text) for name in names):
        return 5
    return 6 if text and any(f" {text}" in f" {name}" for name in names) else 0


def _twice(instruments: tuple[Instrument, ...]) -> str:
    return Counter(each.id for each in instruments).most_common(1)[0][0]


@lru_cache(maxsize=1)
def _shipped() -> Catalogue:
    return Catalogue(Path(__file__).with_name(_SHIPPED).read_bytes())
