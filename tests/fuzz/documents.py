"""Targets: what becomes documents. Every item of a feed, a file or a stream is a document that our own readers take, or
refused with a reason; nothing is left over."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.ingest.documents.masker import Masker
from services.ingest.documents.normalise import RawItem, Reading, Rejected, normalise
from services.ingest.sources.in_house.files import FileSource
from services.ingest.sources.source import SourceError
from services.ingest.sources.streams.bluesky import JetstreamSource
from services.ingest.sources.streams.mastodon import MastodonSource
from services.ingest.sources.streams.server_sent import server_sent
from services.ingest.sources.streams.streaming import ConnectionLost, Event
from services.ingest.sources.syndication.feed_document import read_feed
from services.ingest.sources.syndication.feed_readers import feed_readers
from services.ingest.sources.syndication.feed_text import NotAFeed
from services.ingest.sources.syndication.rss import feed_items
from services.ingest.sources.tabular.mapping import MappingError
from shared.contract.events import Document, decode_document, encode
from shared.settings import IngestSettings

NOW: Final = 1_700_000_000_000_000
_MASKER: Final = Masker(b"a key of the fuzzer")
_EVERY_HUNDREDTH: Final = 100  # feed goes through a child process, as in the worker

_RSS: Final = b"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Markets</title><language>en-gb</language><item><title>$AAPL &amp; MSFT rise</title><guid>g1</guid>
<link>https://example.com/1</link><pubDate>Tue, 14 Nov 2023 10:00:00 GMT</pubDate><dc:creator>A B</dc:creator>
<content:encoded><![CDATA[<p>Apple <b>rose</b> 3%</p>]]></content:encoded><media:content url="x" type="y"/></item>
<item><title>Shell</title><description>cut &lt;br/&gt; 2.5%</description><guid isPermaLink="false">g2</guid>
<pubDate>2023-11-14T10:00:00+05:30</pubDate></item></channel></rss>"""
_ATOM: Final = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>t</title><entry><id>tag:1</id>
<title type="html">&lt;i&gt;SAP&lt;/i&gt;</title><updated>2023-11-14T10:00:00Z</updated><author><name>n</name></author>
<link href="/a"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">up 4%</div></content></entry></feed>"""
_JSON_FEED: Final = (
    b'{"version":"https://jsonfeed.org/version/1.1","language":"en-US","items":[{"id":"1","title":"$AAPL",'
    b'"content_html":"<p>up</p>","date_published":"2023-11-14T10:00:00Z","authors":[{"name":"n"}],"tags":["a"]}]}'
)
FEEDS: Final = (_RSS, _ATOM, _RSS.decode().encode("utf-16"), _ATOM.replace(b"entry", b"item"), _JSON_FEED)

_JETSTREAM: Final = (
    b'{"did":"did:plc:abc","time_us":1699999999000000,"kind":"commit","commit":{"operation":"create","collection":'
    b'"app.bsky.feed.post","rkey":"3k","record":{"text":"$AAPL up, call +44 20 7946 0958","createdAt":'
    b'"2023-11-14T10:00:00.123Z","langs":["en-GB"]}}}'
)
_MASTODON: Final = (
    b'event: update\ndata: {"id":"111","created_at":"2023-11-14T10:00:00.000Z","content":"<p>$TSLA falls</p>",\ndata: '
    b'"uri":"https://m.example/1","url":null,"visibility":"public","language":"en","account":{"acct":"bob"}}\n\n'
    b":thump\n\nevent: delete\ndata: 111\n\n"
)
STREAMS: Final = (_JETSTREAM, _MASTODON)

_CSV: Final = (
    b"id,published_at,text,title,author,company\n1,2023-11-14T10:00:00Z,$AAPL rises,News,bob,AAPL\n"
    b'2,11/14/2023 3:15 PM,"quoted, with ""quotes""\nand lines",T,,"AAPL,TSLA"\n3,1699999999,x,,,\n'
)
_JSONL: Final = (
    b'{"id":1,"published_at":"2023-11-14T10:00:00Z","text":"$AAPL rises","company":["AAPL","TSLA"]}\n'
    b'{"id":1.36788e18,"published_at":1699999999,"text":"\\ud83d\\ude00 mail a@b.example","author":null}\n'
)
_JSON: Final = b'{"articles": [' + _JSONL.strip().replace(b"\n", b", ") + b"]}"
FILES: Final = (
    b"csv:" + _CSV, b"tsv:" + _CSV.replace(b",", b"\t"), b"jsonl:" + _JSONL, b"json:" + _JSON,
    b"csv:" + _CSV.replace(b"rises", b"r\xefses"), b"csv:" + _CSV.decode().encode("utf-16"),
)  # fmt: skip


def feed(data: bytes, number: int, folder: Path) -> None:
    """A feed is read or refused whole; each of its items is a document or refused."""
    del folder
    try:
        read = feed_readers().read(data) if number % _EVERY_HUNDREDTH == 0 else read_feed(data)
    except NotAFeed as error:
        assert str(error)
        return
    _all_accounted(feed_items(read), Reading("news", "rss:example.com", live=True))


def file(data: bytes, number: int, folder: Path) -> None:
    """Every row is a document or refused, and the cursor counts them all."""
    suffix, _, content = data.partition(b":")
    kind = suffix.decode("ascii", "replace")
    path = folder / f"{number}.{kind if kind in ('csv', 'tsv', 'jsonl', 'json') else 'csv'}"
    path.write_bytes(content)
    done = 0
    try:
        source = FileSource(path, {}, Reading("news", "file:x"))
        for batch in source.batches(None, threading.Event()):
            _all_accounted(batch.items, source.reading)
            done += len(batch.items)
            assert batch.cursor == {"rows": done}
    except (SourceError, MappingError) as error:
        assert str(error)
    finally:
        path.unlink()


def stream(data: bytes, number: int, folder: Path) -> None:
    """Every event is an item, refused, or not wanted; its cursor can be gone on from."""
    del folder
    if number % 2:
        events = [_JETSTREAM_SOURCE._event(data, None)]
    else:
        half = len(data) // 2
        try:
            events = [
                _MASTODON_SOURCE._event(body, None)
                for name, body in server_sent(iter((data[:half], data[half:])), 100_000)
                if name == "update"
            ]
        except ConnectionLost:
            return
    _all_accounted([event.item for event in events if event.item is not None], Reading("social", "s", live=True))
    _cursors_hold(events)


def _cursors_hold(events: Iterable[Event]) -> None:
    for event in events:
        moment, status = event.cursor.get("time_us", 1), event.cursor.get("id", "1")
        assert isinstance(moment, int) and moment > 0
        assert isinstance(status, str) and status.isdigit()


def _all_accounted(items: Iterable[RawItem | Rejected], reading: Reading) -> None:
    for item in items:
        made = item if isinstance(item, Rejected) else normalise(item, reading, NOW)
        if isinstance(made, Rejected):
            assert made.reason
            continue
        document = _MASKER.apply(made)
        assert isinstance(document, Document)
        assert decode_document(encode(document)) == document
        assert document.available_at <= NOW


_SETTINGS: Final = IngestSettings()
_JETSTREAM_SOURCE: Final = JetstreamSource("wss://jetstream.example/subscribe", _SETTINGS, lambda _: True)
_MASTODON_SOURCE: Final = MastodonSource("https://m.example/api/v1/streaming/public", _SETTINGS, lambda _: True)
