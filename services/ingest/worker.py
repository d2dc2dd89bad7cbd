"""The ingest worker: one thread per source, and one that ticks and reports. Ends cleanly on SIGTERM.

A Kafka that is away for less than the delivery time-out is waited for; longer, the worker ends with code 75 and the
supervisor starts it again: it goes on from the cursors in the ledger, and nothing is lost.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import redis
from kafka.errors import KafkaError

from services.ingest.delivery.floors import Floor
from services.ingest.delivery.intake import Intake
from services.ingest.delivery.ledger import Counts, Ledger
from services.ingest.delivery.publisher import DeliveryFailed, Publisher
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.delivery.ticker import Promise, Ticker
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.registry import LiveSource, configured_sources
from services.ingest.sources.source import Batch, SourceError
from services.ingest.sources.streaming import FIRST_DELAY, FORGIVEN_AFTER_SECONDS, LONGEST_DELAY
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.incurable import ending
from services.runtime.report import Pace, Reporter
from shared.backoff import Backoff, Delays
from shared.clients.disk import told
from shared.clients.kafka import TopicMismatch, ensure_topics
from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder
from shared.clock import Clock, SystemClock
from shared.contract.events import CHANNELS, Channel
from shared.contract.health import REPORT_EVERY_SECONDS, REPORT_TTL_SECONDS, WorkerReport, encode_report
from shared.contract.keys import worker_key
from shared.contract.topics import Topics
from shared.settings import Settings
from shared.universe.securities import Catalogue

STOP_SECONDS: Final = 10.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Feed:
    """A source at work."""

    source: LiveSource
    intake: Intake
    promise: Promise
    thread: threading.Thread | None = None
    backoff: Backoff = field(default_factory=lambda: Backoff(Delays.doubling(FIRST_DELAY, LONGEST_DELAY)))
    failed: bool = False  # whether its last reading ended with an error


class IngestWorker:
    """Runs the sources that the settings name, until `stop` is set or something is lost."""

    def __init__(self, settings: Settings, name: str, clock: Clock | None = None) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._clock = clock or SystemClock()
        self._failure: WorkerStop | None = None
        self._pace = Pace()
        self._reporter = Reporter(settings, "ingest", name, self._fill, self._pace)
        self._redis = connect(settings.redis)
        self._report_key = worker_key(settings.run, "ingest", name)
        self._report_lost = False
        self._feeds: list[Feed] = []

    def run(self) -> WorkerStop:
        """Blocks; how it ended."""
        try:
            topics = Topics.of(self._settings)
            states = ensure_topics(self._settings.kafka, topics.all())
            publisher = Publisher(self._settings.kafka, topics)
        except TopicMismatch as error:
            return WorkerStop(ExitCode.REFUSED, str(error))
        except (KafkaError, OSError) as error:
            return ending(error, f"Kafka does not answer: {type(error).__name__}: {error}")
        ledger_path = StateFolder(self._settings.state_dir).ledger
        ledgers: dict[Channel, Ledger] = {}
        try:
            ledgers |= {name: Ledger(ledger_path, states[topics.documents(name)].topic_id) for name in CHANNELS}
            with Floor(StateFolder(self._settings.state_dir).floors) as floor:
                self._start(publisher, ledgers)
                self._watch(publisher, ledgers, floor)
        except SourceError as error:
            return WorkerStop(ExitCode.ERROR, str(error))
        except (OSError, sqlite3.Error) as error:
            return ending(error, f"the state folder cannot be written: {told(error)}")
        finally:
            self._end(publisher, ledgers)
        return self._failure or WorkerStop(ExitCode.WELL, "stopped")

    # -- sources

    def _start(self, publisher: Publisher, ledgers: dict[Channel, Ledger]) -> None:
        masker = Masker.from_settings(self._settings)
        catalogue = Catalogue.load()
        for source in configured_sources(self._settings.ingest, catalogue, self._clock):
            names = CompanyNames(catalogue)
            reading = replace(
                source.reading,
                feed=source.key if source.reading.live else "",
                link=names.link,
                zone_names=self._settings.ingest.zone_names,
            )
            rejected = RejectedFile(self._settings.state_dir, reading.source, self._clock)
            ledger = ledgers[reading.channel]
            intake = Intake(source.key, reading, publisher.send, ledger, masker, rejected, names, self._clock)
            feed = Feed(source, intake, Promise(reading.live, intake))
            self._feeds.append(feed)
            log.info("source %s goes on from %s", source.key, intake.cursor or "its start")
            feed.thread = threading.Thread(target=self._feed, args=(feed, ledger), name=source.key, daemon=True)
        if self._settings.ingest.sample:
            self._put_prices()
        for feed in self._feeds:
            if feed.thread:
                feed.thread.start()

    def _put_prices(self) -> None:
        """The synthetic week's prices, for the company page. No reason to stop: a later start writes them."""
        from services.ingest.sample.redis_prices import put_prices

        try:
            log.info("synthetic prices of %d companies written", put_prices(self._redis))
        except redis.RedisError as error:
            log.warning("the synthetic week's prices were not written: Redis: %s", error)

    def _feed(self, feed: Feed, ledger: Ledger) -> None:
        """Only Kafka, the ledger and the disk end the worker; a source that fails backs off alone."""
        try:
            while not self.stop.is_set():
                for batch in self._read(feed):
                    self._take(feed, batch)
                feed.intake.finish()
                if not feed.failed:
                    break
                self.stop.wait(feed.backoff.next_delay())
            if not self.stop.is_set():
                self._ended(feed, ledger)
        except DeliveryFailed as error:
            self._fail(ending(error, str(error)))
        except Exception as error:
            log.exception("what source %s gave cannot be kept", feed.source.key)
            self._fail(ending(error, f"source {feed.source.key}: {told(error)}"))

    def _read(self, feed: Feed) -> Iterator[Batch]:
        """Batches from where the intake is; an error of the source ends them, and is its trouble."""
        began, feed.failed = time.monotonic(), False
        try:
            yield from feed.source.batches(feed.intake.cursor, self.stop)
        except Exception as error:
            if time.monotonic() - began > FORGIVEN_AFTER_SECONDS:
                feed.backoff.reset()
            feed.failed = True
            feed.source.trouble = f"{type(error).__name__}: {error}"
            log.exception("source %s failed; it is read again from %s", feed.source.key, feed.intake.cursor)

    def _take(self, feed: Feed, batch: Batch) -> None:
        intake, promise = feed.intake, feed.promise
        began, before = time.perf_counter(), intake.counts.published
        with promise.read(self._clock) as now:
            intake.take(batch, now)
        promise.floor = batch.floor if batch.floor is not None else promise.floor
        if intake.counts.published > before:
            self._pace.add(intake.counts.published - before, (time.perf_counter() - began) * 1000)

    def _ended(self, feed: Feed, ledger: Ledger) -> None:
        if feed.intake.counts.highest and not feed.promise.live:
            ledger.want(feed.intake.counts.highest + 1)
        feed.promise.ended = True
        log.info("source %s has come to its end: %s", feed.source.key, _words(feed.intake.counts))

    def _fail(self, failure: WorkerStop) -> None:
        self._failure = self._failure or failure
        self.stop.set()

    # -- ticks and reports

    def _watch(self, publisher: Publisher, ledgers: dict[Channel, Ledger], floor: Floor) -> None:
        ticker = Ticker(
            self._clock, lambda: max(ledger.wanted() for ledger in ledgers.values()), floor.lowest_of_others
        )
        self._reporter.open_metrics()
        next_tick = next_report = time.monotonic()
        while not self.stop.wait(max(0.0, min(next_tick, next_report) - time.monotonic())):
            if time.monotonic() >= next_tick:
                self._tick(publisher, ticker, floor)
                next_tick = time.monotonic() + self._settings.ingest.tick_seconds
            if time.monotonic() >= next_report:
                self._report()
                next_report = time.monotonic() + REPORT_EVERY_SECONDS
        if self._failure is None:
            self._tick(publisher, ticker, floor)  # a source may have ended since the last one

    def _tick(self, publisher: Publisher, ticker: Ticker, floor: Floor) -> None:
        promises = [feed.promise for feed in self._feeds]
        try:
            watermark = ticker.advance(promises)
            if all(promise.ended for promise in promises):
                floor.release()
            elif watermark is not None:
                floor.raise_to(watermark)
            if watermark is not None:
                publisher.tick(watermark)  # not waited for: a tick that is lost is followed by a later one
        except DeliveryFailed as error:
            self._fail(ending(error, str(error)))

    def _report(self) -> None:
        try:
            self._redis.set(self._report_key, encode_report(self._reporter.current()), ex=REPORT_TTL_SECONDS)
            self._report_lost = False
        except redis.RedisError as error:
            if not self._report_lost:
                log.warning("the report did not reach Redis, trying again: %s", error)
            self._report_lost = True

    def _fill(self, report: WorkerReport) -> None:
        for feed in self._feeds:
            state = "ended" if feed.promise.ended else feed.source.trouble or "well"
            if feed.source.trouble and not feed.promise.ended:
                report.trouble[feed.source.key] = feed.source.trouble
            if feed.intake.counts.gaps:
                report.gaps[feed.source.key] = feed.intake.counts.gaps
            report.detail[feed.source.key] = f"{state}; {_words(feed.intake.counts)}"

    def _end(self, publisher: Publisher, ledgers: dict[Channel, Ledger]) -> None:
        """Settle what is under way, for a while; what is not settled is read again at the next start."""
        self.stop.set()
        deadline = time.monotonic() + STOP_SECONDS
        for feed in self._feeds:
            if feed.thread and feed.thread.is_alive():
                feed.thread.join(max(0.0, deadline - time.monotonic()))
        self._reporter.forget()
        if self._failure is None:
            publisher.close()
        for ledger in ledgers.values():
            ledger.close()


def _words(counts: Counts) -> str:
    return (
        f"{counts.read:,} read, {counts.published:,} published, {counts.rejected:,} rejected, "
        f"{counts.duplicates:,} duplicates"
        + (f", {counts.ahead:,} dated ahead" if counts.ahead else "")
        + (f", {counts.gaps:,} gaps" if counts.gaps else "")
    )
