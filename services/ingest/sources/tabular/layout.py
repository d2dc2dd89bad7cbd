"""How a file is laid out, as a person says it or as it can be told from the file: encoding, columns, presets, names.

What is guessed is said: nothing is read in a way that nobody asked for without a word.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, Final

from services.ingest.documents.normalise import FIELDS

_CHUNK: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
UTF8: Final = "utf-8-sig"
# what people write in Western Europe, as cp1252 has it; other bytes are damage, and no encoding
_WESTERN: Final = re.compile(
    "[\x00-\x7f\u20ac\u201a\u201e\u2026\u2018-\u201d\u2020-\u2022\u2013\u2014\u2122\u2030\u0152\u0153\u0160\u0161"
    "\u017d\u017e\u0178\u2039\u203a\xa0-\xfc\xfd]*"
)


class LayoutError(ValueError):
    """An option that does not fit; the text says what does."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`encoding` "": told from the file. `columns`: the names of a file without a header; (): its first row is one."""

    encoding: str = ""
    columns: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)  # of a preset; what a person maps goes before
    channel: str = ""


PRESETS: Final[dict[str, tuple[str, Layout]]] = {
    "sentiment140": (
        "Sentiment140, 1.6 million tweets without a header",
        Layout("cp1252", ("target", "ids", "date", "flag", "user", "text"),
               {"external_id": "ids", "published_at": "date", "author": "user"}, "social"),
    ),
    "fnspid": (
        "FNSPID, news by ticker",
        Layout(mapping={"title": "Article_title", "text": "Article", "published_at": "Date", "company": "Stock_symbol",
                        "url": "Url", "author": "Author"}, channel="news"),
    ),
    "benzinga-raw": (
        "Benzinga's raw_analyst_ratings and raw_partner_headlines (Kaggle)",
        Layout(mapping={"title": "headline", "url": "url", "published_at": "date", "company": "stock",
                        "author": "publisher", "source": ""}, channel="news"),
    ),
    "benzinga-ratings": (
        "Benzinga's analyst_ratings_processed (Kaggle)",
        Layout(mapping={"title": "title", "published_at": "date", "company": "stock"}, channel="news"),
    ),
    "kaggle-stock-tweets": (
        "Stock Tweets for Sentiment Analysis (Kaggle)",
        Layout(mapping={"text": "Tweet", "published_at": "Date", "company": "Stock Name"}, channel="social"),
    ),
    "kaggle-company-tweets": (
        "Tweets about the Top Companies from 2015 to 2020 (Kaggle)",
        Layout(mapping={"text": "body", "published_at": "post_date", "external_id": "tweet_id", "author": "writer"},
               channel="social"),
    ),
    "kaggle-wallstreetbets": (
        "Reddit WallStreetBets Posts (Kaggle)",
        Layout(mapping={"title": "title", "text": "body", "published_at": "timestamp", "external_id": "id",
                        "url": "url"}, channel="social"),
    ),
}  # fmt: skip

# other names for our fields, the likelier first; case, blanks and hyphens do not matter
_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "text": ("full_text", "body", "content", "tweet", "message", "article", "selftext", "article_text", "post"),
    "title": ("headline", "article_title", "news_title", "subject", "heading"),
    "published_at": ("published", "created_at", "created", "datetime", "date_time", "timestamp", "pub_date", "pubdate",
                     "publication_date", "publish_date", "published_date", "date_published", "post_date", "created_utc",
                     "date", "time"),
    "author": ("user", "username", "user_name", "screen_name", "writer", "byline"),
    "external_id": ("id", "tweet_id", "id_str", "post_id", "message_id", "article_id", "guid", "uuid"),
    "url": ("link", "article_url", "permalink", "web_url"),
    "company": ("ticker", "tickers", "symbol", "symbols", "stock", "stock_symbol", "stock_name", "companies"),
    "language": ("lang",),
}  # fmt: skip


def layout_of(preset: str, encoding: str, columns: str) -> Layout:
    """What `--preset`, `--encoding` and `--columns` stand for. Raises LayoutError."""
    if preset and preset not in PRESETS:
        raise LayoutError(f"--preset {preset}: there is none of that name; presets: {', '.join(PRESETS)}")
    known = PRESETS[preset][1] if preset else Layout()
    try:
        named = str(codecs.lookup(encoding).name) if encoding else known.encoding
        "a".encode(named or "utf-8")  # what is no encoding of texts, such as hex, fails here
    except (LookupError, ValueError):
        raise LayoutError(f"--encoding {encoding}: not an encoding; use, for example, cp1252 or utf-16") from None
    names = tuple(name.strip() for name in columns.split(",")) if columns else known.columns
    if len(set(names)) < len(names):
        raise LayoutError(f"--columns {columns}: a name stands there twice; each column needs its own")
    return Layout(UTF8 if named == "utf-8" else named, names, known.mapping, known.channel)


def with_aliases(
    mapping: Mapping[str, str], columns: Collection[str], nested: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """The mapping with columns of other names for fields that have none of their own, and a word on each. `nested`:
    columns that hold objects, which are no field."""
    plain: dict[str, str] = {}
    for column in sorted(set(columns) - set(nested)):
        plain.setdefault(_plain(column), column)
    taken, said = set(mapping.values()), []
    found = dict(mapping)
    for name in FIELDS:
        if name in mapping or name in columns:
            continue
        for alias in (name, *_ALIASES.get(name, ())):
            other = plain.get(alias)
            if other is not None and other not in taken and other not in FIELDS:
                found[name] = other
                taken.add(other)
                said.append(f"{name}={other}")
                break
    return found, said


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().casefold())


def told_encoding(open_again: Callable[[], AbstractContextManager[IO[bytes]]]) -> tuple[str, bool]:
    """The encoding of a file of texts, and whether it was guessed: by its mark, UTF-8, or what its bytes look like."""
    with open_again() as file:
        head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, False
    if len(head) == 4 and head[1::2] == b"\0\0" and head[0] and head[2]:
        return "utf-16-le", True
    western = False
    with open_again() as file:
        for line in _broken_lines(file):
            if not _WESTERN.fullmatch(line.decode("cp1252", "replace")):
                return UTF8, False
            western = True
    return ("cp1252", True) if western else (UTF8, False)


def _broken_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines that are no UTF-8, up to the first that is UTF-8 and not ASCII: then it is UTF-8 with damage in it."""
    while line := file.readline(_CHUNK):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            yield line
        else:
            yield b"\x81"  # no letter of cp1252
            return
