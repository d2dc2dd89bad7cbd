from __future__ import annotations

import gzip
import socket
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from services.ingest.documents.normalise import Rejected, normalise
from services.ingest.documents.raw_document import RawDocument
from services.ingest.sources.source import Batch, Cursor, SourceError
from services.ingest.sources.syndication.rss import FeedSource
from shared.clock import SECOND, SystemClock
from shared.settings import IngestSettings
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
DTD = b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss version="2.0"><channel/></rss>'
DEADLINE = 20


def twice(body: bytes) -> bytes:
    return gzip.compress(gzip.compress(body))


def with_settings(**changes: Any) -> IngestSettings:
    return IngestSettings.model_validate(
        {"rss_seconds": 0.05, "timeout_seconds": 2.0, "max_response_bytes": 100_000} | changes
    )


def poll(
    respond: Respond, polls: int = 1, cursor: Cursor | None = None, host: str = "127.0.0.1", **settings: Any
) -> tuple[FeedSource, list[Batch]]:
    """The batches of a feed until it has given `polls` that are not the empty ones of waiting, or is in trouble."""
    stop = threading.Event()
    timer = threading.Timer(DEADLINE, stop.set)
    timer.start()
    try:
        with http_server(respond) as address:
            named = address.replace("127.0.0.1", host)
            source = FeedSource(f"{named}/feed", with_settings(**settings), SystemClock())
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
        (lambda request: answer(request, 200), "an empty answer"),
        (lambda request: answer(request, 200, DTD), "a document type definition"),
        (lambda request: answer(request, 200, DTD.decode().encode("utf-16")), "a document type definition"),
        (lambda request: answer(request, 200, b"<rss>" + b"<a>" * 200), "more than 100 levels"),
        (lambda request: answer(request, 200, b"<rss>" + b"<item/>" * 2_001), "more than 2,000 items"),
        (
            lambda request: answer(request, 200, twice(RSS), Content_Encoding="gzip, gzip"),
            "is not read; gzip, once, is",
        ),
        (lambda request: answer(request, 200, gzip.compress(RSS)[:-9], Content_Encoding="gzip"), "is cut off"),
        (lambda request: answer(request, 302, Location="https://127.0.0.1:1/feed"), "ConnectError"),
        (lambda request: answer(request, 302, Location="file:///etc/passwd"), "from http to file is not followed"),
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
        source, _ = poll(respond, timeout_seconds=0.3)
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
        source = FeedSource(address, with_settings(), SystemClock())
        for batch in source.batches(None, stop):
            if batch.items:
                stop.set()
    assert source.trouble == "" and len(asked) == 2


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/feed", "x.example/feed", ""])
def test_only_http(url: str) -> None:
    with pytest.raises(SourceError, match="not an http"):
        FeedSource(url, with_settings(), SystemClock())


# -- hostile servers


