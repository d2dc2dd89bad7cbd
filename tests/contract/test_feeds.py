from __future__ import annotations

import gzip
import socket
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from services.ingest.documents.normalise import Rejected, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sources.rss import FeedSource
from services.ingest.sources.source import Batch, Cursor, SourceError
from shared.clock import SECOND, ReplayClock, SystemClock
from tests.contract.feed_servers import Respond, answer, http_server

RSS = b"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0">
<channel><title>Wire</title><language>en-us</language>
<item><title>Apple &amp;amp; Co rise</title><link>https://wire.example/1</link>
<guid isPermaLink="false">wire-1</guid>
<description>&lt;p&gt;Shares of &lt;b&gt;Apple&lt;/b&gt; rose.&lt;/p&gt;</description>
<author>jane@wire.example (Jane)</author>
<pubDate>Tue, 01 Jul 2014 13:30:00 GMT</pubDate></item>
<item><title>Without a date</title><link>https://wire.example/2</link></item></channel></rss>"""
ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id>
<title>Entry</title><updated>2014-07-01T13:30:00+02:00</updated>
<link href="/relative"/>
<content type="html">&lt;script&gt;alert(1)&lt;/script&gt;Body</content></entry></feed>"""
DEADLINE = 20


def poll(
    respond: Respond, polls: int = 1, cursor: Cursor | None = None, **settings: Any
) -> tuple[FeedSource, list[Batch]]:
    """The batches of a feed until it has given `polls` that are not the empty ones of waiting, or is in trouble."""
    stop = threading.Event()
    timer = threading.Timer(DEADLINE, stop.set)
    timer.start()
    try:
        with http_server(respond) as address:
            options = {"seconds": 0.05, "timeout": 2.0, "max_bytes": 100_000, "clock": SystemClock()} | settings
            source = FeedSource(f"{address}/feed", **options)
            found: list[Batch] = []
            for batch in source.batches(cursor, stop):
                if batch.items:
                    found.append(batch)
                if len(found) >= polls or source.trouble:
                    stop.set()
            return source, found
    finally:
        timer.cancel()


def documents(source: FeedSource, batch: Batch) -> list[RawDocument]:
    now = SystemClock().now()
    made = [normalise(item, source.reading, now) for item in batch.items if not isinstance(item, Rejected)]
    return [document for document in made if isinstance(document, RawDocument)]


def test_rss_becomes_documents() -> None:
    source, (batch,) = poll(lambda request: answer(request, 200, RSS, Content_Type="application/rss+xml"))
    first, second = documents(source, batch)
    assert (first.title, first.text) == ("Apple & Co rise", "Shares of Apple rose.")
    assert (first.url, first.external_id, first.language) == ("https://wire.example/1", "wire-1", "en")
    assert first.published_at == 1404221400 * SECOND
    assert first.available_at == first.received_at  # live: known when it was read
    assert first.source == "rss:127.0.0.1" and first.channel == "news"
    assert second.published_at == second.available_at == second.received_at


def test_atom_with_relative_links_and_scripts() -> None:
    source, (batch,) = poll(lambda request: answer(request, 200, ATOM, Content_Type="application/atom+xml"))
    (entry,) = documents(source, batch)
    assert entry.url.endswith("/relative") and entry.text == "Body"
    assert entry.published_at == 1404214200 * SECOND


def test_conditional_requests() -> None:
    asked: list[tuple[str | None, str | None]] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        if len(asked) < 3:
            answer(request, 200, RSS, ETag=f'"v{len(asked)}"', Last_Modified="Tue, 01 Jul 2014 13:30:00 GMT")
        elif len(asked) == 3:
            answer(request, 304)
        else:
            answer(request, 200, ATOM)

    _, batches = poll(respond, polls=3)
    stamp = "Tue, 01 Jul 2014 13:30:00 GMT"
    assert asked[:4] == [(None, None), ('"v1"', stamp), ('"v2"', stamp), ('"v2"', stamp)]
    assert [batch.cursor.get("etag") for batch in batches] == ['"v1"', '"v2"', None]


def test_a_restart_goes_on_with_the_validators() -> None:
    asked: list[str | None] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.headers.get("If-None-Match"))
        answer(request, 200, RSS)

    poll(respond, cursor={"etag": '"kept"'})
    assert asked[0] == '"kept"'


def test_redirects_are_followed() -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/feed":
            answer(request, 301, Location="/moved")
        else:
            answer(request, 200, RSS)

    _, batches = poll(respond)
    assert len(batches) == 1


@pytest.mark.parametrize(
    ("respond", "trouble"),
    [
        (lambda request: answer(request, 500), "HTTP 500"),
        (lambda request: answer(request, 404), "HTTP 404"),
        (lambda request: answer(request, 200, b"<html><body>hello</body></html>"), "not a feed"),
        (lambda request: answer(request, 200, b"\x00\xff garbage"), "not a feed"),
        (lambda request: answer(request, 200, RSS + b" " * 100_001), "more than 100,000 bytes"),
        (
            lambda request: answer(request, 200, gzip.compress(b" " * 10_000_000), Content_Encoding="gzip"),
            "more than 100,000 bytes",
        ),
        (lambda request: answer(request, 302, Location="/feed"), "TooManyRedirects"),
        (lambda request: request.connection.shutdown(socket.SHUT_RDWR), "Error"),
    ],
)
def test_what_gives_nothing_is_told_and_tried_again(respond: Respond, trouble: str) -> None:
    source, batches = poll(respond)
    assert trouble in source.trouble
    assert batches == []


def test_a_silent_server_ends_at_the_timeout() -> None:
    release = threading.Event()

    def respond(request: BaseHTTPRequestHandler) -> None:
        release.wait(DEADLINE)
        answer(request, 200, RSS)

    try:
        source, _ = poll(respond, timeout=0.3)
    finally:
        release.set()
    assert "Timeout" in source.trouble


def test_recovery_after_failures() -> None:
    asked = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append(1)
        answer(request, *((503,) if len(asked) == 1 else (200, RSS)), Retry_After="0")

    stop = threading.Event()
    with http_server(respond) as address:
        source = FeedSource(address, 0.05, 2.0, 100_000, SystemClock())
        for batch in source.batches(None, stop):
            if batch.items:
                stop.set()
    assert source.trouble == "" and len(asked) == 2


@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120.0), ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0), ("soon", 0.0), ("", 0.0)]
)
def test_retry_after(header: str, seconds: float) -> None:
    class Response:
        headers = {"retry-after": header}  # noqa: RUF012

    source = FeedSource("http://x.example/", 1, 1, 1000, ReplayClock(60 * SECOND))
    assert source._retry_after(Response()) == seconds  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/feed", "x.example/feed", ""])
def test_only_http(url: str) -> None:
    with pytest.raises(SourceError, match="not an http"):
        FeedSource(url, 1, 1, 1000, SystemClock())
