"""Bluesky's Jetstream: every public post as JSON over a websocket, without a key, resumable by time.

Protocol: github.com/bluesky-social/jetstream. Of its events only new posts are taken; later edits and deletions are not
followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from services.ingest.documents.normalise import RawItem, Reading, Rejected
from services.ingest.sources.source import Cursor
from services.ingest.sources.streaming import FIRST_DELAY, ConnectionLost, Event, StreamSource
from shared.clock import SECOND
from shared.settings import IngestSettings

COLLECTION: Final = "app.bsky.feed.post"
_OVERLAP: Final = 2 * SECOND  # read again on resuming: events of one moment can come in another order


class JetstreamSource(StreamSource):
    """Posts that `wanted` lets through."""

    def __init__(
        self, url: str, settings: IngestSettings, wanted: Callable[[str], bool], first_delay: float = FIRST_DELAY
    ) -> None:
        super().__init__(f"bluesky:{url}", Reading("social", "bluesky", live=True), first_delay)
        self._url = url
        self._timeout = settings.timeout_seconds
        self._max_bytes = settings.max_response_bytes
        self._wanted = wanted
        self._connection: ClientConnection | None = None

    def events(self, cursor: Cursor | None) -> Iterator[Event]:
        try:
            with connect(
                self._address(cursor), max_size=self._max_bytes, open_timeout=self._timeout, close_timeout=1
            ) as connection:
                self._connection = connection
                for message in connection:
                    event = self._event(message, cursor)
                    cursor = event.cursor
                    yield event
        except (OSError, WebSocketException, ValueError) as error:
            raise ConnectionLost(f"{type(error).__name__}: {error}") from error
        raise ConnectionLost("the server closed the stream")

    def disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _address(self, cursor: Cursor | None) -> str:
        parts = urlsplit(self._url)
        query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"cursor", "wantedCollections"}]
        query.append(("wantedCollections", COLLECTION))
        if cursor and "time_us" in cursor:
            query.append(("cursor", str(int(cursor["time_us"]) - _OVERLAP)))
        return urlunsplit(parts._replace(query=urlencode(query)))

    def _event(self, message: str | bytes, cursor: Cursor | None) -> Event:
        before = cursor or {}
        try:
            event = msgspec.json.decode(message)
            moment: Cursor = {"time_us": int(event["time_us"])}
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError) as error:
            raw = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
            return Event(Rejected("undecodable", f"no event of Jetstream: {error}", raw), before)
        return Event(self._item(event), moment)

    def _item(self, event: dict[str, Any]) -> RawItem | Rejected | None:
        commit = event.get("commit")
        if (
            not isinstance(commit, dict)
            or commit.get("operation") != "create"
            or commit.get("collection") != COLLECTION
        ):
            return None
        record = commit.get("record")
        if not isinstance(record, dict) or not isinstance(record.get("text"), str):
            return Rejected("type", "a post without a text", event)
        if not self._wanted(record["text"]):
            return None
        did, key = event.get("did"), commit.get("rkey")
        languages = record.get("langs")
        first = languages[0] if isinstance(languages, list) and languages else None
        return {
            "text": record["text"],
            "author": did,
            "external_id": f"{did}/{key}",
            "url": f"https://bsky.app/profile/{did}/post/{key}",
            "published_at": record.get("createdAt"),
            "language": first.split("-")[0] if isinstance(first, str) else None,
        }
