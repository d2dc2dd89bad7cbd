"""A source at work in the ingest worker: its thread, its intake, what it promises and how it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from services.ingest.delivery.intake import Intake
from services.ingest.delivery.ledger import Counts
from services.ingest.delivery.publisher import DeliveryFailed
from services.ingest.delivery.ticker import Promise
from services.ingest.sources.source import Batch, LiveSource
from services.ingest.sources.streams.streaming import FIRST_DELAY, FORGIVEN_AFTER_SECONDS, LONGEST_DELAY
from services.runtime.exits import WorkerStop
from services.runtime.incurable import ending
from services.runtime.telemetry.report import Pace
from shared.backoff import Backoff, Delays
from shared.clients.disk import told
from shared.clock import Clock
from shared.contract.operation.health import SourceReport
from shared.settings import SourceSettings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Feed:
    """`settings` is its entry in `ingest.sources`; None for a source with a setting of its own."""

    source: LiveSource
    intake: Intake
    promise: Promise
    clock: Clock
    pace: Pace
    fail: Callable[[WorkerStop], None]  # ends the worker
    want: Callable[[int], object]  # what an ended source would promise
    settings: SourceSettings | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    backoff: Backoff = field(default_factory=lambda: Backoff(Delays.doubling(FIRST_DELAY, LONGEST_DELAY)))
    failed: bool = False  # whether its last reading ended with an error
    heard_at: int = 0
    thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        return self.settings.name if self.settings else self.source.key

    @property
    def is_alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()

    def start(self) -> None:
        log.info("source %s goes on from %s", self.source.key, self.intake.cursor or "its start")
        self.thread = threading.Thread(target=self._run, name=self.source.key, daemon=True)
        self.thread.start()

    def report(self) -> SourceReport:
        counts, source = self.intake.counts, self.source
        return SourceReport(
            kind=self.settings.kind if self.settings else source.key.partition(":")[0],
            state=self._state(),
            trouble=source.trouble,
            heard_at=source.heard_at or self.heard_at,
            next_poll_at=source.next_poll_at,
            read=counts.read,
            taken=counts.published,
            refused=counts.rejected,
            copies=counts.duplicates,
            updates=counts.versions,
            gaps=counts.gaps,
        )

    def words(self) -> str:
        """The same in a line, for the report's details."""
        return f"{'ended' if self.promise.ended else self.source.trouble or 'well'}; {in_words(self.intake.counts)}"

    def _state(self) -> str:
        if self.promise.ended:
            return "ended"
        if self.stop.is_set():
            return "leaving"
        if self.source.trouble:
            return "trouble"
        return "well" if self.source.heard_at or self.heard_at else "starting"

    def _run(self) -> None:
        """Only Kafka, the ledger and the disk end the worker; a source that fails backs off alone."""
        try:
            while not self.stop.is_set():
                for batch in self._read():
                    self._take(batch)
                self.intake.finish()
                if not self.failed:
                    break
                self.stop.wait(self.backoff.next_delay())
            if not self.stop.is_set():
                self._ended()
        except DeliveryFailed as error:
            self.fail(ending(error, str(error)))
        except Exception as error:
            log.exception("what source %s gave cannot be kept", self.source.key)
            self.fail(ending(error, f"source {self.source.key}: {told(error)}"))

    def _read(self) -> Iterator[Batch]:
        """Batches from where the intake is; an error of the source ends them, and is its trouble."""
        began, self.failed = time.monotonic(), False
        try:
            yield from self.source.batches(self.intake.cursor, self.stop)
        except Exception as error:
            if time.monotonic() - began > FORGIVEN_AFTER_SECONDS:
                self.backoff.reset()
            self.failed = True
            self.source.trouble = f"{type(error).__name__}: {error}"
            log.exception("source %s failed; it is read again from %s", self.source.key, self.intake.cursor)

    def _take(self, batch: Batch) -> None:
        intake, promise = self.intake, self.promise
        began, before = time.perf_counter(), intake.counts.published
        with promise.read(self.clock) as now:
            intake.take(batch, now)
        promise.floor = batch.floor if batch.floor is not None else promise.floor
        if not self.source.trouble:
            self.heard_at = now
        if intake.counts.published > before:
            self.pace.add(intake.counts.published - before, (time.perf_counter() - began) * 1000)

    def _ended(self) -> None:
        if self.intake.counts.highest and not self.promise.live:
            self.want(self.intake.counts.highest + 1)
        self.promise.ended = True
        log.info("source %s has come to its end: %s", self.source.key, in_words(self.intake.counts))


def in_words(counts: Counts) -> str:
    return (
        f"{counts.read:,} read, {counts.published:,} published, {counts.rejected:,} rejected, "
        f"{counts.duplicates:,} duplicates"
        + (f", {counts.ahead:,} dated ahead" if counts.ahead else "")
        + (f", {counts.gaps:,} gaps" if counts.gaps else "")
    )
