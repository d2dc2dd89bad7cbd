from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.documents.normalise import RawItem, Reading, Rejected, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sources.post_filter import PostFilter
from services.ingest.sources.source import Cursor
from services.ingest.sources.streams.bluesky import JetstreamSource
from services.ingest.sources.streams.mastodon import MastodonSource
from services.ingest.sources.streams.server_sent import server_sent
from services.ingest.sources.streams.streaming import ConnectionLost, Event, StreamSource
from shared.clock import SECOND, ReplayClock, SystemClock
from shared.settings import IngestSettings
from shared.universe.securities import Catalogue
from tests.contract.feed_servers import Jetstream, Mastodon

SETTINGS = IngestSettings(timeout_seconds=5, max_response_bytes=100_000)


def everything(_: str) -> bool:
    return True


def post(number: int, text: str | None = None, **changes: Any) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "text": text or f"post {number}", "createdAt": "2014-07-01T13:30:00.000Z"}
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": f"k{number}", "record": record}
    return {"did": "did:plc:abc", "time_us": number * 10 * SECOND, "kind": "commit", "commit": commit | changes}


def status(number: int, text: str = "", **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number), "uri": f"https://m.example/{number}", "url": f"https://m.example/@bob/{number}",
        "created_at": "2014-07-01T13:30:00.000Z", "content": f"<p>{text or f'status {number}'}</p>", "language": "en",
        "visibility": "public", "account": {"acct": "bob"},
    } | changes  # fmt: skip


def read(
    source: StreamSource, enough: Callable[[list[RawItem | Rejected]], bool], cursor: Cursor | None = None
) -> tuple[list[RawItem | Rejected], Cursor]:
    """Items until `enough`, and the last cursor."""
    stop = threading.Event()
    deadline = time.monotonic() + 20
    items: list[RawItem | Rejected] = []
    last: Cursor = {}
    for batch in source.batches(cursor, stop):
        items += batch.items
        last = batch.cursor
        if enough(items):
            stop.set()
        assert time.monotonic() < deadline, items
    return items, last


def texts(items: list[RawItem | Rejected]) -> list[object]:
    return [item["text"] for item in items if not isinstance(item, Rejected)]


def test_bluesky_posts_become_documents() -> None:
    events = [
        post(1, "$AAPL up"), {"did": "x", "time_us": 11 * SECOND, "kind": "identity"},
        post(2, operation="delete"), post(3, collection="app.bsky.feed.like"), post(4, "and another"),
    ]  # fmt: skip
    with Jetstream(events).running() as url:
        source = JetstreamSource(url, SETTINGS, everything, 0.01)
        items, cursor = read(source, lambda items: len(items) == 2)
    assert texts(items) == ["$AAPL up", "and another"] and cursor == {"time_us": 40 * SECOND}
    document = normalise(items[0], source.reading, SystemClock().now())  # type: ignore[arg-type]
    assert isinstance(document, RawDocument)
    assert document.url == "https://bsky.app/profile/did:plc:abc/post/k1"
    assert document.author == "did:plc:abc"  # hashed by the masker before it leaves
    assert document.published_at == 1404221400 * SECOND and document.available_at == document.received_at


def test_bluesky_goes_on_after_each_lost_connection_and_misses_nothing() -> None:
    server = Jetstream([post(number) for number in range(1, 21)], per_connection=3)
    with server.running() as url:
        items, cursor = read(JetstreamSource(url, SETTINGS, everything, 0.01), lambda items: "post 20" in texts(items))
    assert set(texts(items)) == {f"post {number}" for number in range(1, 21)}
    assert cursor == {"time_us": 200 * SECOND} and len(server.requests) >= 7
    assert all(request["wantedCollections"] == ["app.bsky.feed.post"] for request in server.requests)


def test_bluesky_resumes_from_a_kept_cursor_a_little_earlier() -> None:
    server = Jetstream([post(number) for number in range(1, 6)])
    with server.running() as url:
        items, _ = read(
            JetstreamSource(f"{url}?cursor=1&compress=false", SETTINGS, everything, 0.01),
            lambda items: len(items) >= 2, {"time_us": 40 * SECOND},
        )  # fmt: skip
    assert texts(items) == ["post 4", "post 5"]
    assert server.requests[0]["cursor"] == [str(38 * SECOND)]


