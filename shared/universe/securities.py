"""The catalogue of instruments: stable ids, names, symbols with their days, sectors.

The catalogue is data: `securities.csv` beside this file, written by hand, the packs in `packs/`, built from public
packages, and files of the user's own. `rows.py` reads them, this module indexes them. Others ask it:

    Catalogue.load()            the one that this process reads with; built once
    .instruments                all of them: `names` (text, language, grade, days) and `listings` are for the linker
    .companies                  those of kind company
    .by_id["META"], .get(id)    by id; `get` makes one of kind unknown of an id that no row has
    .by_ticker("FB", day)       who held a symbol on a day
    .resolve(text, day)         what a source means by a ticker, an id or a name
    .search("app")              for a search box
    .digest()                   names all of this: equal digests read every text alike
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from shared.collector import without_collector
from shared.universe.instrument import HAND_FILE, Instrument, Listing, Name, plain_name, plain_symbol
from shared.universe.layers import complete, override
from shared.universe.lives import called_while_listed, first_day
from shared.universe.own_files import files_in_use, own_rows, read_own
from shared.universe.rows import CatalogueError, read_rows

__all__ = ["Catalogue", "CatalogueError", "Instrument", "Listing", "plain_name", "plain_symbol"]

_RULES: Final = b"linking-2"  # raise it when services/scoring reads names differently: opinions then change, too
_HERE: Final = Path(__file__).parent
_FIRST: Final = ("names", "us")  # where two packs have a name, these ones' instrument is meant; names: by hand


class Catalogue:
    """All instruments, indexed by id, ticker and name. Immutable; `Catalogue.load()` gives the one of this process."""

    def __init__(
        self, raw: bytes, packs: Sequence[tuple[str, bytes]] = (), own: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """`raw` is the hand-written file; `packs` complete it; a user's `own` files win over both. Name and content."""
        found: dict[str, Instrument] = {}
        _add(found, read_rows(raw, HAND_FILE), None)
        first_days = {each.id: first_day(each) for each in found.values()}
        for name, content in packs:
            _add(found, read_rows(content, name), complete)
        for name, content in own:
            _add(found, own_rows(content, name, _holders(found)), override)
        found |= {id: called_while_listed(found[id], day) for id, day in first_days.items()}
        self.instruments: tuple[Instrument, ...] = tuple(found.values())
        if nameless := next((each.id for each in self.instruments if not each.names), ""):
            raise CatalogueError(f"{nameless} has no name in any file; give it one")
        self.by_id = found
        self.companies = tuple(each for each in self.instruments if each.kind == "company")
        self.sectors: tuple[str, ...] = tuple(sorted({each.sector for each in self.instruments if each.sector}))
        self._digest = _digest([(HAND_FILE, raw), *packs, *own])
        self._symbols: dict[str, list[tuple[Listing, Instrument]]] = {}
        for each in self.instruments:
            for listing in each.listings:
                self._symbols.setdefault(listing.symbol, []).append((listing, each))

    @cached_property
    def _names(self) -> dict[str, Instrument]:
        names: dict[str, Instrument] = {}
        for each, called in zip(self.instruments, self._plain_names, strict=True):
            for name in called:
                names.setdefault(name, each)
        return names

    @cached_property
    def _plain_names(self) -> tuple[tuple[str, ...], ...]:
        return tuple([tuple([plain_name(name.text) for name in each.names]) for each in self.instruments])

    @cached_property
    def _registered(self) -> dict[str, Instrument]:
        return {found.value: each for each in reversed(self.instruments) for found in each.identifiers}

    def by_identifier(self, value: str) -> Instrument | None:
        """What a register calls so: an ISIN, a LEI, a FIGI."""
        return self._registered.get(value.strip().upper())

    @classmethod
    def load(cls) -> Catalogue:
        """The catalogue that comes with Bellwether; read once per process."""
        return _loaded(files_in_use())

    def get(self, id: str) -> Instrument:
        """The instrument with this id; one of kind unknown where no row has it, so that nothing is lost."""
        return self.by_id.get(id) or Instrument(id, (Name(id),), "unknown", listings=(Listing(id),))

    @property
    def as_of(self) -> date:
        """The day of the newest list that the packs were built from: who was delisted before is mostly absent."""
        return date.fromisoformat((_HERE / "packs" / "as_of.txt").read_text().strip())

    def digest(self) -> str:
        """16 hex digits that name this catalogue and how it is read: `universe` of opinions and runs (design 6)."""
        return self._digest

    def by_ticker(self, symbol: str, day: date | None = None) -> Instrument | None:
        """What traded under `symbol` on `day`; BRK.B, BRK-B and BRK/B are one symbol. None: today."""
        holders = self._symbols.get(plain_symbol(symbol), ())
        return next((each for listing, each in holders if listing.valid(day)), None)

    def holders(self) -> dict[str, str]:
        """Whose a symbol is today: symbol -> id."""
        return _holders(self.by_id)

    def named(self, text: str) -> Instrument | None:
        """The instrument with this very name, whatever its spelling."""
        return self._names.get(plain_name(text)) if text.strip() else None

    def ever(self, symbol: str) -> Instrument | None:
        """The only one that ever had this symbol."""
        return self._ever(plain_symbol(symbol))

    def _ever(self, symbol: str) -> Instrument | None:
        had = {each.id: each for _, each in self._symbols.get(symbol, ())}
        return next(iter(had.values())) if len(had) == 1 else None

    def resolve(self, ticker_or_name: str, day: date | None = None) -> Instrument | None:
        """The instrument that a source means by a ticker, an id or a name on `day`; None when none is meant.

        A symbol that was nobody's on that day still counts when only one ever had it: sources often name a company of
        2014 by its ticker of today, or the other way round.
        """
        symbol = plain_symbol(ticker_or_name.rpartition(":")[2])  # NYSE:F
        found = self.by_id.get(ticker_or_name.strip()) if ":" in ticker_or_name else None  # crypto:BTC
        found = found or self.by_ticker(symbol, day) or self.by_id.get(symbol) or self._ever(symbol)
        return found or self._names.get(plain_name(ticker_or_name))

    def search(self, prefix: str, limit: int = 10) -> list[Instrument]:
        """Instruments for a search box, best first: by ticker, then start of a name, then start of a word in a name."""
        symbol, text = plain_symbol(prefix), plain_name(prefix)
        if not text and not symbol:
            return []
        ranked = [
            (rank, each.name, each)
            for each, names in zip(self.instruments, self._plain_names, strict=True)
            if (rank := _rank(each, names, symbol, text))
        ]
        return [each for _, _, each in sorted(ranked, key=lambda found: found[:2])[:limit]]


