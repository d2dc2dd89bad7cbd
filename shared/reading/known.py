"""What questions about a run ask of it: of one that lives (run.py), or of one as it was at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from shared.contract.aggregates import RecentDocument, Resolution
from shared.contract.events import Channel
from shared.reading.values.buckets import Row

Starts = Mapping[Resolution, Sequence[int]]  # seconds


class KnownBuckets(Protocol):
    def rows(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> list[Row]: ...


class KeptDocuments(Protocol):
    def between(self, companies: Iterable[str], start: int, end: int) -> list[RecentDocument]: ...
    def behind(self, company: str, start: int, end: int) -> list[RecentDocument]: ...


class KnownDocuments(KeptDocuments, Protocol):
    def shown(self, documents: Sequence[RecentDocument]) -> list[RecentDocument]: ...


class Counted(Protocol):
    """Whose buckets are counted. Methods raise redis.RedisError where they ask Redis."""

    @property
    def buckets(self) -> KnownBuckets: ...
    def newest(self) -> dict[str, int]: ...


class Kept(Counted, Protocol):
    """Whose documents are known, too."""

    @property
    def documents(self) -> KeptDocuments: ...


class Told(Counted, Protocol):
    """Whose documents are told as they may be shown now."""

    @property
    def documents(self) -> KnownDocuments: ...
