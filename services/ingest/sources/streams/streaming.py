"""What all streaming feeds share: a reader thread, a bounded queue, reconnecting with a growing delay, batches."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.source import Batch, Cursor
from shared.backoff import Backoff, Delays

MAX_BATCH: Final = 200
MOST_EVENT_BYTES: Final = 500_000  # of one event; posts have a few thousand
KEPT_BYTES: Final = 20_000  # of one that cannot be read
QUEUE_EVENTS: Final = 500  # a reader that is faster than Kafka waits, and with it the server's socket
WAKE_SECONDS: Final = 0.5
FIRST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
QUIET_SECONDS: Final = 10.0  # open for so long, a stream is well although nothing comes
FORGIVEN_AFTER_SECONDS: Final = 60.0  # of life: earlier failures no longer count
log = logging.getLogger(__name__)


class Event(NamedTuple):
    """One thing that a stream said. `item` is None when nothing in it is wanted, but the cursor moves all the same."""

    item: RawItem | Rejected | None
    cursor: Cursor


class ConnectionLost(RuntimeError):
    """The stream ended or cannot be opened; it is opened again from the last cursor."""


class StreamSource:
    """A live source over one connection. A subclass says how to open it (`events`) and shut it (`disconnect`)."""

    heard_at = 0
    next_poll_at = 0

    def __init__(self, key: str, reading: Reading, first_delay: float = FIRST_DELAY) -> None:
        self.key = key
        self.reading = reading
        self.trouble = ""  # why the stream is down, for the report; "" while it is up
        self._backoff = Backoff(Delays.doubling(first_delay, LONGEST_DELAY))
        self._open_since: float | None = None

    def events(self, cursor: Cursor | None) -> Iterator[Event | None]:
        """Connect, yield None, then what comes, from `cursor` on. Raises ConnectionLost, also after `disconnect`."""
        raise NotImplementedError

    def disconnect(self) -> None:
        """Make a blocked `events` raise. Called from another thread."""
        raise NotImplementedError

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Until `stop`; an empty batch every half second of silence."""
        waiting: queue.Queue[Event] = queue.Queue(QUEUE_EVENTS)
        closing = threading.Event()  # not `stop`: that one may be shared with other sources
        reader = threading.Thread(target=self._read, args=(cursor, waiting, closing), name=self.key, daemon=True)
        reader.start()
        last = cursor or {}
        try:
            while not stop.is_set():
                events = _drain(waiting)
                last = events[-1].cursor if events else last
                if self._open_since is not None and time.monotonic() - self._open_since > QUIET_SECONDS:
                    self.trouble = ""
                yield Batch([event.item for event in events if event.item is not None], last)
        finally:
            closing.set()
            self.disconnect()
            reader.join(2.0)

    def _read(self, cursor: Cursor | None, waiting: queue.Queue[Event], closing: threading.Event) -> None:
        """Reconnects for ever. Whatever ends a connection is trouble that shows, an error of our own not least."""
        while not closing.is_set():
            opened = time.monotonic()
            try:
                for event in self.events(cursor):
                    if event is None:
                        self._open_since = time.monotonic()
                        continue
                    self.trouble = ""
                    cursor = event.cursor
                    if not _put(waiting, event, closing):
                        return
                raise ConnectionLost("the server closed the stream")
            except Exception as error:
                self._open_since = None
                if closing.is_set():
                    return
                if time.monotonic() - opened >= FORGIVEN_AFTER_SECONDS:
                    self._backoff.reset()
                delay = self._backoff.next_delay()
                self._lost(error, delay)
                closing.wait(delay)

    def _lost(self, error: Exception, delay: float) -> None:
        if isinstance(error, ConnectionLost):
            self.trouble = str(error)
            log.warning("%s: %s; again in %.1f s", self.key, error, delay)
        else:
            self.trouble = f"{type(error).__name__}: {error}"
            log.exception("%s failed; again in %.1f s", self.key, delay)


def _drain(waiting: queue.Queue[Event]) -> list[Event]:
    events: list[Event] = []
    try:
        events.append(waiting.get(timeout=WAKE_SECONDS))
        while len(events) < MAX_BATCH:
            events.append(waiting.get_nowait())
    except queue.Empty:
        pass
    return events


def _put(waiting: queue.Queue[Event], event: Event, closing: threading.Event) -> bool:
    while not closing.is_set():
        try:
            waiting.put(event, timeout=WAKE_SECONDS)
        except queue.Full:
            continue
        return True
    return False