def _rank(instrument: Instrument, names: Sequence[str], symbol: str, text: str) -> int:
    if symbol in (instrument.ticker, instrument.id):
        return 1
    if any(symbol == listing.symbol for listing in instrument.listings):
        return 2
    if text and names[0].startswith(text):
        return 3
    if instrument.ticker.startswith(symbol):
        return 4
    if text and any(name.startswith(text) for name in names):
        return 5
    return 6 if text and any(f" {text}" in f" {name}" for name in names) else 0


def _add(
    found: dict[str, Instrument],
    rows: Iterable[Instrument],
    joined: Callable[[Instrument, Instrument], Instrument] | None,
) -> None:
    for row in rows:
        known = found.get(row.id)
        if known is not None and joined is None:
            raise CatalogueError(f"two rows have the same id, {row.id}; change one of them")
        found[row.id] = joined(known, row) if known is not None and joined is not None else row


def _holders(found: Mapping[str, Instrument]) -> dict[str, str]:
    """Who has a symbol today: symbol -> id."""
    return {
        listing.symbol: each.id
        for each in reversed(tuple(found.values()))
        for listing in each.listings
        if not listing.end
    }


def _digest(files: Sequence[tuple[str, bytes]]) -> str:
    digest = hashlib.blake2b(digest_size=8, salt=_RULES)
    for _, content in files:
        digest.update(content.replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def shipped_packs() -> list[tuple[str, bytes]]:
    """The packs that come with Bellwether: name and content, in the order in which they are laid."""
    order = {stem: at for at, stem in enumerate(_FIRST)}
    paths = sorted((_HERE / "packs").glob("*.csv"), key=lambda path: (order.get(path.stem, len(order)), path.stem))
    return [(f"packs/{path.name}", path.read_bytes()) for path in paths]


@lru_cache(maxsize=2)
def _loaded(files: tuple[Path, ...]) -> Catalogue:
    own = [(path.name, read_own(path)) for path in files]
    with without_collector():  # half of the time it would walk over what is all kept
        return Catalogue((_HERE / HAND_FILE).read_bytes(), shipped_packs(), own)
