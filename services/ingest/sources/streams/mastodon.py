"""Mastodon's public timeline: server-sent events, and the timeline's pages for what was missed while away.

Protocol: docs.joinmastodon.org, "streaming" and "timelines". Some instances want a token. Edits and deletions are not
followed.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from services.ingest.documents.cleaning import clean
from services.ingest.documents.normalise import GAP, RawItem, Reading, Rejected
from services.ingest.sources.source import Cursor
from services.ingest.sources.streams.server_sent import SILENCE_SECONDS, server_sent
from services.ingest.sources.streams.streaming import (
    FIRST_DELAY,
    KEPT_BYTES,
    MOST_EVENT_BYTES,
    ConnectionLost,
    Event,
    StreamSource,
)
from services.ingest.sources.user_agent import user_agent
from shared.addresses import named
from shared.clients.web import WebClient, WebError
from shared.clock import HOUR, Clock, SystemClock
from shared.links import web_host
from shared.settings import IngestSettings

PAGE: Final = 40  # the most that an instance gives at once
MOST_PAGES: Final = 250
MOST: Final = PAGE * MOST_PAGES  # posts: a longer absence is told, not filled
_FILL_SECONDS: Final = 600.0  # for all pages together
_OK: Final = 200
_ID: Final = re.compile(r"[0-9]{1,20}\Z")
log = logging.getLogger(__name__)


class MastodonSource(StreamSource):
    """Public posts that `wanted` lets through. `url` is the streaming endpoint, …/api/v1/streaming/public."""

    def __init__(
        self,
        url: str,
        settings: IngestSettings,
        wanted: Callable[[str], bool],
        first_delay: float = FIRST_DELAY,
        clock: Clock | None = None,
    ) -> None:
        self._host = web_host(url) or url
        super().__init__(f"mastodon:{named(url)}", Reading("social", f"mastodon:{self._host}", live=True), first_delay)
        self._url = url
        self._wanted = wanted
        self._settings = settings
        self._clock = clock or SystemClock()
        self._clients: list[WebClient] = []

    def events(self, cursor: Cursor | None) -> Iterator[Event | None]:
        try:
            with self._client() as streaming, self._client() as paging:
                self._clients = [streaming, paging]
                with streaming.stream(self._url, {"Accept": "text/event-stream"}, SILENCE_SECONDS) as chunks:
                    yield None
                    if (last := _number(cursor)) is not None:  # with the stream open already: nothing falls between
                        for event in self._missed(paging, last):
                            cursor = event.cursor
                            yield event
                    most = min(self._settings.max_response_bytes, MOST_EVENT_BYTES)
                    for name, data in server_sent(chunks, most):
                        if name == "update":
                            event = self._event(data, cursor)
                            cursor = event.cursor
                            yield event
        except WebError as error:
            raise ConnectionLost(str(error)) from error
        raise ConnectionLost("the server closed the stream")

    def disconnect(self) -> None:
        for client in self._clients:
            client.cut()

    def _client(self) -> WebClient:
        settings, token = self._settings, self._settings.mastodon_token
        headers = {"User-Agent": user_agent(settings)}
        if token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        return WebClient(
            seconds=settings.timeout_seconds,
            max_bytes=settings.max_response_bytes,
            inside=settings.redirects_inside,
            headers=headers,
        )

    def _missed(self, paging: WebClient, last: int) -> Iterator[Event]:
        """What the timeline holds behind the status `last`, oldest first; a gap where it cannot be had."""
        deadline = time.monotonic() + _FILL_SECONDS
        for _ in range(MOST_PAGES):
            statuses = self._page(paging, last)
            if not statuses:
                return
            numbers = [number for status in statuses if (number := _number(status)) is not None]
            if not numbers or min(numbers) <= last:
                yield self._gap("the server does not page by min_id; what came in between is not read", last)
                return
            for status in sorted(statuses, key=lambda status: _number(status) or 0):
                yield self._event(msgspec.json.encode(status), {"id": str(last)})
            last = max(numbers)
            if time.monotonic() > deadline:
                yield self._gap(f"what was missed took more than {_FILL_SECONDS:.0f} s; the rest is not read", last)
                return
        yield self._gap(f"more than {MOST:,} posts were missed; the rest is not read", last)

    def _gap(self, words: str, last: int) -> Event:
        log.warning("%s: %s (after status %d)", self.key, words, last)
        return Event(Rejected(GAP, f"{words} (after status {last})", ""), {"id": str(last)})

    def _page(self, paging: WebClient, last: int) -> list[Any]:
        parts = urlsplit(self._url)
        path = parts.path.partition("/streaming")[0] + "/timelines/public"
        query = urlencode({"min_id": last, "limit": PAGE})
        answer = paging.get(urlunsplit((parts.scheme, parts.netloc, path, query, "")))
        if answer.status != _OK:
            raise WebError(f"HTTP {answer.status} for what was missed")
        try:
            statuses = msgspec.json.decode(answer.body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise WebError(f"a page of the timeline that cannot be read: {error}") from error
        return statuses if isinstance(statuses, list) else []

    def _event(self, data: bytes, cursor: Cursor | None) -> Event:
        before = cursor or {}
        try:
            status = msgspec.json.decode(data)
            status["id"]
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
            return Event(Rejected("undecodable", f"no status of Mastodon: {error}", data[:KEPT_BYTES]), before)
        number = _number(status)
        if number is None or number < (_number(before) or 0) or self._is_ahead(number):
            return Event(self._item(status), before)  # no cursor: it could not be gone on from
        return Event(self._item(status), {"id": str(number)})

    def _is_ahead(self, number: int) -> bool:
        """Whether the time within the id (milliseconds, but for its last 16 bits) lies ahead of now."""
        return (number >> 16) * 1000 > self._clock.now() + HOUR

    def _item(self, status: dict[str, Any]) -> RawItem | Rejected | None:
        content = status.get("content")
        if not isinstance(content, str):
            return Rejected("type", "a status without content", status)
        if status.get("visibility", "public") != "public" or not self._wanted(clean(content)):
            return None
        account = status.get("account")
        name = account.get("acct") if isinstance(account, dict) else None
        language = status.get("language")
        return {
            "text": content,
            "author": f"{name}@{self._host}" if isinstance(name, str) and "@" not in name else name,
            "external_id": status.get("uri") or status["id"],
            "url": status.get("url"),
            "published_at": status.get("created_at"),
            "language": language.split("-")[0] if isinstance(language, str) else None,
        }


def _number(status: Any) -> int | None:
    """The id of a status or a cursor: a decimal text that grows with time. None for another server's kind of id."""
    try:
        text = str(status["id"])
    except (TypeError, KeyError, ValueError):  # ValueError: an integer of thousands of digits
        return None
    return int(text) if _ID.match(text) else None