def dripping(head: bytes, drop: bytes) -> Respond:
    """A server that sends a drop every 50 ms, for ever."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        for _ in range(DEADLINE * 20):
            request.wfile.write(drop)
            time.sleep(0.05)

    return respond


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
)
def test_a_dripping_server_is_given_up_at_the_one_deadline(head: bytes, drop: bytes) -> None:
    began = time.monotonic()
    source, batches = poll(dripping(head, drop), timeout_seconds=0.5)
    assert "Timeout" in source.trouble and batches == []
    assert time.monotonic() - began < 5


def elsewhere(request: BaseHTTPRequestHandler) -> None:
    if request.path == "/feed":
        port = request.server.server_address[1]  # type: ignore[index]
        answer(request, 302, Location=f"http://127.0.0.1:{port}/inside")
    else:
        answer(request, 200, RSS)


def test_a_redirect_into_this_machine_is_refused_unless_a_setting_names_it() -> None:
    source, batches = poll(elsewhere, host="localhost")
    assert "127.0.0.1), which is no public address, is not followed" in source.trouble and batches == []
    for inside in (["127.0.0.0/8"], ["127.0.0.1"]):
        source, batches = poll(elsewhere, host="localhost", redirects_inside=inside)
        assert source.trouble == "" and len(batches) == 1


BAD_ITEMS = (
    "<item><title>No year</title><pubDate>Mon, 01 Jan 0000 00:00:00 GMT</pubDate></item>",
    "<item><title>No day</title><pubDate>9999-366</pubDate></item>",
    "<item><title>Half a character &#xD800;</title></item>",
    "<item><title>Beyond Unicode &#x110000;</title></item>",
    '<item><title>Where?</title><gml:Polygon xmlns:gml="http://www.opengis.net/gml"><gml:posList>1 a</gml:posList>'
    "</gml:Polygon></item>",
)


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_a_bad_item_costs_nothing_but_itself(bad: str) -> None:
    body = f'<rss version="2.0"><channel><title>W</title>{bad}<item><title>Good</title></item></channel></rss>'
    source, (batch,) = poll(lambda request: answer(request, 200, body.encode(), ETag='"1"'))
    assert source.trouble == "" and len(batch.items) == 2
    assert documents(source, batch)[-1].title == "Good"
    assert all(item.reason == "undecodable" for item in batch.items if isinstance(item, Rejected))


@pytest.mark.parametrize("encoding", ["undefined", "base64", "rot13", "utf-7", "unknown-8"])
def test_an_encoding_that_is_none_is_passed_over(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><item><title>Nestl\u00e9</title></item></channel></rss>'  # noqa: E501
    source, (batch,) = poll(lambda request: answer(request, 200, body.encode()))
    assert [document.title for document in documents(source, batch)] == ["Nestl\u00e9"]
    source, (batch,) = poll(lambda request: answer(request, 200, body.encode("cp1252")))
    assert [document.title for document in documents(source, batch)] == ["Nestl\u00e9"]


def test_validators_are_kept_only_for_what_was_taken() -> None:
    asked: list[str | None] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        asked.append(request.headers.get("If-None-Match"))
        answer(request, 200, RSS, ETag='"v1"')

    with http_server(respond) as address:
        stop = threading.Event()
        for batch in FeedSource(f"{address}/feed", with_settings(), SystemClock()).batches(None, stop):
            if batch.items and len(asked) == 1:
                batch.refused.append(Rejected("time", "one of them was refused", {}))
            if len(asked) == 3:
                stop.set()
    assert asked == [None, None, '"v1"']


def test_the_server_learns_whom_to_write_to() -> None:
    agents: list[str | None] = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        agents.append(request.headers.get("User-Agent"))
        answer(request, 200, RSS)

    poll(respond, contact="desk@example.org")
    assert agents[0] == "Bellwether/0.1 (feed reader; desk@example.org)"
    for contact in ("a\r\nX-Evil: 1", "caf\u00e9", "x" * 300):
        with pytest.raises(ValueError, match="contact"):
            with_settings(contact=contact)


def test_a_live_item_dated_ahead_is_taken_when_read_and_its_validators_with_it() -> None:
    ahead = SystemClock().now() // SECOND + 62 * 60
    dates = [formatdate(ahead), "2026/11/29 08:00:00", "yesterday evening", formatdate(ahead + 8 * 3600, usegmt=True)]
    items = "".join(f"<item><title>Story {at}</title><pubDate>{date}</pubDate></item>" for at, date in enumerate(dates))
    body = f'<rss version="2.0"><channel><title>W</title>{items}</channel></rss>'.encode()
    source, (batch,) = poll(lambda request: answer(request, 200, body, ETag='"v1"'))
    taken = documents(source, batch)
    assert [document.title for document in taken] == [f"Story {at}" for at in range(4)]
    assert all(document.available_at == document.received_at >= document.published_at for document in taken)
    assert [document.dated_ahead for document in taken][::3] == [True, True] and batch.cursor == {"etag": '"v1"'}
