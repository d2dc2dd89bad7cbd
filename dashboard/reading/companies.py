"""Names, tickers and sectors for display. What the catalogue does not know is shown by its id."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from shared.contract.events import MARKET
from shared.universe.securities import Catalogue

UNCLASSIFIED = "Unclassified"
_GROUPS: Final = {
    "etf": "Funds", "index": "Indices", "crypto": "Crypto", "commodity": "Commodities", "currency": "Currencies",
}  # fmt: skip
_PREFIX = 3  # letters from which on the beginning of a name is enough
_NEAR = 200  # keys that are looked at from there


@dataclass(frozen=True, slots=True)
class Label:
    """How a company is written."""

    id: str
    ticker: str
    name: str
    sector: str
    also: tuple[str, ...] = ()  # other names and former tickers, to be found by

    @property
    def long(self) -> str:
        return self.name if self.id == MARKET else f"{self.ticker} · {self.name}"

    @property
    def searched(self) -> str:
        """As the search box lists it: `META · Meta Platforms (FB, Facebook)`."""
        return f"{self.long} ({', '.join(self.also)})" if self.also else self.long


@cache
def searched(company: str) -> str:
    """Label.searched of a company id; asked of thousands whenever a page is drawn."""
    return label(company).searched


@lru_cache(maxsize=4)
def by_ticker(companies: frozenset[str]) -> list[str]:
    """Ids in the order of their tickers; do not change the list."""
    return sorted(companies, key=lambda company: (label(company).ticker, company))


@cache
def label(company: str) -> Label:
    """The label of a company id."""
    if company == MARKET:
        return Label(company, "MARKET", "Market as a whole", "Market")
    known = Catalogue.load().by_id.get(company)
    if known is None:
        return Label(company, company, company, UNCLASSIFIED)
    former = [each.symbol for each in known.listings if each.symbol != known.ticker]
    also = [alias for alias in (*former, *known.aliases) if alias.lower() not in known.name.lower()]
    sector = known.sector or _GROUPS.get(known.kind, UNCLASSIFIED)
    return Label(company, known.ticker, known.name, sector, tuple(dict.fromkeys(also))[:4])


@cache
def listed() -> frozenset[str]:
    """Ids of every instrument of the catalogue."""
    return frozenset(Catalogue.load().by_id)


def named(text: str, written_of: Iterable[str] = ()) -> str | None:
    """The company that somebody means by an id, a ticker or a name, in any case, or by how one of these begins. What is
    written of (ids with opinions) comes first; None when neither that nor the catalogue has it."""
    wanted = text.strip().lstrip("$").casefold()
    if not wanted:
        return None
    ids = list(written_of)
    by_key = _by_key()
    known = by_key.get(wanted)
    if known is not None and _is_symbol(known, wanted):
        return known
    own = next((company for company in ids if wanted in keys_of(company)), None)
    if found := own or known:
        return found
    begins = [company for company in ids if any(key.startswith(wanted) for key in keys_of(company))]
    if begins:
        return min(begins, key=lambda company: (len(label(company).name), company))
    keys = _sorted_keys()
    at = bisect_left(keys, wanted)
    near = keys[at : at + _NEAR]
    beginning = [key for key in near if key.startswith(wanted)] if len(wanted) >= _PREFIX else []
    return by_key[min(beginning, key=lambda key: (len(key), key))] if beginning else None


@cache
def keys_of(company: str) -> tuple[str, ...]:
    """What a company is found by: id, ticker and names, case-folded."""
    known = label(company)
    every = (company, known.ticker, known.name, known.long, known.searched, *known.also)
    return tuple(dict.fromkeys(each.casefold() for each in every))


def _is_symbol(company: str, wanted: str) -> bool:
    return wanted in (company.casefold(), label(company).ticker.casefold())


@cache
def _by_key() -> dict[str, str]:
    """Key -> id; ids and tickers before names, the catalogue's order among equals."""
    ids = list(Catalogue.load().by_id)
    found: dict[str, str] = {}
    for company in ids:
        found.setdefault(company.casefold(), company)
    for company in ids:
        found.setdefault(label(company).ticker.casefold(), company)
    for company in ids:
        for key in keys_of(company):
            found.setdefault(key, company)
    return found


@cache
def _sorted_keys() -> list[str]:
    return sorted(_by_key())
