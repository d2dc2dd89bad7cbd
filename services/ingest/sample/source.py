"""The synthetic week as a source: its documents in order of time, faster than life, each once per cluster.

It is history that is played: every document keeps its own `available_at`. Stopped, it goes on at the next document.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from services.ingest.documents.dates.times import parse_time
from services.ingest.documents.normalise import EXCHANGE, RawItem, Reading
from services.ingest.sources.source import Batch, Cursor
from shared.clock import SECOND
from shared.contract.events import Channel

NAME: Final = "sample"
_WAKE_SECONDS: Final = 0.1
_MOST: Final = 500


class SampleSource:
    """One channel of the synthetic week. `speed`: seconds of the week per second. `cursor["next"]` counts documents."""

    heard_at = 0
    next_poll_at = 0

    def __init__(self, channel: Channel, speed: float) -> None:
        self.key = f"{NAME}:{channel}"
        self.reading = Reading(channel, NAME, synthetic=True)
        self.trouble = ""
        self._speed = speed
        week = _week()
        self._start = week[0][0] if week else 0
        self._items = [(available, raw) for available, own, raw in week if own == channel]

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Due documents ten times a second, with the position in the week as the floor, until the week is over."""
        index = int(cursor["next"]) if cursor else 0
        if not self._items or index >= len(self._items):
            return
        event = int(cursor["event"]) if cursor else self._start
        started, first = time.monotonic(), event
        while not stop.is_set():
            event = first + int((time.monotonic() - started) * self._speed * SECOND)
            due = _due(self._items, index, event)
            floor = min(event, self._items[due][0]) if due < len(self._items) else None
            yield Batch(
                [item for _, item in self._items[index:due]],
                {"next": due, "event": floor or event},
                first=index,
                floor=floor,
            )
            index = due
            if floor is None:
                return
            stop.wait(_WAKE_SECONDS)


def _due(items: Sequence[tuple[int, RawItem]], index: int, event: int) -> int:
    end = index
    while end < len(items) and end - index < _MOST and items[end][0] <= event:
        end += 1
    return end


@lru_cache(maxsize=1)
def _week() -> list[tuple[int, Channel, RawItem]]:
    """(available_at, channel, raw item) of both channels in order of time."""
    from services.ingest.sample.week import sample_week

    items = ((item.channel, item.raw()) for item in sample_week())
    stamped = [(parse_time(raw["published_at"], EXCHANGE).available, channel, raw) for channel, raw in items]
    return sorted(stamped, key=lambda one: one[0])