def test_bluesky_garbage_is_refused_one_by_one() -> None:
    events = ["no json", "[1]", '{"time_us": "x"}', post(1, record={"text": 5}), post(2, record=None), post(3)]
    with Jetstream(events).running() as url:
        items, _ = read(JetstreamSource(url, SETTINGS, everything, 0.01), lambda items: len(items) == 6)
    assert [item.reason for item in items if isinstance(item, Rejected)] == ["undecodable"] * 3 + ["type"] * 2
    assert texts(items) == ["post 3"]


def test_a_filtered_firehose_still_moves_the_cursor() -> None:
    wanted = PostFilter(["earnings"], Catalogue.load()).wanted
    with Jetstream([post(1, "good Earnings!"), post(2, "breakfast"), post(3, "buy $msft")]).running() as url:
        items, cursor = read(JetstreamSource(url, SETTINGS, wanted, 0.01), lambda items: len(items) == 2)
    assert texts(items) == ["good Earnings!", "buy $msft"] and cursor == {"time_us": 30 * SECOND}


def test_a_server_that_is_not_there_is_told() -> None:
    source = JetstreamSource("ws://127.0.0.1:9/subscribe", SETTINGS, everything, 0.01)
    read(source, lambda _: bool(source.trouble))
    assert "refused" in source.trouble.lower()


def test_mastodon_streams_and_fills_the_gap_after_a_lost_connection() -> None:
    server = Mastodon([status(number) for number in range(1, 101)], streamed=[1, 2, 3])
    with server.running() as url:
        source = MastodonSource(url, SETTINGS.model_copy(update={"mastodon_token": None}), everything, 0.01)
        items, cursor = read(source, lambda items: "<p>status 100</p>" in texts(items))
    assert texts(items) == [f"<p>status {number}</p>" for number in range(1, 101)]
    assert cursor == {"id": "100"} and server.connections == 2 and set(server.authorizations) == {None}


def test_mastodon_statuses_become_documents_and_only_public_ones() -> None:
    statuses = [
        status(1, "buy <a href='x'>$AAPL</a> &amp; hold"), status(2, visibility="private"), status(3, content=None),
        status(4, account={"acct": "ann@far.example"}),
    ]  # fmt: skip
    settings = IngestSettings.model_validate({"mastodon_token": "secret", "timeout_seconds": 5})
    server = Mastodon(statuses, streamed=[1, 2, 3, 4])
    with server.running() as url:
        source = MastodonSource(url, settings, everything, 0.01)
        items, _ = read(source, lambda items: len(items) == 3)
    first, refused, last = items
    assert isinstance(refused, Rejected) and refused.reason == "type"
    document = normalise(first, source.reading, SystemClock().now())  # type: ignore[arg-type]
    assert isinstance(document, RawDocument)
    assert document.text == "buy $AAPL & hold" and document.external_id == "https://m.example/1"
    assert document.author == "bob@127.0.0.1" and document.source == "mastodon:127.0.0.1"
    assert not isinstance(last, Rejected) and last["author"] == "ann@far.example"
    assert set(server.authorizations) == {"Bearer secret"}


def test_an_endless_event_is_cut_off() -> None:
    server = Mastodon([status(1, "x" * 200_000)], streamed=[1])
    with server.running() as url:
        source = MastodonSource(url, SETTINGS, everything, 0.01)
        read(source, lambda _: "more than 100000 bytes" in source.trouble)


def test_an_event_that_grows_line_by_line_is_cut_off() -> None:
    chunks = iter([b"data: " + b"x" * 100 + b"\n"] * 1_000)
    with pytest.raises(ConnectionLost, match="more than 5000 bytes"):
        list(server_sent(chunks, 5_000))


@given(st.lists(st.binary(max_size=60), max_size=20), st.binary(max_size=200))
def test_any_bytes_are_events_or_the_end_of_the_stream(chunks: list[bytes], data: bytes) -> None:
    whole = b"event: update\ndata: " + data.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n"
    found = list(server_sent(iter([*chunks, b"\n\n", whole[:9], whole[9:]]), 100_000))
    assert found[-1] == ("update", data.replace(b"\n", b"").replace(b"\r", b""))


