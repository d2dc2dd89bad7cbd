"""What a company's page asks a run for: of one that lives (shared.reading.run), or of one as it was (past.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shared.contract.alerts import Alert
from shared.contract.events import Channel
from shared.contract.signals import Signal
from shared.reading import known
from shared.reading.known import KeptDocuments, Starts


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
