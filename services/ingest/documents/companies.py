"""From a source's own `company` field ("AAPL;Microsoft") to company ids."""

from __future__ import annotations

from datetime import date

from shared.clock import DAY, to_datetime
from shared.universe.securities import Catalogue

_CACHED = 200_000


class CompanyNames:
    """Resolves names as of a day and counts those that the catalogue does not know. One per intake, for the count."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._cache: dict[tuple[str, int], str] = {}
        self.unlinked = 0

    def link(self, field: object, available_at: int) -> tuple[str, ...]:
        """Ids of the companies that a field names (a text with `;` between them, or a list), each once, in order."""
        names = field.split(";") if isinstance(field, str) else field if isinstance(field, list | tuple) else [field]
        ids: dict[str, None] = {}
        for name in names:
            plain = str(name).strip()
            if plain:
                company = self._resolve(plain, available_at // DAY)
                if company:
                    ids[company] = None
                else:
                    self.unlinked += 1
        return tuple(ids)

    def _resolve(self, name: str, day_number: int) -> str:
        key = (name, day_number)
        found = self._cache.get(key)
        if found is None:
            day: date = to_datetime(day_number * DAY).date()
            company = self._catalogue.resolve(name, day)
            found = company.id if company else ""
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[key] = found
        return found
