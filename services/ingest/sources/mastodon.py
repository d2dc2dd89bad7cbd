"""Mastodon's public timeline: server-sent events, and the timeline's pages for what was missed while away.

Protocol: docs.joinmastodon.org, "streaming" and "timelines". Some instances want a token. Edits and deletions are not
followed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import httpx
import msgspec

from services.ingest.documents.cleaning import clean
from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.source import Cursor
from services.ingest.sources.streaming import FIRST_DELAY, ConnectionLost, Event, StreamSource
from shared.links import web_host
from shared.settings import IngestSettings

PAGE: Final = 40  # the most that an instance gives at once
MOST_PAGES: Final = 250
MOST: Final = PAGE * MOST_PAGES  # posts: a longer absence is told, not filled
_SILENCE_SECONDS: Final = 60.0  # a heartbeat comes every 15 s
log = logging.getLogger(__name__)


class MastodonSource(StreamSource):
    """Public posts that `wanted` lets through. `url` is the streaming endpoint, …/api/v1/streaming/public."""

    def __init__(
        self, url: str, settings: IngestSettings, wanted: Callable[[str], bool], first_delay: float = FIRST_DELAY
    ) -> None:
        self._host = web_host(url) or url
        super().__init__(f"mastodon:{url}", Reading("social", f"mastodon:{self._host}", live=True), first_delay)
        self._url = url
        self._wanted = wanted
        self._limit = settings.max_response_bytes
        token = settings.mastodon_token
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else {},
            timeout=httpx.Timeout(settings.timeout_seconds, read=max(_SILENCE_SECONDS, settings.timeout_seconds)),
        )

    def events(self, cursor: Cursor | None) -> Iterator[Event]:
        try:
            with self._client.stream("GET", self._url, headers={"Accept": "text/event-stream"}) as response:
                response.raise_for_status()
                if cursor:  # with the stream open already, so that nothing falls between the two
                    for event in self._missed(cursor):
                        cursor = event.cursor
                        yield event
                for name, data in _server_sent(_lines(response.iter_bytes(), self._limit)):
                    if name == "update":
                        event = self._event(data, cursor)
                        cursor = event.cursor
                        yield event
        except (httpx.HTTPError, RuntimeError, OSError, ValueError) as error:  # RuntimeError: the client was closed
            raise ConnectionLost(f"{type(error).__name__}: {error}") from error
        raise ConnectionLost("the server closed the stream")

    def disconnect(self) -> None:
        self._client.close()

    def _missed(self, cursor: Cursor) -> Iterator[Event]:
        """What the timeline holds behind the cursor, oldest first."""
        last = str(cursor["id"])
        parts = urlsplit(self._url)
        path = parts.path.partition("/streaming")[0] + "/timelines/public"
        address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        for _ in range(MOST_PAGES):
            page = self._client.get(address, params={"min_id": last, "limit": PAGE})
            page.raise_for_status()
            statuses = page.json()
            if not isinstance(statuses, list) or not statuses:
                return
            for status in sorted(statuses, key=_number):
                event = self._event(msgspec.json.encode(status), {"id": last})
                last = str(event.cursor["id"])
                yield event
        yield Event(
            Rejected("gap", f"more than {MOST_PAGES * PAGE} posts were missed; the rest is not read", last), cursor
        )

    def _event(self, data: bytes, cursor: Cursor | None) -> Event:
        before = cursor or {}
        try:
            status = msgspec.json.decode(data)
            here: Cursor = {"id": str(status["id"])}
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
            return Event(Rejected("undecodable", f"no status of Mastodon: {error}", data), before)
        return Event(self._item(status), here if _number(status) >= int(before.get("id", 0)) else before)

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


def _number(status: Any) -> int:
    """Ids are decimal texts that grow with time."""
    try:
        return int(status["id"])
    except (TypeError, KeyError, ValueError):
        return 0


def _lines(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Lines without their ends; raises ConnectionLost when one is longer than `limit` bytes, before it is all here."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > limit:
            raise ConnectionLost(f"an event of more than {limit} bytes")
        for line in whole:
            yield line.removesuffix(b"\r")


def _server_sent(lines: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """(event name, data) of a text/event-stream; comments (":thump") are heartbeats."""
    name = ""
    data: list[bytes] = []
    for line in lines:
        if not line:
            if data:
                yield name or "message", b"\n".join(data)
            name, data = "", []
        elif line.startswith(b"event:"):
            name = line[6:].strip().decode("utf-8", "replace")
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
