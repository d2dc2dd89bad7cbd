"""What was expected of a company at a moment, as it was known then. Nothing that became known later is used."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from shared.clock import DAY
from shared.universe.expected.dates_file import laid_at, read_expected
from shared.universe.expected.expected import EVERYBODY, Expected
from shared.universe.expected.files_in_use import dates_in_use
from shared.universe.own_files import files_in_use
from shared.universe.securities import Catalogue

FARTHEST: Final = 30.0  # days: what a feature says where nothing is known as near


class Calendar:
    """All expected dates of a process; immutable."""

    def __init__(self, dates: Iterable[Expected], catalogue: Catalogue) -> None:
        self.dates: Final[Sequence[Expected]] = sorted(dates, key=lambda one: one.order)
        self._catalogue = catalogue
        self._of: dict[str, list[Expected]] = defaultdict(list)  # by company, and by market as "@US"
        for one in self.dates:
            self._of[one.company or f"@{one.market}"].append(one)

    @classmethod
    def load(cls) -> Calendar:
        """Of the files that the settings name, read anew where one has changed. Raises ExpectedError."""
        files = dates_in_use()
        changed = tuple(laid_at(path) if path.is_file() else 0 for path in files)
        return _loaded(files, changed, files_in_use())

    @property
    def digest(self) -> str:
        """16 hex digits that name what can decide about a signal; "" of none."""
        if not self.dates:
            return ""
        return hashlib.blake2b(msgspec.json.encode(self.dates), digest_size=8).hexdigest()

    def of(self, company: str) -> list[Expected]:
        """Of a company itself, its country and everybody, in order of time."""
        known = self._catalogue.by_id.get(company)
        country = known.country if known is not None else ""
        keys = (company, f"@{country}" if country else "", f"@{EVERYBODY}")
        return sorted((one for key in keys if key for one in self._of.get(key, ())), key=lambda one: one.order)

    def known(self, company: str, at: int) -> list[Expected]:
        """Those that were known at `at` (microseconds)."""
        return [one for one in self.of(company) if one.known_at(at)]

    def features(self, company: str, at: int) -> dict[str, float]:
        """`days_to_expected` (0 on the day itself) and `days_since_expected` at `at`, each at most FARTHEST."""
        known = self.known(company, at)
        ahead = min((max(0, one.begin - at) for one in known if one.end >= at), default=None)
        behind = min((at - one.end for one in known if one.end < at), default=None)
        return {
            "days_to_expected": _days(ahead),
            "days_since_expected": _days(behind),
        }


def _days(micros: int | None) -> float:
    return FARTHEST if micros is None else min(FARTHEST, micros / DAY)


@lru_cache(maxsize=4)
def _loaded(files: tuple[Path, ...], changed: tuple[int, ...], universe: tuple[Path, ...]) -> Calendar:
    del changed, universe  # what makes another answer of the same files
    catalogue = Catalogue.load()
    return Calendar((one for path in files for one in read_expected(path, catalogue)), catalogue)
