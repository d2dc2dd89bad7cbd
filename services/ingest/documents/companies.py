"""From a source's own `company` field ("AAPL;Microsoft") to company ids."""

from __future__ import annotations

from collections import Counter
from typing import Final

from shared.clock import DAY, to_datetime
from shared.universe.securities import Catalogue
from shared.universe.spellings import companies_in, explicit_symbol

_CACHED: Final = 200_000
_REMEMBERED: Final = 10_000  # different names that are not known
_SHOWN_CHARS: Final = 80


class CompanyNames:
    """Resolves names as of a day; counts and remembers those that the catalogue does not know. One per intake."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._cache: dict[tuple[str, int], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._unknown: Counter[str] = Counter()
        self.unlinked = 0

    def link(self, field: object, available_at: int) -> tuple[str, ...]:
        """Ids of the companies that a field names (a text or a list, spellings.py), each once, in order. A ticker that
        no row knows is an instrument of unknown kind, by its symbol: what is said of it is not the market's."""
        key = (field if isinstance(field, str) else repr(field), available_at // DAY)
        found = self._cache.get(key)
        if found is None:
            companies, unknown = companies_in(field, self._catalogue, to_datetime(key[1] * DAY).date())
            symbols = [symbol for name in unknown if (symbol := explicit_symbol(name))]
            found = tuple(dict.fromkeys([*(company.id for company in companies), *symbols])), tuple(unknown)
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[key] = found
        for name in found[1]:
            self.unlinked += 1
            if len(self._unknown) < _REMEMBERED or name in self._unknown:
                self._unknown[name[:_SHOWN_CHARS]] += 1
        return found[0]

    def most_unknown(self, most: int = 10) -> list[tuple[str, int]]:
        """The names that were most often not known, and how often."""
        return sorted(self._unknown.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
