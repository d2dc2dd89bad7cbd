"""Names, tickers and sectors for display. What the catalogue does not know is shown by its id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from shared.contract.events import MARKET
from shared.universe.securities import Catalogue

UNCLASSIFIED = "Unclassified"


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
def label(company: str) -> Label:
    """The label of a company id."""
    if company == MARKET:
        return Label(company, "MARKET", "Market as a whole", "Market")
    known = Catalogue.load().by_id.get(company)
    if known is None:
        return Label(company, company, company, UNCLASSIFIED)
    former = [each.symbol for each in known.listings if each.symbol != known.ticker]
    also = [alias for alias in (*former, *known.aliases) if alias.lower() not in known.name.lower()]
    return Label(company, known.ticker, known.name, known.sector, tuple(dict.fromkeys(also))[:4])


def listed() -> list[str]:
    """Ids of every company of the catalogue."""
    return [company.id for company in Catalogue.load().instruments]


def named(text: str, ids: Iterable[str]) -> str | None:
    """The company that somebody means by an id, a ticker or a name, in any case; None when it is none of `ids`."""
    wanted = text.strip().lstrip("$").casefold()
    found = None
    for company in ids:
        known = label(company)
        if wanted in (company.casefold(), known.ticker.casefold()):
            return company
        if wanted in (name.casefold() for name in (known.name, known.long, known.searched, *known.also)):
            found = found or company
    return found
