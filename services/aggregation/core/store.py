"""Where slots live: the contract of a store.

A store gives the state that a batch needs and makes a plan durable in ONE step, or not at all. Positions are compared
in the same step: whoever lost its slot, or worked on a store that was since put back, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from services.aggregation.core.plan import Decoded, Plan
from services.aggregation.core.state import CellKey, HourKey, Position, SlotState
from shared.contract.aggregates import RESOLUTIONS, Bucket, RecentDocument, Resolution, Share, Totals
from shared.contract.events import Channel
from shared.contract.keys import Keys


class StoreLost(RuntimeError):
    """The store did not answer, or not in time. What was in flight is dropped and the position read again."""


class SlotStanding(NamedTuple):
    """Where a slot stands: its position as text ("" for none) and the stamp of the latest write."""

    position: str
    stamp: str

    @property
    def offset(self) -> int:
        return Position.parse(self.position).offset if self.position else 0


class BucketRow(NamedTuple):
    """One bucket with all its shares (none for minutes), as dumps and exports read it."""

    company: str
    channel: Channel
    resolution: Resolution
    start: int
    bucket: Bucket
    authors: dict[str, Share]
    stories: dict[str, Share]


class Store(Protocol):
    """One run's aggregates. `slots` is the number of partitions of `opinions`."""

    slots: int

    def load(self, slot: int, records: Sequence[Decoded]) -> SlotState:
        """The position, and all that `plan` reads for these records. Raises StoreLost."""

    def commit(self, plan: Plan) -> bool:
        """Apply all of a plan made on the state last loaded; False, and nothing changed, when the stored position is
        no longer the plan's. Raises StoreLost, after which either may have happened."""

    def position(self, slot: int) -> Position | None:
        """The position as stored now; caches of the slot that it contradicts are dropped."""

    def totals(self, slot: int) -> Totals:
        """Counts of one slot."""

    def rows(self, resolutions: Sequence[Resolution] = RESOLUTIONS) -> Iterator[BucketRow]:
        """Every bucket in the canonical order (resolution, company, channel, start)."""

    def recent(self, company: str) -> list[RecentDocument]:
        """The latest documents of a company, oldest first."""

    def top(self, company: str, hour: int) -> list[RecentDocument]:
        """The heaviest documents of one hour (start in seconds) of a company, heaviest first."""


class SignalStore(Protocol):
    """What closing.py needs beside: buckets with all their shares, and the hashes that signals are written to."""

    keys: Keys

    def state(self, slot: int, companies: set[str]) -> SlotState:
        """The slot with these companies' starts in it. Raises StoreLost."""

    def cells(self, slot: int, keys: Sequence[CellKey]) -> list[BucketRow]:
        """These buckets, all of which exist, in this order. Raises StoreLost."""

    def tops(self, slot: int, hours: Sequence[HourKey]) -> list[RecentDocument]:
        """The heaviest documents of these hours. Raises StoreLost."""

    def hash_value(self, slot: int, key: str, field: str) -> bytes | None:
        """A field that an earlier commit wrote. Raises StoreLost."""

    def hash_fields(self, slot: int, key: str) -> list[str]:
        """The names of the fields that earlier commits wrote. Raises StoreLost."""

    def commit(self, plan: Plan) -> bool:
        """As of Store."""