@pytest.mark.parametrize("number", ["not a number", 10**19 * 99, "9" * 5_000, "\u00b2", -3, None, [1], 2**62])
def test_a_mastodon_id_that_cannot_be_gone_on_from_is_no_cursor(number: object) -> None:
    server = Mastodon([status(1), status(2) | {"id": number}], streamed=[1, 2])
    with server.running() as url:
        items, cursor = read(MastodonSource(url, SETTINGS, everything, 0.01), lambda items: len(items) >= 2)
    assert texts(items)[:2] == ["<p>status 1</p>", "<p>status 2</p>"] and cursor == {"id": "1"}


@pytest.mark.parametrize("kept", [{"id": "nonsense"}, {"id": "9" * 5_000}, {}, {"other": 1}])
def test_mastodon_starts_afresh_from_a_cursor_that_cannot_be_read(kept: Cursor) -> None:
    server = Mastodon([status(1)], streamed=[1])
    with server.running() as url:
        items, cursor = read(MastodonSource(url, SETTINGS, everything, 0.01), bool, kept)
    assert texts(items) == ["<p>status 1</p>"] and cursor == {"id": "1"}


def test_a_mastodon_that_ignores_min_id_is_a_gap_that_shows() -> None:
    server = Mastodon([status(number) for number in range(1, 101)], streamed=[], ignores_min_id=True)
    with server.running() as url:
        source = MastodonSource(url, SETTINGS, everything, 0.01)
        items, cursor = read(source, lambda items: any(isinstance(item, Rejected) for item in items), {"id": "20"})
    gap = items[-1]
    assert isinstance(gap, Rejected) and gap.reason == "gap" and "does not page by min_id" in gap.detail
    assert len(items) == 41 and cursor == {"id": "100"}


def test_a_page_of_mastodon_that_is_no_json_is_trouble() -> None:
    server = Mastodon([], streamed=[], page=b"[" * 100_000)
    with server.running() as url:
        source = MastodonSource(url, SETTINGS, everything, 0.01)
        read(source, lambda _: "cannot be read" in source.trouble, {"id": "20"})


def test_a_gap_of_bluesky_is_told_when_the_server_begins_later() -> None:
    late = Jetstream([post(100_000), post(100_001)])  # at 1,000,000 s; asked for from 40 s
    clock = ReplayClock(1_000_020 * SECOND)
    with late.running() as url:
        source = JetstreamSource(url, SETTINGS, everything, 0.01, clock)
        items, cursor = read(source, lambda items: len(items) >= 3, {"time_us": 40 * SECOND})
    gap = items[0]
    assert isinstance(gap, Rejected) and gap.reason == "gap"
    assert "1970-01-01T00:00:40Z" in gap.detail and "1970-01-12T13:46:40Z" in gap.detail
    assert texts(items) == ["post 100000", "post 100001"] and cursor == {"time_us": 1_000_010 * SECOND}


@pytest.mark.parametrize("moment", [2**62, 10**30, -1, 1e308])
def test_a_bluesky_time_ahead_is_no_cursor(moment: float) -> None:
    with Jetstream([post(1), post(2) | {"time_us": moment}]).running() as url:
        source = JetstreamSource(f"{url}?all=1", SETTINGS, everything, 0.01)
        items, cursor = read(source, bool)
        assert cursor == {"time_us": 10 * SECOND} and "post 1" in texts(items)
        assert source._moment({"time_us": moment}) is None


class Falls(StreamSource):
    """A stream whose reader meets an error of our own."""

    def __init__(self) -> None:
        super().__init__("falls", Reading("social", "falls", live=True), 0.01)
        self.opened = 0

    def events(self, cursor: Cursor | None) -> Iterator[Event | None]:
        del cursor
        self.opened += 1
        yield None
        if self.opened > 2:
            yield Event({"text": "well again"}, {"id": 1})
        raise ZeroDivisionError("of our own")

    def disconnect(self) -> None:
        pass


def test_a_reader_that_ends_is_trouble_that_shows_and_is_started_again() -> None:
    source = Falls()
    read(source, lambda _: "ZeroDivisionError: of our own" in source.trouble)
    items, _ = read(source, bool)
    assert texts(items)[0] == "well again"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$AAPL and $TSLA", True), ("$ZZZZZ to the moon", False), ("Microsoft is hiring", True), ("microsoft", False),
        ("on target with a visa", False), ("nothing here", False), ("$5 for an apple", False),
    ],
)  # fmt: skip
def test_without_keywords_posts_on_known_companies_are_taken(text: str, wanted: bool) -> None:
    assert PostFilter((), Catalogue.load()).wanted(text) is wanted
