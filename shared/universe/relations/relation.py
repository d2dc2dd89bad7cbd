"""One relation: that what is said of one company tells something of another. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

MICRO: Final = 1_000_000
PARENT: Final = "parent"  # the other one owns the company, or the company is named after it
SUBSIDIARY: Final = "subsidiary"
INDUSTRY: Final = "industry"  # of one industry and size


@dataclass(frozen=True, slots=True)
class Relation:
    """What is said of `other` counts a part for `company`, on the days [start, end); "" is open. ISO dates."""

    company: str
    other: str
    kind: str
    weight: int  # micro-units, -MICRO..MICRO; below 0: what is good for the other is bad for the company
    start: str = ""
    end: str = ""
    source: str = ""  # where it comes from

    def valid(self, day: date) -> bool:
        """Whether it holds on `day`."""
        iso = day.isoformat()
        return self.start <= iso and (not self.end or iso < self.end)
