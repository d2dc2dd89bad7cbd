"""The ingest worker: one thread per source, and one that ticks and reports. Ends cleanly on SIGTERM.

A Kafka that is away for less than the delivery time-out is waited for; longer, the worker ends with code 75 and the
supervisor starts it again: it goes on from the cursors in the ledger, and nothing is lost.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from typing import Final

import redis
from kafka.errors import KafkaError

from services.ingest.delivery.floors import Floor
from services.ingest.delivery.lead import Lead, bind_author_key
from services.ingest.delivery.ledger import Ledger
from services.ingest.delivery.publisher import DeliveryFailed, Publisher
from services.ingest.delivery.ticker import Ticker
from services.ingest.feeds import Feeds
from services.ingest.sources.source import SourceError
from services.runtime.binding import wait_for_redis
from services.runtime.claims import Claims
from services.runtime.exits import ExitCode, WorkerStop
from services.runtime.incurable import ending
from services.runtime.telemetry.report import Pace, Reporter
from shared.clients.disk import told
from shared.clients.kafka import TopicMismatch, ensure_topics
from shared.clients.redis import connect
from shared.clients.state_folder import StateFolder
from shared.clock import Clock, SystemClock
from shared.contract.events import CHANNELS, Channel
from shared.contract.keys import worker_key
from shared.contract.operation.health import REPORT_EVERY_SECONDS, REPORT_TTL_SECONDS, WorkerReport, encode_report
from shared.contract.topics import Topics
from shared.settings import Settings
from shared.universe.rows import CatalogueError

STOP_SECONDS: Final = 10.0
log = logging.getLogger(__name__)


class IngestWorker:
    """Runs the sources that the settings name, until `stop` is set or something is lost."""

    def __init__(self, settings: Settings, name: str, clock: Clock | None = None) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._clock = clock or SystemClock()
        self._failure: WorkerStop | None = None
        self._pace = Pace()
        self._redis = connect(settings.redis)
        self._claims = Claims(self._redis, settings, "ingest", name)
        self._lead = Lead(self._redis, settings)
        self._leader = ""  # who feeds the run while this one stands by
        self._reporter = Reporter(settings, "ingest", name, self._fill, self._pace, self._claims)
        self._report_key = worker_key(settings.run, "ingest", name)
        self._report_lost = False
        self._feeds: Feeds | None = None

    def run(self) -> WorkerStop:
        """Blocks; how it ended."""
        try:
            self._await_lead()
        except WorkerStop as stop:
            return stop
        except redis.RedisError as error:
            return ending(error, f"Redis does not answer: {error}")
        return self._serve()

    def _serve(self) -> WorkerStop:
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
            ids = {name: states[topics.documents(name)].topic_id for name in CHANNELS}  # an item may name another
            ledgers |= {name: Ledger(ledger_path, ids[name], ids) for name in CHANNELS}
            with Floor(StateFolder(self._settings.state_dir).floors) as floor:
                self._watch(self._start(publisher, ledgers), publisher, ledgers, floor)
        except SourceError as error:
            return WorkerStop(ExitCode.ERROR, str(error))
        except CatalogueError as error:  # a file of the user's own instruments
            return WorkerStop(ExitCode.REFUSED, str(error))
        except (OSError, sqlite3.Error) as error:
            return ending(error, f"the state folder cannot be written: {told(error)}")
        finally:
            self._end(publisher, ledgers)
        return self._failure or WorkerStop(ExitCode.WELL, "stopped")

    # -- whose turn it is

    def _await_lead(self) -> None:
        """Return once this state folder feeds the run, or when told to stop. Raises WorkerStop, redis.RedisError."""
        wait_for_redis(self._redis)
        self._claims.take()
        bind_author_key(self._redis, self._settings)
        while (leader := self._lead.take()) and not self.stop.is_set():
            if leader != self._leader:
                log.info("standing by: run %s is fed from %s", self._settings.run, leader)
            self._leader = leader
            self._report()
            self.stop.wait(REPORT_EVERY_SECONDS)
        self._leader = ""
        if self.stop.is_set():
            self._reporter.forget()
            raise WorkerStop(ExitCode.WELL, "stopped while standing by")

    def _keep_lead(self) -> None:
        """Two feed at once for a moment when one was suspended: their documents have the same ids, and count once."""
        if leader := self._lead.take():
            self._fail(WorkerStop(ExitCode.RESTART, f"run {self._settings.run} is fed from {leader} by now"))

    # -- sources

    def _start(self, publisher: Publisher, ledgers: dict[Channel, Ledger]) -> Feeds:
        feeds = Feeds(self._settings, publisher, ledgers, self._clock, self._pace, self._fail)
        self._feeds = feeds
        if self._settings.ingest.sample:
            self._put_prices()
        feeds.start()
        return feeds

    def _put_prices(self) -> None:
        """The synthetic week's prices, for the company page. No reason to stop: a later start writes them."""
        from services.ingest.sample.redis_prices import put_prices

        try:
            log.info("synthetic prices of %d companies written", put_prices(self._redis))
        except redis.RedisError as error:
            log.warning("the synthetic week's prices were not written: Redis: %s", error)

    def _fail(self, failure: WorkerStop) -> None:
        self._failure = self._failure or failure
        self.stop.set()

    # -- ticks and reports

    def _watch(self, feeds: Feeds, publisher: Publisher, ledgers: dict[Channel, Ledger], floor: Floor) -> None:
        ticker = Ticker(
            self._clock, lambda: max(ledger.wanted() for ledger in ledgers.values()), floor.lowest_of_others
        )
        self._reporter.open_metrics()
        next_tick = next_report = time.monotonic()
        while not self.stop.wait(max(0.0, min(next_tick, next_report) - time.monotonic())):
            feeds.look()
            if time.monotonic() >= next_tick:
                self._tick(feeds, publisher, ticker, floor)
                next_tick = time.monotonic() + self._settings.ingest.tick_seconds
            if time.monotonic() >= next_report:
                self._report()
                next_report = time.monotonic() + REPORT_EVERY_SECONDS
        if self._failure is None:
            self._tick(feeds, publisher, ticker, floor)  # a source may have ended since the last one

    def _tick(self, feeds: Feeds, publisher: Publisher, ticker: Ticker, floor: Floor) -> None:
        promises = [feed.promise for feed in feeds]
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
            if not self._leader:
                self._keep_lead()
            self._claims.renew()
            self._redis.set(self._report_key, encode_report(self._reporter.current()), ex=REPORT_TTL_SECONDS)
            self._report_lost = False
        except redis.RedisError as error:
            if not self._report_lost:
                log.warning("the report did not reach Redis, trying again: %s", error)
            self._report_lost = True

    def _fill(self, report: WorkerReport) -> None:
        if self._feeds:
            self._feeds.fill(report)
        if self._leader:
            report.detail["standing by for"] = self._leader

    def _end(self, publisher: Publisher, ledgers: dict[Channel, Ledger]) -> None:
        """Settle what is under way, for a while; what is not settled is read again at the next start."""
        self.stop.set()
        if self._feeds:
            self._feeds.stop(STOP_SECONDS)
        self._reporter.forget()
        if self._failure is None:
            publisher.close()
        for ledger in ledgers.values():
            ledger.close()
