"""Feeds under one name: RSS, Atom or JSON Feed, one address, several, one per ticker, or those of an OPML list.

Each address has its own validators and its own delay after failures: one that is away costs the others nothing.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

from pydantic import Field

from services.ingest.sources.kind import SourceKind, SourceOptions, Surroundings, check_fields, ledger_key, reading_of
from services.ingest.sources.polling import LONGEST_DELAY, PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.syndication.feed_readers import feed_readers
from services.ingest.sources.syndication.feed_text import MOST_BYTES, NotAFeed
from services.ingest.sources.syndication.rss import FeedPoll
from shared.addresses import shown
from shared.backoff import Backoff, Delays
from shared.links import web_host

_MOST_FEEDS: Final = 500  # under one name
_OPML_SECONDS: Final = 3600.0  # between two looks at a list of feeds
_SHOWN: Final = 3  # feeds in trouble


class RssOptions(SourceOptions):
    PLACE: ClassVar[tuple[str, ...]] = ("map",)
    url: str = Field("", description="Address of a feed; {ticker} stands for each of `tickers`.")
    urls: tuple[str, ...] = Field((), description="Addresses of several feeds.")
    tickers: tuple[str, ...] = Field((), description="What stands for {ticker} in `url`: one feed each.")
    opml: str = Field("", description="Address or file of a list of feeds (OPML); looked at every hour.")
    map: dict[str, str] = Field(
        {}, description="FIELD: element, path or text with {elements}; elements as feedparser calls them."
    )
    seconds: float = Field(0.0, ge=0, description="Seconds between two polls; 0: ingest.rss_seconds.")


class ListedFeeds(PolledSource):
    """The feeds of one entry. The cursor has the validators of each address, under a hash of it."""

    def __init__(self, name: str, options: RssOptions, around: Surroundings) -> None:
        seconds = options.seconds or around.settings.rss_seconds
        super().__init__(ledger_key(name, options), reading_of(name, options), seconds, around.clock)
        self._options = options
        self._around = around
        self._addresses = _addresses(name, options)
        self._listed: list[str] = []
        self._look_at_list = 0.0
        self._feeds: dict[str, _Address] = {}
        self._partly = ""

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """One batch for each address that answers. Raises PollFailed when none does."""
        self._follow_list()
        wanted = [*self._addresses, *self._listed][:_MOST_FEEDS]
        self._feeds = {url: self._feeds.get(url) or self._address(url) for url in wanted}
        known = {feed.mark for feed in self._feeds.values()}
        cursor = {name: value for name, value in cursor.items() if name.partition(".")[0] in known}
        for feed in self._feeds.values():
            if stop.is_set():
                return
            if time.monotonic() >= feed.due:
                batch = feed.ask(cursor)
                if batch is not None:
                    yield batch
                    cursor = batch.reached
        self._judge()

    def _address(self, url: str) -> _Address:
        asked = FeedPoll(url, self._around.settings, self._clock, mapping=self._options.map)
        return _Address(url, asked, self._seconds)

    def _judge(self) -> None:
        ill = [f"{shown(feed.url)}: {feed.trouble}" for feed in self._feeds.values() if feed.trouble]
        rest = f" and {len(ill) - _SHOWN} more" if len(ill) > _SHOWN else ""
        said = "; ".join(ill[:_SHOWN]) + rest
        if ill and len(ill) == len(self._feeds):
            raise PollFailed(ill[0].partition(": ")[2] if len(ill) == 1 else said, self._wait())
        self._partly = f"{len(ill)} of {len(self._feeds)} feeds: {said}" if ill else ""

    def _wait(self) -> float:
        """Until the first address is asked again; the source's own delay is for all of them."""
        return max(0.0, min(feed.due for feed in self._feeds.values()) - time.monotonic())

    def _well(self) -> None:
        super()._well()
        self.trouble = self._partly

    def _follow_list(self) -> None:
        if not self._options.opml or time.monotonic() < self._look_at_list:
            return
        self._listed = [url for url in self._read_list(self._options.opml) if web_host(url)]
        self._look_at_list = time.monotonic() + _OPML_SECONDS

    def _read_list(self, place: str) -> list[str]:
        if web_host(place):
            return FeedPoll(place, self._around.settings, self._clock).feeds()
        try:
            with Path(place).expanduser().open("rb") as file:
                return feed_readers().read(file.read(MOST_BYTES + 1)).feeds
        except (OSError, NotAFeed) as error:
            raise PollFailed(f"opml {place}: {error}") from error


class _Address:
    """One address, and how it is."""

    def __init__(self, url: str, asked: FeedPoll, seconds: float) -> None:
        self.url = url
        self.mark = hashlib.blake2b(url.encode(), digest_size=6).hexdigest()
        self.trouble = ""
        self.due = 0.0
        self._asked = asked
        self._backoff = Backoff(Delays.doubling(seconds, max(seconds, LONGEST_DELAY)))

    def ask(self, cursor: Cursor) -> Batch | None:
        """What it has; None where it has nothing, and says why in `trouble`."""
        own = {name.partition(".")[2]: value for name, value in cursor.items() if name.startswith(f"{self.mark}.")}
        rest = {name: value for name, value in cursor.items() if not name.startswith(f"{self.mark}.")}
        try:
            items, validators = self._asked.ask(own)
        except PollFailed as error:
            self.trouble = str(error)
            self.due = time.monotonic() + max(self._backoff.next_delay(), min(error.retry_after, LONGEST_DELAY))
            return None
        self.trouble, self.due = "", 0.0
        self._backoff.reset()
        marked = {f"{self.mark}.{name}": value for name, value in validators.items()}
        return Batch(items, rest | marked, unless_refused=rest)


def _addresses(name: str, options: RssOptions) -> list[str]:
    found = [*options.urls]
    if options.url:
        per_ticker = "{ticker}" in options.url
        if per_ticker != bool(options.tickers):
            raise SourceError(f"source {name}: tickers and {{ticker}} in url belong together; give both, or neither")
        found += [options.url.replace("{ticker}", quote(ticker)) for ticker in options.tickers or ("",)]
    for url in found:
        if not web_host(url):
            raise SourceError(f"source {name}: {shown(url)!r} is not an http(s) address")
    if not found and not options.opml:
        raise SourceError(f"source {name}: it needs url, urls or opml")
    if len(found) > _MOST_FEEDS:
        raise SourceError(f"source {name}: {len(found):,} feeds; at most {_MOST_FEEDS} go under one name")
    check_fields(name, options.map)
    return found


KIND: Final = SourceKind("RSS, Atom and JSON feeds; several, one per ticker, or an OPML list", RssOptions, ListedFeeds)
