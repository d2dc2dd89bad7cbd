"""What pages ask a run for: one that lives (shared.reading.run), or one as it was (past.py, past_market.py)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from shared.contract.aggregates import Totals
from shared.contract.alerts import Alert
from shared.contract.events import Channel
from shared.contract.signals import Signal
from shared.reading import known
from shared.reading.known import KeptDocuments, Starts
from shared.reading.values.buckets import Columns


class KnownBuckets(known.KnownBuckets, Protocol):
    def distinct(self, company: str, channels: Sequence[Channel], starts: Starts) -> tuple[int, int]: ...
    def first_day(self, company: str, channels: Sequence[Channel]) -> int: ...


class KnownSignals(Protocol):
    def latest(self) -> list[Signal]: ...
    def history(self, company: str, strategy: str) -> list[Signal]: ...


class KnownAlerts(Protocol):
    def numbered(self) -> list[tuple[int, Alert]]: ...


class Known(Protocol):
    """A run, as far as it is known of one company."""

    @property
    def buckets(self) -> KnownBuckets: ...
    @property
    def documents(self) -> KeptDocuments: ...
    @property
    def signals(self) -> KnownSignals: ...
    @property
    def alerts(self) -> KnownAlerts: ...
    def newest(self) -> dict[str, int]: ...


class MarketBuckets(known.KnownBuckets, Protocol):
    def columns(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> Columns: ...


class KnownMarket(Protocol):
    """A run, as far as it is known of every company together."""

    @property
    def buckets(self) -> MarketBuckets: ...
    def newest(self) -> dict[str, int]: ...
    def totals(self) -> Totals: ...
