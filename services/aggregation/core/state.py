"""One slot's aggregates in memory: what is known (`SlotState`) and what a batch changes (`Writes`).

A batch never touches the state: `plan` puts copies into `Writes`, the store makes them durable, and only then are they
folded in. In a `MemoryStore` the state is everything there is; in a `RedisStore` it is a cache of what was read.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.aggregation.core.chain import Chain
from services.aggregation.core.duplicates import IdWindow
from shared.contract.aggregates import Bucket, RecentDocument, Resolution, Share, Totals
from shared.contract.events import Channel
from shared.contract.operation.composition import Composition

SeriesKey = tuple[str, Channel, Resolution]  # company, channel, resolution
CellKey = tuple[str, Channel, Resolution, int]  # ..., start in seconds
HourKey = tuple[str, int]  # company, hour start
Mark = tuple[int, int]  # origin offset, index
RecentKey = tuple[int, str]  # available_at, document id

RESTORING: Final = "restoring"  # the topic id of a position while `bellwether restore` works


class Position(NamedTuple):
    """The next offset of `opinions` to apply, in one incarnation of the topic."""

    topic_id: str
    offset: int

    def text(self) -> str:
        return f"{self.topic_id}:{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Position:
        topic_id, _, offset = text.rpartition(":")
        return cls(topic_id, int(offset))


_NO_SHARES: Final[dict[str, Share]] = {}  # of minute buckets, which have none; never written to


class Cell:
    """One bucket with the shares of its authors and stories (only those read so far, when it is a cache)."""

    __slots__ = ("authors", "bucket", "stories")

    def __init__(self, bucket: Bucket, detailed: bool) -> None:
        self.bucket = bucket
        self.authors: dict[str, Share] = {} if detailed else _NO_SHARES
        self.stories: dict[str, Share] = {} if detailed else _NO_SHARES


class Draft(Cell):
    """A cell as a batch leaves it: copies of the bucket and of the shares that the batch touched; `base` is before."""

    __slots__ = ("base",)

    def __init__(self, base: Cell | None, bucket: Bucket, detailed: bool) -> None:
        super().__init__(bucket, detailed)
        self.base = base


class Series:
    """The buckets of one company, channel and resolution. `starts` is sorted and complete; `cells` may not be."""

    __slots__ = ("cells", "starts")

    def __init__(self, starts: list[int] | None = None) -> None:
        self.starts: list[int] = starts or []
        self.cells: dict[int, Cell] = {}

    def between(self, begin: int, end: int) -> list[int]:
        """The starts in [begin, end)."""
        return self.starts[bisect_left(self.starts, begin) : bisect_left(self.starts, end)]

    def cut(self, oldest: int) -> list[int]:
        """The starts below `oldest`."""
        return self.starts[: bisect_left(self.starts, oldest)]


@dataclass(slots=True)
class CompanyState:
    """What is known of a company beside its buckets."""

    newest: int | None = None  # highest available_at, microseconds
    recent: list[RecentKey] = field(default_factory=list)  # sorted; the documents themselves lie in the store
    ids: dict[str, int] = field(default_factory=dict)  # the same by document id


@dataclass(slots=True)
class SlotState:
    """Everything (memory) or what was read (Redis) of one slot."""

    slot: int
    position: Position | None = None
    chain: Chain | None = None  # over the records before the position; None: of an older version, or not kept
    totals: Totals = field(default_factory=Totals)
    marks: dict[str, Mark] = field(default_factory=dict)
    watermarks: dict[str, int] = field(default_factory=dict)
    windows: dict[str, IdWindow] = field(default_factory=dict)
    ids: dict[str, dict[int, dict[str, int]]] = field(default_factory=dict)  # stream -> chunk -> id key -> available_at
    letters: dict[str, str] = field(default_factory=dict)
    companies: dict[str, CompanyState] = field(default_factory=dict)
    series: dict[SeriesKey, Series] = field(default_factory=dict)
    tops: dict[HourKey, list[RecentDocument]] = field(default_factory=dict)
    closed: int | None = None  # signals were given out up to this T, seconds
    pending: set[HourKey] = field(default_factory=set)  # hours that changed since signals were made of them
    late: set[HourKey] = field(default_factory=set)  # hours that changed after signals were made of them
    days: dict[int, Composition] = field(default_factory=dict)  # days since the epoch -> what they are made of


@dataclass(slots=True)
class CompanyDraft:
    """A company as a batch leaves it."""

    newest: int | None
    recent: list[RecentKey]
    ids: dict[str, int]
    added: dict[str, RecentDocument] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Writes:
    """All that one batch changes in a slot; absolute values, never increments."""

    totals: Totals
    chain: Chain | None = None  # None: it stays
    marks: dict[str, Mark] = field(default_factory=dict)
    watermarks: dict[str, int] = field(default_factory=dict)
    windows: dict[str, IdWindow] = field(default_factory=dict)
    ids: dict[tuple[str, int], dict[str, int]] = field(default_factory=dict)
    dropped_chunks: list[tuple[str, int]] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    companies: dict[str, CompanyDraft] = field(default_factory=dict)
    cells: dict[CellKey, Draft] = field(default_factory=dict)
    dropped_cells: list[tuple[SeriesKey, list[int]]] = field(default_factory=list)
    tops: dict[HourKey, list[RecentDocument]] = field(default_factory=dict)
    dropped_tops: list[HourKey] = field(default_factory=list)
    hashes: dict[str, dict[str, bytes]] = field(default_factory=dict)  # Redis key -> field -> value (signals)
    unset: dict[str, list[str]] = field(default_factory=dict)  # Redis key -> fields of it that go (signals)
    pending: set[HourKey] = field(default_factory=set)
    late: set[HourKey] = field(default_factory=set)
    closed: int | None = None
    days: dict[int, Composition] = field(default_factory=dict)
    dropped_days: list[int] = field(default_factory=list)
    settled: list[HourKey] = field(default_factory=list)  # neither any more, but for what pending and late add


def fold(state: SlotState, writes: Writes, position: Position) -> None:
    """Make `writes` part of `state`; call it only once they are durable."""
    state.position = position
    state.totals = writes.totals
    if writes.chain is not None:
        state.chain = writes.chain
    state.marks.update(writes.marks)
    state.watermarks.update(writes.watermarks)
    state.windows.update(writes.windows)
    state.letters.update(writes.letters)
    state.tops.update(writes.tops)
    _fold_ids(state, writes)
    _fold_cells(state, writes)
    for company, draft in writes.companies.items():
        state.companies[company] = CompanyState(draft.newest, draft.recent, draft.ids)
    for hour in writes.dropped_tops:
        state.tops.pop(hour, None)
    state.pending.difference_update(writes.settled)
    state.late.difference_update(writes.settled)
    state.pending |= writes.pending
    state.late |= writes.late
    if writes.closed is not None:
        state.closed = writes.closed
    state.days.update(writes.days)
    for day in writes.dropped_days:
        state.days.pop(day, None)


def _fold_ids(state: SlotState, writes: Writes) -> None:
    for (stream, chunk), added in writes.ids.items():
        chunks = state.ids.setdefault(stream, {})
        held = chunks.get(chunk)
        if held is None:
            chunks[chunk] = added
        else:
            held.update(added)
    for stream, chunk in writes.dropped_chunks:
        state.ids.get(stream, {}).pop(chunk, None)


def _fold_cells(state: SlotState, writes: Writes) -> None:
    for (company, channel, resolution, start), draft in writes.cells.items():
        key = (company, channel, resolution)
        series = state.series.get(key)
        if series is None:
            series = state.series[key] = Series()
        cell = series.cells.get(start)
        if cell is None:
            series.cells[start] = draft
            if not series.starts or start > series.starts[-1]:
                series.starts.append(start)
            else:
                insort(series.starts, start)
            continue
        cell.bucket = draft.bucket
        if draft.stories:
            cell.authors.update(draft.authors)
            cell.stories.update(draft.stories)
    for key, starts in writes.dropped_cells:
        series = state.series[key]
        del series.starts[: len(starts)]
        for start in starts:
            series.cells.pop(start, None)
