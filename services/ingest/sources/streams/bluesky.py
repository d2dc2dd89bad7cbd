"""Bluesky's Jetstream: every public post as JSON over a websocket, without a key, resumable by time.

Protocol: github.com/bluesky-social/jetstream. Of its events only new posts are taken; later edits and deletions are not
followed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from services.ingest.documents.normalise import GAP, RawItem, Reading, Rejected
from services.ingest.sources.source import Cursor
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
from shared.clock import HOUR, MINUTE, SECOND, Clock, SystemClock, to_iso
from shared.settings import IngestSettings

COLLECTION: Final = "app.bsky.feed.post"
_OVERLAP: Final = 2 * SECOND  # read again on resuming: events of one moment can come in another order
_AHEAD: Final = MINUTE  # that another machine's clock may be ahead of ours
_SILENCE_SECONDS: Final = 300.0
# A server keeps about 36 hours and goes on from where it can, without a word
_LONG: Final = HOUR  # of absence, after which what comes first is compared with what was asked for
_NO_GAP: Final = 5 * MINUTE  # between the two
log = logging.getLogger(__name__)


class JetstreamSource(StreamSource):
    """Posts that `wanted` lets through."""

    def __init__(
        self,
        url: str,
        settings: IngestSettings,
        wanted: Callable[[str], bool],
        first_delay: float = FIRST_DELAY,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(f"bluesky:{named(url)}", Reading("social", "bluesky", live=True), first_delay)
        self._url = url
        self._settings = settings
        self._max_bytes = min(settings.max_response_bytes, MOST_EVENT_BYTES)
        self._wanted = wanted
        self._clock = clock or SystemClock()
        self._connection: ClientConnection | None = None

    def events(self, cursor: Cursor | None) -> Iterator[Event | None]:
        asked = self._moment(cursor)
        try:
            with connect(
                self._address(asked),
                max_size=self._max_bytes,
                open_timeout=self._settings.timeout_seconds,
                close_timeout=1,
                user_agent_header=user_agent(self._settings),
            ) as connection:
                self._connection = connection
                yield None
                while True:
                    event = self._event(_next(connection), cursor)
                    if asked is not None and (gap := self._gap(asked, self._moment(event.cursor))) is not None:
                        yield Event(gap, cursor or {})
                    asked = None
                    cursor = event.cursor
                    yield event
        except ConnectionClosed as error:
            raise ConnectionLost("the server closed the stream") from error
        except (OSError, WebSocketException, ValueError) as error:
            raise ConnectionLost(f"{type(error).__name__}: {error}") from error

    def disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _address(self, asked: int | None) -> str:
        parts = urlsplit(self._url)
        query = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"cursor", "wantedCollections"}]
        query.append(("wantedCollections", COLLECTION))
        if asked is not None:
            query.append(("cursor", str(asked - _OVERLAP)))
        return urlunsplit(parts._replace(query=urlencode(query)))

    def _moment(self, cursor: Mapping[str, Any] | None) -> int | None:
        """The time that an event or a cursor has; None for one that cannot be gone on from: none, or one ahead."""
        try:
            moment = int((cursor or {})["time_us"])
        except (TypeError, KeyError, ValueError, OverflowError):
            return None
        return moment if 0 < moment <= self._clock.now() + _AHEAD else None

    def _gap(self, asked: int, first: int | None) -> Rejected | None:
        if first is None or self._clock.now() - asked < _LONG or first - asked < _NO_GAP:
            return None
        words = f"posts were asked for from {to_iso(asked)}, and begin at {to_iso(first)}; what lies between is lost"
        log.warning("%s: %s", self.key, words)
        return Rejected(GAP, words, "")

    def _event(self, message: str | bytes, cursor: Cursor | None) -> Event:
        before = cursor or {}
        try:
            event = msgspec.json.decode(message)
            int(event["time_us"])
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raw = message.encode("utf-8", "surrogatepass") if isinstance(message, str) else message
            return Event(Rejected("undecodable", f"no event of Jetstream: {error}", raw[:KEPT_BYTES]), before)
        moment = self._moment(event)
        moves = moment is not None and moment >= (self._moment(before) or 0)
        return Event(self._item(event), {"time_us": moment} if moves and moment is not None else before)

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


def _next(connection: ClientConnection) -> str | bytes:
    try:
        return connection.recv(timeout=_SILENCE_SECONDS)
    except TimeoutError:
        raise ConnectionLost(f"no whole event within {_SILENCE_SECONDS:.0f} s") from None
