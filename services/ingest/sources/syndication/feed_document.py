"""From the bytes of a feed to its items: what a child process does (feed_child.py), and what the fuzzer calls.

Never raises anything but NotAFeed: an item that cannot be read is one refused item. Times stay texts, for they are read
where all times are (documents/times.py).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any, Final

import feedparser
import msgspec

from services.ingest.sources.syndication.feed_bounds import check_bounds
from services.ingest.sources.syndication.feed_text import MOST_BYTES, NotAFeed, feed_text

_KEPT: Final = 20_000  # characters of an item that cannot be read
_MOST_AROUND: Final = 20_000  # characters before and behind the items, where each is read for itself
_BEFORE_JSON: Final = b"\xef\xbb\xbf \t\r\n"
_OPML: Final = re.compile(r"\s*(?:<!--.*?-->\s*)*<opml\b", re.DOTALL | re.IGNORECASE)
_OUTLINE: Final = re.compile(r"""<outline\b[^<>]*?\bxmlUrl\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)
_ITEM: Final = re.compile(r"<(item|entry)\b.*?</\1\s*>", re.DOTALL)


class JsonFeed(msgspec.Struct):
    """What of a JSON Feed is read."""

    version: str
    items: list[Any]
    language: str = ""


class FeedItem(msgspec.Struct, omit_defaults=True):
    """One item as it stands in the feed; `refused` says why it cannot be read, `text` then holds what was read."""

    title: str = ""
    text: str = ""
    url: str = ""
    external_id: str = ""
    author: str = ""
    published_at: str = ""
    refused: str = ""
    more: dict[str, str] = {}  # of the elements that were asked for, those that are there


class FeedDocument(msgspec.Struct, omit_defaults=True):
    """A feed: its items in their order, and its language. `feeds`: addresses, where it is a list of feeds (OPML)."""

    items: list[FeedItem]
    language: str = ""
    feeds: list[str] = []


def read_feed(body: bytes, charset: str = "", address: str = "", wanted: Sequence[str] = ()) -> FeedDocument:
    """The feed in `body`, RSS, Atom or JSON Feed, or a list of feeds in OPML; relative links are of `address`.

    `wanted`: further elements, as feedparser calls them (`ndaq_issuesymbol` for ndaq:IssueSymbol), or dotted paths in a
    JSON Feed. Raises NotAFeed.
    """
    if body.lstrip(_BEFORE_JSON).startswith(b"{"):
        return _json_feed(body, wanted)
    text = feed_text(body, charset)
    check_bounds(text)
    if _OPML.match(text):
        return FeedDocument([], feeds=[html.unescape(found[1] or found[2]) for found in _OUTLINE.finditer(text)])
    try:
        return _document(text, address, wanted)
    except NotAFeed:
        raise
    except Exception as error:  # a broken extension element reaches code of the parser that does not expect it
        return _one_by_one(text, address, wanted, error)


def _json_feed(body: bytes, wanted: Sequence[str]) -> FeedDocument:
    """jsonfeed.org, versions 1 and 1.1."""
    if len(body) > MOST_BYTES:
        raise NotAFeed(f"more than {MOST_BYTES:,} bytes")
    try:
        feed = msgspec.json.decode(body.lstrip(_BEFORE_JSON), type=JsonFeed)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotAFeed(f"JSON, but no JSON Feed: {error}") from None
    return FeedDocument([_json_item(item, wanted) for item in feed.items], _plain(feed.language).split("-")[0].lower())


def _json_item(item: object, wanted: Sequence[str]) -> FeedItem:
    if not isinstance(item, dict):
        return FeedItem(text=_plain(ascii(item))[:_KEPT], refused=f"a JSON {type(item).__name__}; an object is needed")
    authors = item.get("authors") or [item.get("author")]
    first = authors[0] if isinstance(authors, list) else None
    bodies = (item.get(name) for name in ("content_html", "content_text", "summary"))
    return FeedItem(
        title=_plain(item.get("title")),
        text=_plain(next((body for body in bodies if body), "")),
        url=_plain(item.get("url") or item.get("external_url")),
        external_id=_plain(item.get("id") or item.get("url")),
        author=_plain(first.get("name")) if isinstance(first, dict) else "",
        published_at=_plain(item.get("date_published") or item.get("date_modified")),
        more={name: _plain(value) for name in wanted if (value := _at(item, name)) is not None},
    )


def _at(item: object, path: str) -> object:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _document(text: str, address: str, wanted: Sequence[str]) -> FeedDocument:
    parsed = _parsed(text, address)
    if not parsed.entries and (parsed.bozo or not parsed.version):
        raise NotAFeed(f"{_plain(parsed.get('bozo_exception')) or 'neither RSS nor Atom'}")
    language = _plain(parsed.feed.get("language")).split("-")[0].lower()
    return FeedDocument([_item(entry, wanted) for entry in parsed.entries], language)


def _one_by_one(text: str, address: str, wanted: Sequence[str], error: Exception) -> FeedDocument:
    """Each item in a feed of its own, so that the one that cannot be read does not take the others along."""
    found = list(_ITEM.finditer(text))
    head, tail = (text[: found[0].start()], text[found[-1].end() :]) if found else (text, "")
    if not found or len(head) + len(tail) > _MOST_AROUND:
        raise NotAFeed(f"{type(error).__name__}: {_plain(error)}") from error
    whole = FeedDocument([])
    for item in found:
        try:
            part = _document(head + item[0] + tail, address, wanted)
        except Exception as own:
            whole.items.append(FeedItem(text=item[0][:_KEPT], refused=f"{type(own).__name__}: {_plain(own)}"))
        else:
            whole.items += part.items
            whole.language = part.language
    return whole


def _no_time(_: str) -> tuple[int, ...]:
    """In place of feedparser's own readers of times, which guess, and fall over some."""
    return (1970, 1, 1, 0, 0, 0, 3, 1, 0)


feedparser.registerDateHandler(_no_time)


def _parsed(text: str, address: str) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": address}
    return feedparser.parse(
        text.encode("utf-8", "replace"),
        response_headers=headers,
        sanitize_html=False,  # all markup goes later, once (documents/cleaning.py)
        resolve_relative_uris=False,
    )


def _item(entry: Any, wanted: Sequence[str]) -> FeedItem:
    try:
        content = entry.get("content") or []
        return FeedItem(
            title=_plain(entry.get("title")),
            text=(_plain(content[0].get("value")) if content else "") or _plain(entry.get("summary")),
            url=_plain(entry.get("link")),
            external_id=_plain(entry.get("id") or entry.get("link")),
            author=_plain(entry.get("author")),
            published_at=_plain(entry.get("published") or entry.get("updated")),
            more={name: _plain(value) for name in wanted if (value := entry.get(name)) is not None},
        )
    except Exception as error:
        return FeedItem(text=_plain(ascii(entry))[:_KEPT], refused=f"{type(error).__name__}: {error}")


def _plain(value: object) -> str:
    """A text without lone surrogates, which no encoder takes."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode("utf-8")
