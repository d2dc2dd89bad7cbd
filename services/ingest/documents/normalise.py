"""From a raw item of any source to a `RawDocument`, or to why it is refused. Pure: time and settings come in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.ingest.documents.cleaning import clean_line, words_in
from services.ingest.documents.dates.times import Moment, UnreadableTime, parse_time
from services.ingest.documents.dates.zones import NO_NAMES, ZoneNames
from services.ingest.documents.identity import document_id, former_document_id, item_key, nameless_item_key, usable_id
from services.ingest.documents.language import guess_language
from services.ingest.documents.raw_document import RawDocument
from shared.clock import HOUR, to_iso
from shared.contract.events import CHANNELS, MAX_TEXT_BYTES, MAX_TITLE_CHARS, SELF_LABELS, Channel
from shared.links import safe_link, without_user

RawItem = Mapping[str, object]

FIELDS: Final = (
    "text", "title", "published_at", "available_at", "author", "external_id", "url", "source", "company", "language",
    "channel", "self_label", "deleted",
)  # fmt: skip
MAX_TEXT_CHARS: Final = 100_000  # a longer text is cut, with the mark; the model reads far less
MAX_NAME_CHARS: Final = 200  # of sources and external ids
EXCHANGE: Final = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that cannot become a document: a reason (of REASONS), what exactly was wrong, and the item as read."""

    reason: str
    detail: str
    original: object


class Refusal(ValueError):
    """Why an item is refused; `normalise` turns it into Rejected."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


UNKNOWN_ITEM: Final = "unknown-item"
GAP: Final = "gap"  # no item, but the place of those that a stream could not give again
REASONS: Final = {
    "undecodable": "the bytes are not UTF-8, JSON or a row of the file",
    "empty": "neither text nor title",
    "type": "a field has a type that it cannot have",
    "too-long": f"a text or title of more than {MAX_TEXT_BYTES:,} bytes",
    "time": "a time that cannot be read",
    "future": "history published or available more than an hour ahead of now",
    UNKNOWN_ITEM: "a deletion that names no item",
    GAP: "what a stream did not keep for us while we were away",
}


def no_companies(_: object, __: int) -> tuple[str, ...]:
    """The linker of sources that name no company."""
    return ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The circumstances under which items are read.

    `live`: the items are news now, available when read; else they are history, available when their own times say.
    `date_format`: of the times that are texts or numbers, where they are all of one form.
    `link`: the ids of the companies that the item's `company` field names, as of a time in microseconds.
    """

    channel: Channel
    source: str
    exchange: ZoneInfo = EXCHANGE
    live: bool = False
    feed: str = ""  # whose items these are, as identity has it; "" (a file) is what the row or else `source` says
    synthetic: bool = False
    link: Callable[[object, int], tuple[str, ...]] = no_companies
    date_format: str = ""  # strptime's; "" reads the forms that dates/times.py knows
    zone_names: ZoneNames = field(default_factory=lambda: NO_NAMES)  # beside the names that mean one zone alone


INVENTED: Final = "sample:"  # how sources of the synthetic week begin, in files of `bellwether sample export` too


def normalise(raw: RawItem, reading: Reading, received_at: int) -> RawDocument | Rejected:
    """The document that `raw` is, read at `received_at` (microseconds, UTC; also "now" for times ahead of it)."""
    try:
        return _document(raw, reading, received_at)
    except Refusal as refusal:
        return Rejected(refusal.reason, refusal.detail, raw)


def _document(raw: RawItem, reading: Reading, received_at: int) -> RawDocument:
    text, text_cut = _body(raw, "text")
    title, title_cut = _body(raw, "title")
    if not text and not title:
        raise Refusal("empty", "neither text nor title holds anything to read")
    whole = (title, text)
    times = _times(raw, reading, received_at)
    identity = _identity(raw, reading, whole, times.stated)
    language = raw.get("language")
    return RawDocument(
        id=document_id(identity.item, whole),
        item=identity.item,
        former_id=identity.former_id,
        channel=channel_in(raw) or reading.channel,
        source=identity.source or reading.source,
        text=text[:MAX_TEXT_CHARS].rstrip(),
        title=title[:MAX_TITLE_CHARS].rstrip(),
        url=safe_link(without_user(identity.address)),
        language=language if isinstance(language, str) and _is_tag(language) else guess_language(text or title),
        author=_string(raw, "author").strip(),
        external_id=clean_line(identity.own_id)[:MAX_NAME_CHARS],
        published_at=times.published,
        received_at=received_at,
        available_at=times.available,
        truncated=text_cut or title_cut,
        companies=reading.link(raw["company"], times.available) if not _is_missing(raw.get("company")) else (),
        synthetic=reading.synthetic or (identity.source or "").startswith(INVENTED),
        dated_ahead=times.ahead,
        self_label=_label(raw),
    )


class _Identity(NamedTuple):
    """Who an item is."""

    source: str  # as the item itself names it, "" where it does not
    own_id: str
    address: str
    item: str
    former_id: str


def _identity(raw: RawItem, reading: Reading, whole: tuple[str, str], stated: int | None) -> _Identity:
    source = _name(raw, "source")
    address, written = _string(raw, "url").strip(), _string(raw, "external_id").strip()
    own_id, feed = usable_id(raw.get("external_id")), reading.feed or source or reading.source
    named = own_id or usable_id(address)
    item = item_key(feed, source if reading.feed else "", named) if named else nameless_item_key(feed, whole, stated)
    former = former_document_id(source or reading.source, written or address, whole)
    return _Identity(source, own_id, address, item, former)


