"""RSS and Atom: polled with conditional requests, bounded in size and time, with a growing delay after failures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from email.message import Message
from typing import Final

from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.feed_document import FeedDocument, FeedItem
from services.ingest.sources.feed_readers import FeedReaders, feed_readers
from services.ingest.sources.feed_text import MOST_BYTES, NotAFeed
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.user_agent import user_agent
from shared.addresses import named, shown
from shared.backoff import Backoff, Delays
from shared.clients.web import Answer, TooLarge, WebClient, WebError, asked_wait
from shared.clock import HOUR_SECONDS, Clock
from shared.links import web_host
from shared.settings import IngestSettings

_WAKE_SECONDS: Final = 0.5
_LONGEST_DELAY: Final = float(HOUR_SECONDS)
_ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml, */*"
_NOT_MODIFIED: Final = 304
_OK: Final = 200
_LONGEST_VALIDATOR: Final = 1_000
log = logging.getLogger(__name__)


class FeedFailed(RuntimeError):
    """One poll that gave nothing to read; `retry_after` in seconds where the server said so."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FeedSource:
    """One feed. The validators of the last answer (ETag, Last-Modified) are its cursor, where all of it was taken."""

    def __init__(self, url: str, settings: IngestSettings, clock: Clock, readers: FeedReaders | None = None) -> None:
        host = web_host(url)
        if not host:
            raise SourceError(
                f"ingest.rss: {shown(url)!r} is not an http(s) address; use, for example, https://HOST/feed.xml"
            )
        self.key = f"rss:{named(url)}"
        self.reading = Reading("news", f"rss:{host}", live=True)
        self.trouble = ""
        self._url = url
        self._seconds = settings.rss_seconds
        self._settings = settings
        self._clock = clock
        self._readers = readers or feed_readers()
        self._backoff = Backoff(Delays.doubling(self._seconds, _LONGEST_DELAY))

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """One batch per poll that brought something, and empty ones while waiting."""
        cursor = cursor or {}
        while not stop.is_set():
            delay = self._seconds
            try:
                items, validators = self._poll(cursor)
                self.trouble = ""
                self._backoff.reset()
                batch = Batch(items, validators, unless_refused={})
                yield batch
                cursor = {} if batch.refused else validators  # what was refused is asked for again
            except FeedFailed as error:
                delay = max(self._backoff.next_delay(), min(error.retry_after, _LONGEST_DELAY))
                self.trouble = str(error)
                log.warning("%s: %s; again in %.0f s", self.key, error, delay)
            due = time.monotonic() + delay
            while not stop.wait(min(_WAKE_SECONDS, max(0.0, due - time.monotonic()))) and time.monotonic() < due:
                yield Batch([], cursor)

    def _poll(self, cursor: Cursor) -> tuple[list[RawItem | Rejected], Cursor]:
        answer = self._ask(cursor)
        if answer.status == _NOT_MODIFIED:
            return [], cursor
        if answer.status != _OK:
            wait = asked_wait(answer.headers.get("retry-after", ""), self._clock.now())
            raise FeedFailed(f"HTTP {answer.status}", wait)
        try:
            feed = self._readers.read(answer.body, _charset(answer), answer.address)
        except NotAFeed as error:
            raise FeedFailed(f"not a feed: {error}") from error
        validators = {"etag": answer.headers.get("etag", ""), "modified": answer.headers.get("last-modified", "")}
        return _items(feed), {name: value for name, value in validators.items() if _is_usable(value)}

    def _ask(self, cursor: Cursor) -> Answer:
        settings = self._settings
        headers = {"Accept": _ACCEPT, "User-Agent": user_agent(settings)}
        for name, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
            if _is_usable(value := str(cursor.get(name, ""))):
                headers[header] = value
        most = min(settings.max_response_bytes, MOST_BYTES)
        try:
            with WebClient(
                seconds=settings.timeout_seconds, max_bytes=most, inside=settings.redirects_inside
            ) as client:
                return client.get(self._url, headers)
        except TooLarge as error:
            raise FeedFailed(f"{error} (ingest.max_response_bytes, at most {MOST_BYTES:,})") from error
        except WebError as error:
            raise FeedFailed(str(error)) from error


def _is_usable(validator: str) -> bool:
    """Whether it can be sent back as it came."""
    return 0 < len(validator) <= _LONGEST_VALIDATOR and validator.isascii() and validator.isprintable()


def _charset(answer: Answer) -> str:
    kind = Message()
    kind["content-type"] = answer.headers.get("content-type", "")
    return kind.get_content_charset("") or ""


def _items(feed: FeedDocument) -> list[RawItem | Rejected]:
    return [_item(item, feed.language or None) for item in feed.items]


def _item(item: FeedItem, language: str | None) -> RawItem | Rejected:
    if item.refused:
        return Rejected("undecodable", f"an item that cannot be read: {item.refused}", item.text)
    return {
        "title": item.title,
        "text": item.text,
        "url": item.url,
        "external_id": item.external_id,
        "author": item.author,
        "published_at": item.published_at,
        "language": language,
    }
