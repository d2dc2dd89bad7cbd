"""RSS and Atom: polled with conditional requests, bounded in size and time, with a growing delay after failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from typing import Final

from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.asking import NOT_MODIFIED, check_status, exchanged
from services.ingest.sources.polling import PolledSource, PollFailed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.syndication.feed_document import FeedDocument, FeedItem
from services.ingest.sources.syndication.feed_readers import FeedReaders, feed_readers
from services.ingest.sources.syndication.feed_text import MOST_BYTES, NotAFeed
from services.ingest.sources.tabular.mapping import names_in, picker
from services.ingest.sources.user_agent import user_agent
from shared.addresses import named, shown
from shared.clients.web import Answer
from shared.clock import Clock
from shared.links import web_host
from shared.settings import IngestSettings

_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/feed+json, application/xml, */*"
_THEIR_NAMES: Final = ("title", "text", "url", "external_id", "author", "published_at")
_LONGEST_VALIDATOR: Final = 1_000


class FeedPoll:
    """One address, asked with the validators of its last answer (ETag, Last-Modified)."""

    def __init__(
        self,
        url: str,
        settings: IngestSettings,
        clock: Clock,
        readers: FeedReaders | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> None:
        self._url = url
        self._settings = settings
        self._clock = clock
        self._readers = readers or feed_readers()
        self._mapping = mapping or {}
        self._pick = picker(self._mapping)

    def ask(self, cursor: Cursor) -> tuple[list[RawItem | Rejected], Cursor]:
        """Items, and the validators to ask with when all of them were taken. Raises PollFailed."""
        answer = self._ask(cursor)
        if answer.status == NOT_MODIFIED:
            return [], cursor
        feed = self._read(answer)
        validators = {"etag": answer.headers.get("etag", ""), "modified": answer.headers.get("last-modified", "")}
        items = feed_items(feed, self._pick if self._mapping else None)
        return items, {name: value for name, value in validators.items() if _is_usable(value)}

    def feeds(self) -> list[str]:
        """The addresses in a list of feeds (OPML). Raises PollFailed."""
        feeds = self._read(self._ask({})).feeds
        if not feeds:
            raise PollFailed("no list of feeds (OPML)")
        return feeds

    def _read(self, answer: Answer) -> FeedDocument:
        check_status(answer, self._clock)
        try:
            return self._readers.read(answer.body, _charset(answer), answer.address, names_in(self._mapping))
        except NotAFeed as error:
            raise PollFailed(f"not a feed: {error}") from error

    def _ask(self, cursor: Cursor) -> Answer:
        settings = self._settings
        headers = {"Accept": _ACCEPT, "User-Agent": user_agent(settings)}
        for name, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
            if _is_usable(value := str(cursor.get(name, ""))):
                headers[header] = value
        most = min(settings.max_response_bytes, MOST_BYTES)
        return exchanged(settings, lambda client: client.get(self._url, headers), most, f", at most {MOST_BYTES:,}")


def feed_items(feed: FeedDocument, pick: Callable[[RawItem], RawItem] | None = None) -> list[RawItem | Rejected]:
    """The items of a feed in its order, by our names; `pick` maps theirs. What could not be read is a rejected one."""
    return [_item(item, feed.language or None, pick) for item in feed.items]


def _item(item: FeedItem, language: str | None, pick: Callable[[RawItem], RawItem] | None) -> RawItem | Rejected:
    if item.refused:
        return Rejected("undecodable", f"an item that cannot be read: {item.refused}", item.text)
    row = {name: getattr(item, name) for name in _THEIR_NAMES} | {"language": language}
    return pick(row | item.more) if pick else row


def _is_usable(validator: str) -> bool:
    """Whether it can be sent back as it came."""
    return 0 < len(validator) <= _LONGEST_VALIDATOR and validator.isascii() and validator.isprintable()


def _charset(answer: Answer) -> str:
    kind = Message()
    kind["content-type"] = answer.headers.get("content-type", "")
    return kind.get_content_charset("") or ""


class FeedSource(PolledSource):
    """One feed. Its validators are its cursor, where all of it was taken."""

    def __init__(self, url: str, settings: IngestSettings, clock: Clock, readers: FeedReaders | None = None) -> None:
        host = web_host(url)
        if not host:
            raise SourceError(
                f"ingest.rss: {shown(url)!r} is not an http(s) address; use, for example, https://HOST/feed.xml"
            )
        super().__init__(f"rss:{named(url)}", Reading("news", f"rss:{host}", live=True), settings.rss_seconds, clock)
        self._feed = FeedPoll(url, settings, clock, readers)

    def poll(self, cursor: Cursor, stop: threading.Event) -> Iterator[Batch]:
        """One batch."""
        del stop
        items, validators = self._feed.ask(cursor)
        yield Batch(items, validators, unless_refused={})  # what was refused is asked for again
