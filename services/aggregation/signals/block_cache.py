"""The blocks and days of one slot that signals look back at, read from its store once and kept until a bucket of theirs
changes or leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from services.aggregation.core.state import CellKey, SlotState, Writes
from services.aggregation.core.store import SignalStore
from services.aggregation.signals.lookback import (
    Block,
    Capped,
    Day,
    LookBack,
    Shape,
    Shared,
    baseline_starts,
    block_of,
    block_starts,
    cap,
    day_of,
    look_back,
    weekly_hours,
)
from services.aggregation.signals.strategy import Caps, Strategy
from shared.contract.aggregates import Resolution
from shared.contract.events import CHANNELS, Channel

BlockKey = tuple[Shape, str, int]  # ..., company, start
DayKey = tuple[Caps, str, int]  # ..., company, start


class Remembered:
    """Give it what changed (`changed`), have it read what is wanted (`read`), then ask (`look_back`)."""

    def __init__(self, store: SignalStore, slot: int, strategies: Iterable[Strategy]) -> None:
        self._store = store
        self._slot = slot
        self._shapes: Final = sorted({Shape.of(strategy) for strategy in strategies})
        self._caps: Final = sorted({shape.caps for shape in self._shapes})
        self._blocks: dict[tuple[Shape, str], dict[int, Block | None]] = {}  # by company
        self._days: dict[tuple[Caps, str], dict[int, Day | None]] = {}  # by company

    def forget(self) -> None:
        """Drop everything: somebody else may have written the buckets."""
        self._blocks.clear()
        self._days.clear()

    def changed(self, writes: Writes) -> None:
        """These writes were made: what was summed of their buckets no longer holds."""
        for company, _, resolution, start in writes.cells:
            self._drop(company, resolution, start)
        for (company, _, resolution), starts in writes.dropped_cells:
            for start in starts:
                self._drop(company, resolution, start)

    def _drop(self, company: str, resolution: Resolution, start: int) -> None:
        if resolution == "hour":
            for shape in self._shapes:
                blocks = self._blocks.get((shape, company))
                if blocks is not None:
                    blocks.pop(start // shape.size * shape.size, None)
        elif resolution == "day":
            for caps in self._caps:
                days = self._days.get((caps, company))
                if days is not None:
                    days.pop(start, None)

    def look_back(self, company: str, at: int, strategy: Strategy) -> LookBack:
        """What counts at T of what was read."""
        shape = Shape.of(strategy)
        return look_back(at, self._blocks[shape, company], self._days[shape.caps, company], strategy)

    def read(self, state: SlotState, wanted: Sequence[tuple[str, int, Strategy]]) -> None:
        """Read and sum what these (company, T, strategy) need and nobody asked for yet. Raises StoreLost."""
        blocks: dict[BlockKey, list[Capped]] = {}
        days: dict[DayKey, list[Capped]] = {}
        for company, at, strategy in wanted:
            shape = Shape.of(strategy)
            known = self._blocks.setdefault((shape, company), {})
            hours = [hour // shape.size * shape.size for hour in weekly_hours(at)]
            for start in [start for start in (*block_starts(at, strategy), *hours) if start not in known]:
                blocks[shape, company, start] = []
            known_days = self._days.setdefault((shape.caps, company), {})
            for start in [start for start in baseline_starts(at, strategy) if start not in known_days]:
                days[shape.caps, company, start] = []
        self._fill(state, blocks, days)
        for (shape, company, start), rows in blocks.items():
            rows.sort()
            self._blocks[shape, company][start] = block_of(start, rows, shape) if rows else None
        for (caps, company, start), rows in days.items():
            self._days[caps, company][start] = day_of(rows) if rows else None

    def _fill(self, state: SlotState, blocks: dict[BlockKey, list[Capped]], days: dict[DayKey, list[Capped]]) -> None:
        """Put every bucket, capped, where it belongs; each is read once, whoever wants it."""
        cells: defaultdict[CellKey, list[tuple[Caps, list[Capped]]]] = defaultdict(list)
        for (shape, company, start), rows in blocks.items():
            for channel in CHANNELS:
                for hour in _within(state, company, channel, "hour", start, start + shape.size):
                    cells[company, channel, "hour", hour].append((shape.caps, rows))
        for (caps, company, start), rows in days.items():
            for channel in CHANNELS:
                for day in _within(state, company, channel, "day", start, start + 1):
                    cells[company, channel, "day", day].append((caps, rows))
        together: defaultdict[tuple[str, Resolution, int], list[tuple[Shared, list[tuple[Caps, list[Capped]]]]]]
        together = defaultdict(list)
        found = self._store.cells(self._slot, list(cells))
        for row, wanting in zip(found, cells.values(), strict=True):
            company, channel, resolution, start, bucket, authors, stories = row
            together[company, resolution, start].append((Shared(start, channel, bucket, authors, stories), wanting))
        for some in together.values():  # the channels of one hour or day
            capped: dict[Caps, list[Capped]] = {}
            for place, (_, wanting) in enumerate(some):
                for caps, rows in wanting:
                    if caps not in capped:
                        capped[caps] = cap([shared for shared, _ in some], caps)
                    rows.append(capped[caps][place])


def _within(
    state: SlotState, company: str, channel: Channel, resolution: Resolution, begin: int, end: int
) -> list[int]:
    """The starts in [begin, end) of the buckets that there are."""
    series = state.series.get((company, channel, resolution))
    return series.between(begin, end) if series is not None else []
