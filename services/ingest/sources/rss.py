"""RSS and Atom: polled with conditional requests, bounded in size and time, with a growing delay after failures."""

from __future__ import annotations

import calendar
import logging
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final

import feedparser
import httpx

from services.ingest.documents.normalise import RawItem, Reading
from services.ingest.sources.source import Batch, Cursor, SourceError
from shared.backoff import Backoff, Delays
from shared.clock import HOUR_SECONDS, SECOND, Clock, to_micros
from shared.links import web_host

USER_AGENT: Final = "Bellwether/0.1 (feed reader)"
_WAKE_SECONDS: Final = 0.5
_LONGEST_DELAY: Final = float(HOUR_SECONDS)
log = logging.getLogger(__name__)


class FeedFailed(RuntimeError):
    """One poll that gave nothing to read; `retry_after` in seconds where the server said so."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FeedSource:
    """One feed. The validators of the last answer (ETag, Last-Modified) are its cursor."""

    def __init__(self, url: str, seconds: float, timeout: float, max_bytes: int, clock: Clock) -> None:
        host = web_host(url)
        if not host:
            raise SourceError(f"ingest.rss: {url!r} is not an http(s) address; use, for example, https://HOST/feed.xml")
        self.key = f"rss:{url}"
        self.reading = Reading("news", f"rss:{host}", live=True)
        self.trouble = ""
        self._url = url
        self._seconds = seconds
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._clock = clock
        self._backoff = Backoff(Delays.doubling(seconds, _LONGEST_DELAY))

    def batches(self, cursor: Cursor | None, stop: threading.Event) -> Iterator[Batch]:
        """One batch per poll that brought something, and empty ones while waiting."""
        cursor = cursor or {}
        with httpx.Client(timeout=self._timeout, follow_redirects=True, max_redirects=5) as client:
            while not stop.is_set():
                delay = self._seconds
                try:
                    items, cursor = self._poll(client, cursor)
                    self.trouble = ""
                    self._backoff.reset()
                    yield Batch(items, cursor)
                except FeedFailed as error:
                    delay = max(self._backoff.next_delay(), min(error.retry_after, _LONGEST_DELAY))
                    self.trouble = str(error)
                    log.warning("%s: %s; again in %.0f s", self.key, error, delay)
                due = time.monotonic() + delay
                while not stop.wait(min(_WAKE_SECONDS, max(0.0, due - time.monotonic()))) and time.monotonic() < due:
                    yield Batch([], cursor)

    def _poll(self, client: httpx.Client, cursor: Cursor) -> tuple[list[RawItem], Cursor]:
        headers = {
            "User-Agent": USER_AGENT,
            "Accept": "application/rss+xml, application/atom+xml, application/xml, */*",
        }
        if etag := cursor.get("etag"):
            headers["If-None-Match"] = str(etag)
        if modified := cursor.get("modified"):
            headers["If-Modified-Since"] = str(modified)
        try:
            with client.stream("GET", self._url, headers=headers) as response:
                if response.status_code == httpx.codes.NOT_MODIFIED:
                    return [], cursor
                if response.status_code != httpx.codes.OK:
                    raise FeedFailed(f"HTTP {response.status_code}", self._retry_after(response))
                body = self._body(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedFailed(f"{type(error).__name__}: {error}") from error
        validators = {"etag": response.headers.get("etag"), "modified": response.headers.get("last-modified")}
        items = _items(body, dict(response.headers), str(response.url))
        return items, {name: value for name, value in validators.items() if value}

    def _body(self, response: httpx.Response) -> bytes:
        """The decompressed body; a zip bomb ends at the limit like any other."""
        deadline = time.monotonic() + 4 * self._timeout  # a server that drips is no better than a silent one
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes(65_536):
            size += len(part)
            if size > self._max_bytes:
                raise FeedFailed(f"more than {self._max_bytes:,} bytes (ingest.max_response_bytes)")
            if time.monotonic() > deadline:
                raise FeedFailed(f"not complete after {4 * self._timeout:.0f} s")
            parts.append(part)
        return b"".join(parts)

    def _retry_after(self, response: httpx.Response) -> float:
        value = response.headers.get("retry-after", "")
        try:
            return (
                float(value)
                if value.isdigit()
                else (to_micros(parsedate_to_datetime(value)) - self._clock.now()) / SECOND
            )
        except ValueError:
            return 0.0


def _items(body: bytes, headers: dict[str, str], address: str) -> list[RawItem]:
    parsed = feedparser.parse(body, response_headers={**headers, "content-location": address})
    if not parsed.entries and (parsed.bozo or not parsed.version):
        raise FeedFailed(f"not a feed: {parsed.get('bozo_exception') or 'neither RSS nor Atom'}")
    language = str(parsed.feed.get("language") or "").split("-")[0].lower() or None
    return [_item(entry, language) for entry in parsed.entries]


def _item(entry: Any, language: str | None) -> RawItem:
    content = entry.get("content") or []
    stamp = entry.get("published_parsed") or entry.get("updated_parsed")
    return {
        "title": entry.get("title"),
        "text": (content[0].get("value") if content else None) or entry.get("summary"),
        "url": entry.get("link"),
        "external_id": entry.get("id") or entry.get("link"),
        "author": entry.get("author"),
        "published_at": calendar.timegm(stamp) if stamp else None,
        "language": language,
    }
