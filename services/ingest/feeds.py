"""The sources of the ingest worker, as the settings list them now: one that is added, changed or removed takes effect
while the others go on. An entry that cannot be used costs itself alone, and is reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from services.ingest.delivery.intake import Intake
from services.ingest.delivery.ledger import Ledger
from services.ingest.delivery.publisher import Publisher
from services.ingest.delivery.rejected import RejectedFile
from services.ingest.delivery.ticker import Promise
from services.ingest.documents.companies import CompanyNames
from services.ingest.documents.masker import Masker
from services.ingest.feed import Feed
from services.ingest.registry import build_source, single_sources
from services.ingest.sources.source import LiveSource, SourceError
from services.runtime.exits import WorkerStop
from services.runtime.telemetry.report import Pace
from shared.clients.state_folder import StateFolder
from shared.clock import Clock
from shared.contract.events import Channel
from shared.contract.operation.health import SourceReport, WorkerReport
from shared.settings import Settings, SettingsError, SourceSettings, load_settings
from shared.universe.securities import Catalogue

LOOKED_AFTER_SECONDS: Final = 1.0
_SETTINGS: Final = "settings"  # what the report calls a settings file that cannot be read
log = logging.getLogger(__name__)


class Feeds:
    """Not for several threads; the feeds' own threads are theirs."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        ledgers: dict[Channel, Ledger],
        clock: Clock,
        pace: Pace,
        fail: Callable[[WorkerStop], None],
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._ledgers = ledgers
        self._clock = clock
        self._pace = pace
        self._fail = fail
        self._masker = Masker.from_settings(settings)
        self._catalogue = Catalogue.load()
        self._feeds: list[Feed] = []
        self._refused: dict[str, SourceReport] = {}
        self._wanted = settings.ingest.sources
        self._files = self._stamps()
        self._looked_at = time.monotonic()

    def __iter__(self) -> Iterator[Feed]:
        return iter(self._feeds)

    def start(self) -> None:
        """Everything that the settings name. Raises SourceError for a source with a setting of its own."""
        ingest = self._settings.ingest
        self._feeds += [self._feed(source) for source in single_sources(ingest, self._catalogue, self._clock)]
        for feed in self._feeds:
            feed.start()
        self._follow()

    def look(self) -> None:
        """Follow the settings, where their files have changed, and let go of what has come to a stop."""
        if time.monotonic() - self._looked_at < LOOKED_AFTER_SECONDS:
            return
        self._looked_at = time.monotonic()
        if (files := self._stamps()) != self._files:
            self._files = files
            try:
                self._wanted = load_settings(self._settings.state_dir, run=self._settings.run).ingest.sources
                self._refused.pop(_SETTINGS, None)
            except SettingsError as error:
                log.error("the sources stay as they are: %s", error)
                self._refused[_SETTINGS] = SourceReport(state="refused", trouble=str(error))
        self._follow()

    def fill(self, report: WorkerReport) -> None:
        report.sources |= self._refused
        for name, refused in self._refused.items():
            report.trouble[name] = refused.trouble
        for feed in list(self._feeds):
            name, told = feed.name, feed.report()
            report.sources[name] = told
            if told.trouble and told.state != "ended":
                report.trouble[name] = told.trouble
            if told.gaps:
                report.gaps[name] = told.gaps
            report.detail[name] = feed.words()

    def stop(self, seconds: float) -> None:
        """Settle what is under way, for a while; what is not settled is read again at the next start."""
        deadline = time.monotonic() + seconds
        for feed in self._feeds:
            feed.stop.set()
        for feed in self._feeds:
            if feed.thread and feed.is_alive:
                feed.thread.join(max(0.0, deadline - time.monotonic()))

    def _follow(self) -> None:
        wanted = {source.name: source for source in self._wanted}
        for feed in self._feeds:
            if feed.settings and wanted.get(feed.name) != feed.settings and not feed.stop.is_set():
                log.info("source %s was taken off the list, or changed", feed.name)
                feed.stop.set()
        self._feeds = [feed for feed in self._feeds if feed.is_alive or not feed.stop.is_set()]
        running = {feed.name for feed in self._feeds if feed.settings}
        self._refused = {name: each for name, each in self._refused.items() if name in wanted or name == _SETTINGS}
        for name in wanted.keys() - running:
            self._begin(wanted[name])

    def _begin(self, source: SourceSettings) -> None:
        try:
            built = build_source(source, self._settings.ingest, self._catalogue, self._clock)
        except Exception as error:  # an error of our own costs that source alone, too
            if source.name not in self._refused:
                log.error("%s", error, exc_info=not isinstance(error, SourceError))
            why = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
            self._refused[source.name] = SourceReport(kind=source.kind, state="refused", trouble=why)
            return
        self._refused.pop(source.name, None)
        feed = self._feed(built, source)
        self._feeds = [*self._feeds, feed]  # a new list: the report is made in another thread
        feed.start()

    def _feed(self, source: LiveSource, settings: SourceSettings | None = None) -> Feed:
        names = CompanyNames(self._catalogue)
        reading = replace(
            source.reading,
            feed=source.reading.feed or (source.key if source.reading.live else ""),
            link=names.link,
            zone_names=self._settings.ingest.zone_names,
        )
        rejected = RejectedFile(self._settings.state_dir, reading.source, self._clock)
        ledger = self._ledgers[reading.channel]
        intake = Intake(
            source.key, reading, self._publisher.send, ledger, self._masker, rejected, names, self._clock
        )  # fmt: skip
        # What comes from a list's source promises now, also where it reads history: it holds no other's ticks up
        promise = Promise(reading.live or settings is not None, intake)
        return Feed(source, intake, promise, self._clock, self._pace, self._fail, ledger.want, settings)

    def _stamps(self) -> list[tuple[int, int]]:
        folder = StateFolder(self._settings.state_dir)
        found = [path.stat() if path.exists() else None for path in (folder.settings, folder.sources)]
        return [(each.st_mtime_ns, each.st_size) if each else (0, 0) for each in found]
