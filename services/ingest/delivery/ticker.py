"""Ticks: what an ingest process may promise of what is still to come (docs/decisions/0010).

live source      everything read from now on is available now or later: the promise is now,
                 less what is being read or is sent and not acknowledged
played history   in order of time: the position in it
ended            no limit; when nothing else is left, what the ended ones want: their highest time + 1 microsecond
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from shared.clock import Clock


class Unsettled(Protocol):
    """What the ticker needs of an Intake."""

    def earliest_unsettled(self) -> int | None: ...


@dataclass(slots=True)
class Promise:
    """Of one source. `floor` counts when it is not live; None: nothing promised yet."""

    live: bool
    intake: Unsettled
    floor: int | None = None
    ended: bool = False
    reading: int | None = None  # the time at which the batch in hand was read
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def read(self, clock: Clock) -> Iterator[int]:
        """The time of reading, for a batch that is sent within this context."""
        with self._lock:
            self.reading = clock.now()
        try:
            yield self.reading
        finally:
            self.reading = None

    def limit(self, now: Callable[[], int]) -> int:
        """Nothing available earlier than this will follow; 0 promises nothing."""
        with self._lock:  # a reading begins either before, and is seen, or after, and has a later time
            own = now() if self.live else (self.floor or 0)
            reading = self.reading
        if self.live and reading is not None:
            own = min(own, reading)
        unsettled = self.intake.earliest_unsettled()
        return own if unsettled is None else min(own, unsettled)


class Ticker:
    """Works out the next watermark; never goes back. Not for several threads."""

    def __init__(self, clock: Clock, wanted: Callable[[], int], lowest_of_others: Callable[[], int | None]) -> None:
        self._clock = clock
        self._wanted = wanted
        self._others = lowest_of_others
        self.watermark = 0

    def advance(self, promises: Iterable[Promise]) -> int | None:
        """The watermark to send now; None when it has not moved."""
        # Of an ended source the floor does not limit, but what Kafka has not acknowledged still does
        limits = [promise.limit(self._clock.now) for promise in promises if not promise.ended]
        watermark = min(limits) if limits else self._wanted()
        others = self._others()
        if others is not None:
            watermark = min(watermark, others)
        if watermark <= self.watermark:
            return None
        self.watermark = watermark
        return watermark
