"""From the bytes of a feed to its items: what a child process does (feed_child.py), and what the fuzzer calls.

Never raises anything but NotAFeed: an item that cannot be read is one refused item. Times stay texts, for they are read
where all times are (documents/times.py).
"""

from __future__ import annotations

import re
from typing import Any, Final

import feedparser
import msgspec

from services.ingest.sources.feed_bounds import check_bounds
from services.ingest.sources.feed_text import NotAFeed, feed_text

_KEPT: Final = 20_000  # characters of an item that cannot be read
_MOST_AROUND: Final = 20_000  # characters before and behind the items, where each is read for itself
_ITEM: Final = re.compile(r"<(item|entry)\b.*?</\1\s*>", re.DOTALL)


class FeedItem(msgspec.Struct, omit_defaults=True):
    """One item as it stands in the feed; `refused` says why it cannot be read, `text` then holds what was read."""

    title: str = ""
    text: str = ""
    url: str = ""
    external_id: str = ""
    author: str = ""
    published_at: str = ""
    refused: str = ""


class FeedDocument(msgspec.Struct, omit_defaults=True):
    """A feed: its items in their order, and its language."""

    items: list[FeedItem]
    language: str = ""


def read_feed(body: bytes, charset: str = "", address: str = "") -> FeedDocument:
    """The feed in `body`, RSS or Atom; relative links are of `address`. Raises NotAFeed."""
    text = feed_text(body, charset)
    check_bounds(text)
    try:
        return _document(text, address)
    except NotAFeed:
        raise
    except Exception as error:  # a broken extension element reaches code of the parser that does not expect it
        return _one_by_one(text, address, error)


def _document(text: str, address: str) -> FeedDocument:
    parsed = _parsed(text, address)
    if not parsed.entries and (parsed.bozo or not parsed.version):
        raise NotAFeed(f"{_plain(parsed.get('bozo_exception')) or 'neither RSS nor Atom'}")
    language = _plain(parsed.feed.get("language")).split("-")[0].lower()
    return FeedDocument([_item(entry) for entry in parsed.entries], language)


def _one_by_one(text: str, address: str, error: Exception) -> FeedDocument:
    """Each item in a feed of its own, so that the one that cannot be read does not take the others along."""
    found = list(_ITEM.finditer(text))
    head, tail = (text[: found[0].start()], text[found[-1].end() :]) if found else (text, "")
    if not found or len(head) + len(tail) > _MOST_AROUND:
        raise NotAFeed(f"{type(error).__name__}: {_plain(error)}") from error
    whole = FeedDocument([])
    for item in found:
        try:
            part = _document(head + item[0] + tail, address)
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


def _item(entry: Any) -> FeedItem:
    try:
        content = entry.get("content") or []
        return FeedItem(
            title=_plain(entry.get("title")),
            text=(_plain(content[0].get("value")) if content else "") or _plain(entry.get("summary")),
            url=_plain(entry.get("link")),
            external_id=_plain(entry.get("id") or entry.get("link")),
            author=_plain(entry.get("author")),
            published_at=_plain(entry.get("published") or entry.get("updated")),
        )
    except Exception as error:
        return FeedItem(text=_plain(ascii(entry))[:_KEPT], refused=f"{type(error).__name__}: {error}")


def _plain(value: object) -> str:
    """A text without lone surrogates, which no encoder takes."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode("utf-8")
