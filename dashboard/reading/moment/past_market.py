"""Every company as the live system knew it at a moment, asked as a run that lives is.

The answer is that of `bellwether as-of --at`. It may be hundreds of thousands of buckets: each stays the bytes that
came until it is asked for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar, cast

import msgspec
import numpy as np

from dashboard.reading.moment.documents import document_of
from shared.clock import DAY_SECONDS, SECOND
from shared.contract.aggregates import Bucket, RecentDocument, Resolution, Totals
from shared.contract.events import Channel
from shared.contract.signals import Signal
from shared.reading.known import Starts
from shared.reading.measuring.windows import clock
from shared.reading.values.buckets import SUMS, Columns, Row

T = TypeVar("T")

DAYS: Final = 61  # of counts that are told (services/archive/as_of/market.py)
REMEMBERED: Final = 64  # answers about one moment

_bucket = msgspec.json.Decoder(Bucket).decode


class ToldMarket(msgspec.Struct):
    """What the command prints, as far as pages need it."""

    newest: dict[str, int]
    series: list[tuple[str, Channel, Resolution, list[tuple[int, msgspec.Raw]]]]
    totals: Totals
    documents: list[dict[str, Any]]
    signals: list[Signal] | None = None
    signals_not_known: str = ""


class PastMarket:
    """Itself the parts of a run that pages of the whole market ask. Thread-safe."""

    def __init__(self, told: ToldMarket, at: int) -> None:
        self.at = at
        self._newest, self._totals, self._signals = told.newest, told.totals, told.signals or []
        self._silent = told.signals_not_known
        self._cells = {(name, channel, kind): dict(some) for name, channel, kind, some in told.series}
        self._documents = [document_of(each) for each in told.documents]
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, object] = OrderedDict()

    @property
    def buckets(self) -> PastMarket:
        return self

    @property
    def silent(self) -> str:
        """Why signals are not known; "" where they are."""
        return self._silent

    @property
    def since(self) -> int:
        """From where on counts are told, seconds."""
        return clock(self._newest.values(), self.at) // SECOND - DAYS * DAY_SECONDS

    def newest(self) -> dict[str, int]:
        return self._newest

    def totals(self) -> Totals:
        return self._totals

    def latest(self) -> list[Signal]:
        """As shared.reading.values.signals.Signals.latest."""
        return self._signals

    def feed(self) -> list[RecentDocument]:
        """The newest documents of all companies, newest first, to be passed through the deletions of now."""
        return self._documents

    def rows(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> list[Row]:
        found = self._found(companies, channels, starts)
        return [Row(company, channel, kind, start, _bucket(raw)) for company, channel, kind, start, raw in found]

    def columns(self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts) -> Columns:
        rows = self.rows(companies, channels, starts)
        company, channel, kind = (np.array([row[each] for row in rows], object) for each in range(3))
        sums = {name: np.array([getattr(row.bucket, name) for row in rows], np.int64) for name in SUMS}
        return Columns(company, channel, kind, np.array([row.start for row in rows], np.int64), sums)

    def _found(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Starts
    ) -> Iterator[tuple[str, Channel, Resolution, int, msgspec.Raw]]:
        wanted = {resolution: set(some) for resolution, some in starts.items()}
        for company in companies:
            for resolution, some in wanted.items():
                for channel in channels:
                    cells = self._cells.get((company, channel, resolution), {})
                    for start in cells.keys() & some if cells else ():
                        yield company, channel, resolution, start, cells[start]

    def asked(self, key: Hashable, query: Callable[[PastMarket], T]) -> T:
        """The answer to a question that `key` names: of what has been, once."""
        with self._lock:
            if key not in self._answers:
                self._answers[key] = query(self)
                while len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
            self._answers.move_to_end(key)
            return cast(T, self._answers[key])
