"""What became of the rows that one command read, as it tells people; a source's lasting counts are the ledger's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.ingest.documents.normalise import Rejected


def by_reason(refused: Iterable[Rejected]) -> Counter[str]:
    """How many were refused for which reason (of normalise.REASONS)."""
    return Counter(one.reason for one in refused)


@dataclass(slots=True)
class Account:
    """read = taken + outside + rejected + copies. `rejected_list`: where the refused lie, with their reasons."""

    read: int = 0
    taken: int = 0
    outside: int = 0  # became available before or after the range that was asked for
    copies: int = 0
    undated: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    unlinked: int = 0  # names of companies that the catalogue does not know
    unknown: list[tuple[str, int]] = field(default_factory=list)  # the ten most frequent of them
    rejected_list: Path | None = None
    remarks: list[str] = field(default_factory=list)  # what was guessed of the file

    def told(self) -> dict[str, Any]:
        """Plain data; the same names as `ingest file` uses."""
        return {
            "read": self.read,
            "taken": self.taken,
            "outside": self.outside,
            "copies": self.copies,
            "undated": self.undated,
            "rejected": self.rejected.total(),
            "rejected_by_reason": dict(sorted(self.rejected.items())),
            "rejected_list": str(self.rejected_list) if self.rejected else "",
            "unlinked": self.unlinked,
            "unknown_companies": self.unknown,
            "remarks": self.remarks,
        }