def _label(raw: RawItem) -> str:
    """What the author says that the post is; "" for anything that is no label."""
    said = raw.get("self_label")
    plain = said.strip().casefold() if isinstance(said, str) else ""
    return plain if plain in SELF_LABELS else ""


def is_deletion(raw: RawItem) -> bool:
    """Whether the row says that its item is gone, and no more."""
    said = raw.get("deleted")
    return said is True or (isinstance(said, str) and said.strip().casefold() in {"true", "1", "yes"})


def deleted_item(raw: RawItem, reading: Reading) -> str | Rejected:
    """The item that a deletion names, as its documents have it."""
    try:
        source = _name(raw, "source")
        named = usable_id(raw.get("external_id")) or usable_id(_string(raw, "url").strip())
    except Refusal as refusal:
        return Rejected(refusal.reason, refusal.detail, raw)
    if not named:
        return Rejected(UNKNOWN_ITEM, "a deletion needs the external_id or the url of its item", raw)
    return item_key(reading.feed or source or reading.source, source if reading.feed else "", named)


def channel_in(raw: RawItem) -> Channel | None:
    """The channel that an item names itself, None where it names none of ours."""
    said = raw.get("channel")
    plain = said.strip().casefold() if isinstance(said, str) else ""
    return next((channel for channel in CHANNELS if channel == plain), None)


def has_useless_id(raw: RawItem) -> bool:
    """Whether something stands where the id should, and names nothing."""
    given = raw.get("external_id")
    return not _is_missing(given) and not usable_id(given)


def _is_missing(value: object) -> bool:
    # NaN: pandas' missing value
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def is_undated(raw: RawItem, reading: Reading) -> bool:
    """Whether the item has no time that can be read: it then counts as published and available when it was read."""
    given = [name for name in ("published_at", "available_at") if not _is_missing(raw.get(name))]
    if not reading.live:  # one that cannot be read is refused there
        return not given
    for name in given:
        with suppress(Refusal):
            if _moment(raw, name, reading) is not None:
                return False
    return True


def _string(raw: RawItem, field: str) -> str:
    value = raw.get(field)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("type", f"{field} is of type {type(value).__name__}; a text is needed")
    return "" if _is_missing(value) else str(value)


def _body(raw: RawItem, field: str) -> tuple[str, bool]:
    """The cleaned field, whole, and whether it will have to be cut."""
    text = _string(raw, field)
    if len(text) * 4 > MAX_TEXT_BYTES and (size := len(text.encode("utf-8", "surrogatepass"))) > MAX_TEXT_BYTES:
        raise Refusal("too-long", f"{field} has {size:,} bytes; at most {MAX_TEXT_BYTES:,} are read")
    if field == "title":
        cleaned = " ".join(words_in(text).split())
        return cleaned, len(cleaned) > MAX_TITLE_CHARS
    cleaned = words_in(text)
    return cleaned, len(cleaned) > MAX_TEXT_CHARS


def _name(raw: RawItem, field: str) -> str:
    value = raw.get(field)
    return clean_line(_string(raw, field))[:MAX_NAME_CHARS] if value is not None else ""


def _is_tag(language: str) -> bool:
    return 2 <= len(language) <= 3 and language.isascii() and language.isalpha() and language.islower()


class _Times(NamedTuple):
    """An item's times in microseconds."""

    published: int
    available: int
    stated: int | None  # what the item itself says; None where it says nothing that can be read
    ahead: bool = False  # whether a live item is dated ahead of its reading


def _times(raw: RawItem, reading: Reading, received_at: int) -> _Times:
    """By the rules of design 2.3."""
    if reading.live:
        return _live_times(raw, reading, received_at)
    published, mapped = _moment(raw, "published_at", reading), _moment(raw, "available_at", reading)
    stated = published or mapped
    if mapped is not None:
        candidates = [mapped.available, published.micros if published else 0]
    else:
        candidates = [published.available if published else received_at]
    available = max(candidates)
    if available > received_at + HOUR:
        raise Refusal("future", f"available at {to_iso(available)}, more than an hour ahead of {to_iso(received_at)}")
    return _Times(stated.micros if stated else received_at, available, stated.micros if stated else None)


def _live_times(raw: RawItem, reading: Reading, received_at: int) -> _Times:
    """News that was just read is known now, whatever it says of itself: a wrong zone must not hold it back."""
    stated: Moment | None = None
    for name in ("published_at", "available_at"):
        with suppress(Refusal):  # "yesterday evening": as if it had none, and counted so
            stated = stated or _moment(raw, name, reading)
    if stated is None:
        return _Times(received_at, received_at, None)
    return _Times(min(stated.micros, received_at), received_at, stated.micros, stated.micros > received_at)


def _moment(raw: RawItem, field: str, reading: Reading) -> Moment | None:
    value = raw.get(field)
    if _is_missing(value):
        return None
    try:
        return parse_time(value, reading.exchange, reading.date_format, reading.zone_names)
    except UnreadableTime as error:
        raise Refusal("time", f"{field}: {error}") from None
