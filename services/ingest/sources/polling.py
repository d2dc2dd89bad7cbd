"""What all polled sources share: one poll after another, a growing delay after failures, and a word on how it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Final

from services.ingest.documents.normalise import Reading
from services.ingest.sources.source import Batch, Cursor
from shared.backoff import Backoff, Delays
from shared.clock import HOUR_SECONDS, SECOND, Clock

_WAKE_SECONDS: Final = 0.5
LONGEST_DELAY: Final = float(HOUR_SECONDS)
log = logging.getLogger(__name__)


class PollFailed(RuntimeError):
    """One poll that gave nothing to read; `retry_after` in seconds where the server said so. `status` is that of an
    answer that is not read; `too_large`: there were more bytes than are read."""

    def __init__(self, message: str, retry_after: float = 0.0, *, status: int = 0, too_large: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.too_large = too_large


class PolledSource:
    """A live source that asks every `seconds`. A subclass says what one poll is (`poll`)."""

    def __init__(self, key: str, reading: Reading, seconds: float, clock: Clock) -> None:
        self.key = key
        self.reading = reading
        self.trouble = ""
        self.heard_at = 0
        self.next_poll_at = 0
        self._seconds = seconds
        self._clock = clock
        self._backoff = Backoff(Delays.doubling(seconds, max(seconds, LONGEST_DELAY)))

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """Ask once, from `cursor` on: batches, each with where to go on behind it. Ends early when `stop` is set.
        Raises PollFailed, also behind batches that are good."""
        raise NotImplementedError

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """Those of one poll after another, and empty ones while waiting."""
        cursor = cursor or {}
        while not stop.is_set():
            delay = self._seconds
            try:
                for batch in self.poll(cursor, stop):
                    yield batch
                    cursor = batch.reached
                self._well()
            except PollFailed as error:
                delay = max(self._backoff.next_delay(), min(error.retry_after, LONGEST_DELAY))
                self.trouble = str(error)
                log.warning("%s: %s; again in %.0f s", self.key, error, delay)
            yield from self._waited(delay, cursor, stop)

    def _well(self) -> None:
        self.trouble, self.heard_at = "", self._clock.now()
        self._backoff.reset()

    def _waited(self, delay: float, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        self.next_poll_at = self._clock.now() + int(delay * SECOND)
        due = time.monotonic() + delay
        while not stop.is_set():
            yield Batch([], cursor)
            left = due - time.monotonic()
            if left <= 0 or stop.wait(min(_WAKE_SECONDS, left)):
                return
