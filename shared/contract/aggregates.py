"""The contract between the aggregation worker and every reader: the values in Redis (keys: shared/contract/keys.py).

Values are written by one worker per slot, which reads, adds and writes back under a compare-and-set on the slot's
position; readers see whole values only. Numbers are integers in micro-units; starts are seconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from shared.clock import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS
from shared.contract.events import Channel, Opinion
from shared.event_classes.former import class_of_text

Resolution = Literal["minute", "hour", "day"]
RESOLUTIONS: Final[tuple[Resolution, ...]] = ("minute", "hour", "day")
SECONDS: Final[dict[Resolution, int]] = {"minute": MINUTE_SECONDS, "hour": HOUR_SECONDS, "day": DAY_SECONDS}
DETAILED: Final[tuple[Resolution, ...]] = ("hour", "day")  # resolutions that also keep sums per author and story

LAYOUT: Final = 3  # of the keys and values below; raised by what an older program must not touch (docs/decisions/0004)

RECENT_DOCUMENTS: Final = 200  # kept per company: the latest by (available_at, id)
TOP_DOCUMENTS: Final = 5  # kept per company and hour: the heaviest by (weight, id)


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """Sums of the opinions on one company in one channel and one [start, end). All integers.

    w = share (events.py) x confidence, s = positive - negative, both in micro-units; `score_sum` is the sum of w*s and
    `score_square_sum` that of w*s*s, each rescaled to micro-units per opinion before it is added.
    """

    documents: int = 0
    positive: int = 0  # opinions whose most probable class this is
    neutral: int = 0
    negative: int = 0
    weight_sum: int = 0
    score_sum: int = 0
    score_square_sum: int = 0
    authors: int = 0  # distinct author hashes; hour and day only
    stories: int = 0  # distinct story keys; hour and day only
    sources: dict[str, int] = {}
    events: dict[str, int] = {}


class Share(msgspec.Struct, array_like=True, gc=False):
    """One author's or one story's part of a bucket; caps are applied on reading."""

    documents: int = 0
    weight_sum: int = 0
    score_sum: int = 0


class RecentDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A document as pages and signal evidence show it, with one company's sentiment. Text from outside: escape."""

    id: str
    company: str
    channel: Channel
    source: str
    title: str = ""
    excerpt: str = ""
    url: str = ""
    author: str = ""
    story: str = ""
    published_at: int
    available_at: int
    negative: int
    neutral: int
    positive: int
    relevance: int
    weight: int
    event: str = ""
    event_probability: int = 0
    second_event: str = ""
    role: str = ""  # of the company in the event
    rumour: bool = False
    spoke: tuple[str, ...] = ()  # names of the rules that matched
    flags: tuple[str, ...] = ()
    dropped: bool = False  # by a rule; never among those that are kept
    model: str = ""
    synthetic: bool = False
    item: str = ""  # the same for every version of a text; "" of former versions
    updated: bool = False  # as it is shown: earlier versions of it are kept, and not in the list
    deleted: bool = False  # as it is shown: gone at its source, so that title, excerpt, link and author are left out
    elsewhere: bool = False  # its words lie in the archive; what is here is what signals are made of (packed/traces.py)

    @property
    def event_class(self) -> str:
        """The event class that it is shown under."""
        return class_of_text(self.event, self.title, self.excerpt)


def as_recent(opinion: Opinion, weight: int) -> RecentDocument:
    """An opinion as the dashboard shows it."""
    return RecentDocument(
        id=opinion.document_id,
        company=opinion.company,
        channel=opinion.channel,
        source=opinion.source,
        title=opinion.title,
        excerpt=opinion.excerpt,
        url=opinion.url,
        author=opinion.author,
        story=opinion.story,
        published_at=opinion.published_at,
        available_at=opinion.available_at,
        negative=opinion.negative,
        neutral=opinion.neutral,
        positive=opinion.positive,
        relevance=opinion.relevance,
        weight=weight,
        event=opinion.event,
        event_probability=opinion.event_probability,
        second_event=opinion.second_event,
        role=opinion.role,
        rumour=opinion.rumour,
        spoke=opinion.spoke,
        flags=opinion.flags,
        dropped=opinion.dropped,
        model=opinion.model,
        synthetic=opinion.synthetic,
        item=opinion.item,
    )


def deleted_field(item: str) -> str:
    """The field of a slot's letters that says when an item was deleted at its source, microseconds."""
    return f"-{item}"


class Totals(msgspec.Struct, kw_only=True):
    """Counts of one slot; the run's are the sums over its slots. `duplicates` and `late` stand beside the buckets."""

    documents_scored: int = 0  # distinct documents; a re-queued one moves from dead to scored
    documents_dead: int = 0
    opinions_applied: int = 0  # distinct opinions, the late ones among them
    duplicates: int = 0  # copies of a document already counted (not re-deliveries)
    late: int = 0  # applied opinions older than every kept bucket of their company
    invalid: int = 0  # records of `opinions` that no schema of ours reads
    documents_unscored: int = 0  # distinct documents in a language that no model reads
    dropped: int = 0  # distinct opinions that a rule dropped: they count nowhere else
    echoes: int = 0  # distinct echoes: opinions on one company, counted for another that is related to it
    retracted: int = 0  # items that are gone at their source: every slot knows all of them, so this is no sum


_pack = msgspec.msgpack.Encoder()
_unpack_bucket = msgspec.msgpack.Decoder(Bucket)
_unpack_share = msgspec.msgpack.Decoder(Share)
_unpack_recent = msgspec.json.Decoder(RecentDocument)
_unpack_top = msgspec.json.Decoder(list[RecentDocument])


def pack(value: Bucket | Share) -> bytes:
    return _pack.encode(value)


def unpack_bucket(raw: bytes) -> Bucket:
    return _unpack_bucket.decode(raw)


def unpack_share(raw: bytes) -> Share:
    return _unpack_share.decode(raw)


def unpack_recent(raw: bytes) -> RecentDocument:
    return _unpack_recent.decode(raw)


def unpack_top(raw: bytes) -> list[RecentDocument]:
    return _unpack_top.decode(raw)
