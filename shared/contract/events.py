"""The messages on the topics. Times are integer microseconds since the epoch, UTC; scores are integer micro-units.

A message carries `schema`. Readers accept every version up to their own (fields are only ever added, with a default)
and refuse a later one by name; `decode_*` raise `InvalidMessage` and nothing else.
"""

from __future__ import annotations

from typing import Final, Literal, TypeVar

import msgspec

from shared.event_classes.former import class_of_former

SCHEMA: Final = 1  # of messages as they have always been; what is new for readers carries the version that knows it
UNREAD: Final = 2  # of deletions and of what no model reads
RULED: Final = 3  # of opinions that a rule dropped or made lighter: a former version would count them whole
ECHOED: Final = 4  # of echoes: what is said of one company, heard by another
READS: Final = ECHOED  # the latest version that this program reads
MICRO: Final = 1_000_000  # one, in the fixed-point units of probabilities, weights and scores

Channel = Literal["news", "social"]
CHANNELS: Final[tuple[Channel, ...]] = ("news", "social")

MARKET: Final = "_MARKET"  # the company id of what names no company: the market as a whole
PEERS: Final = "~"  # before a company id: the company under which what it hears of its peers is counted
DEAD: Final = "_DEAD"  # the key under which outcomes of dead letters travel

# what a company is in the event that a text tells; "": nothing of these, or the model knows no roles
ROLES: Final = ("", "acquirer", "target", "seller", "plaintiff", "defendant", "broker", "issuer")
SELF_LABELS: Final = ("bullish", "bearish")
MAX_TEXT_BYTES: Final = 1_000_000
MAX_TITLE_CHARS: Final = 1_000
EXCERPT_CHARS: Final = 600

# Kafka header names
HEADER_FIRST_ORIGIN: Final = "first-origin"  # a re-queued dead letter: "TOPIC_ID:PARTITION:OFFSET" of its first try
HEADER_REASON: Final = "reason"
HEADER_ORIGIN: Final = "origin"
HEADER_DETAIL: Final = "detail"


class InvalidMessage(ValueError):
    """Bytes that are not a message of this schema; the text names the field and what was wrong with it."""


class NewerSchema(InvalidMessage):
    """A message of a later version of this program: never skipped, the reader has to be upgraded first."""


class Document(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="document", omit_defaults=True, gc=False
):
    """One text as ingest publishes it: normalised, personal data masked. Key on Kafka: `key`."""

    schema: int = SCHEMA
    id: str  # 32 hex digits, of item and text; see services/ingest/documents/identity.py
    channel: Channel
    source: str  # e.g. "sample", "file:tweets.jsonl", "rss:example.com"
    text: str
    title: str = ""
    url: str = ""
    language: str = "und"  # BCP 47 primary tag, "und" when unknown
    author: str = ""  # keyed hash, 16 hex digits; "" when unknown
    external_id: str = ""
    published_at: int
    received_at: int  # when ingest read it (history: the time of loading; never market time)
    available_at: int  # the only market time: buckets, signals and back-tests use nothing else
    truncated: bool = False
    companies: tuple[str, ...] = ()  # company ids that the source itself names; relevance 1
    synthetic: bool = False
    dated_ahead: bool = False  # read live, and dated later than that: `published_at` is when it was read
    item: str = ""  # 32 hex digits, the same for every version of its text; "" of former versions and of others
    story: str = ""  # of a later version: the story key of the item's first one; "" where the text has its own
    self_label: str = ""  # of SELF_LABELS: what the author says of the post; no model reads it

    @property
    def key(self) -> str:
        """The record's key: versions of one item share a partition and an order."""
        return self.item or self.id


class Deletion(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="deletion", omit_defaults=True):
    """An item is gone at its source: no door shows its texts, titles, links and authors any more.

    Key on Kafka: the item, so that it comes behind the item's versions. Numbers stay as they are.
    """

    schema: int = SCHEMA  # written as UNREAD: a default is left out on the wire
    item: str
    channel: Channel
    source: str
    deleted_at: int  # when ingest read it; versions that became available later are not meant

    @property
    def key(self) -> str:
        return self.item

    @property
    def available_at(self) -> int:
        return self.deleted_at


class Origin(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """Where on documents.* something came from. `index` counts the opinions of one document from 0."""

    topic_id: str  # Kafka's topic id (changes when a topic is deleted and made again)
    partition: int
    offset: int
    index: int = 0

    @property
    def stream(self) -> str:
        """The origin partition, as used in Redis keys."""
        return f"{self.topic_id}:{self.partition}"


class Tick(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="tick", omit_defaults=True):
    """A promise: on this origin partition nothing with an earlier `available_at` than `watermark` is still to come.

    On documents.* ingest writes it to every partition (`origin` None). The scoring worker passes it on to EVERY
    partition of `opinions`, in order with the opinions of that input partition, with `origin` filled in.
    """

    schema: int = SCHEMA
    watermark: int
    origin: Origin | None = None
    closing: bool = False  # a range that is known whole ends here: the promise may lie ahead of the broker's time


class Opinion(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="opinion", omit_defaults=True, gc=False):
    """What one document says of one company. Key on Kafka: `company`."""

    schema: int = SCHEMA
    origin: Origin
    document_id: str
    company: str  # stable company id, or MARKET
    relevance: int  # micro-units, 0..MICRO
    channel: Channel
    source: str
    author: str = ""
    story: str  # story key: 16 hex digits, a pure function of the document
    title: str = ""
    excerpt: str = ""  # at most EXCERPT_CHARS characters, masked
    url: str = ""
    language: str = "und"
    published_at: int
    available_at: int
    negative: int  # micro-units; the three sum to MICRO exactly
    neutral: int
    positive: int
    event: str = ""  # event class (shared/event_classes; older records hold former ones), "" when the model has none
    event_probability: int = 0
    model: str  # model id
    companies: int  # how many opinions this document made (index runs 0..companies-1)
    requeued_from: str = ""  # first origin of a re-queued dead letter, else ""
    truncated: bool = False
    synthetic: bool = False
    shared_relevance: int = 0  # relevance of all the document's companies together, where it exceeds one: see `share`
    universe: str = ""  # digest of the catalogue that its company was found in (design 6); "" of former versions
    rules: str = ""  # digest of the rules that it was read by; "" while there are none

    @property
    def share(self) -> int:
        """The part of the document's weight that is this company's, micro-units: a document weighs one at most, however
        many companies it names, and less where a rule said so. Opinions of former versions name no sum and weigh their
        relevance."""
        if self.dropped:
            return 0
        whole = self.relevance
        if self.shared_relevance > MICRO:
            whole = whole * MICRO // self.shared_relevance
        return whole if self.weight_left == MICRO else whole * self.weight_left // MICRO

    @property
    def event_class(self) -> str:
        """The event class that it is shown under: of now, also where the record says one of former versions."""
        return class_of_former(self.event, self.language)

    item: str = ""  # the document's, so that a deletion can name it; "" of former versions
    second_event: str = ""  # another event that the text tells; "": none, or the model names one alone
    second_probability: int = 0
    role: str = ""  # of ROLES: what this company is in the event
    rumour: bool = False  # told as hearsay; also False where the model does not know
    spoke: tuple[str, ...] = ()  # names of the rules that matched, in their order
    flags: tuple[str, ...] = ()  # what they call it
    dropped: bool = False  # by a rule: it is kept and shown, and counts nowhere
    weight_left: int = MICRO  # part of its weight that rules left, micro-units


class Echo(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="echo", omit_defaults=True, gc=False):
    """An opinion on one company as another one, which is related to it, hears it. Key on Kafka: `company`.

    One a document and listener: of several companies that it listens to, the one that says most. It has no words.
    """

    schema: int = SCHEMA  # written as ECHOED: a default is left out on the wire
    origin: Origin  # the document's; `index` goes on behind its opinions
    document_id: str
    company: str  # who listens
    of: str  # whom the document speaks of
    kind: str  # of the relation
    relevance: int  # share of the opinion times weight of the relation, micro-units
    channel: Channel
    source: str
    author: str = ""
    story: str
    available_at: int
    negative: int  # as they are heard: turned round where the relation's weight is below 0
    neutral: int
    positive: int
    event: str = ""
    requeued_from: str = ""
    relations: str = ""  # digest of the relations

    @property
    def opinion(self) -> Opinion:
        """As it is counted: an opinion on the listener's peers, in buckets of their own in the listener's slot."""
        return Opinion(
            origin=self.origin,
            document_id=self.document_id,
            company=PEERS + self.company,
            relevance=self.relevance,
            channel=self.channel,
            source=self.source,
            author=self.author,
            story=self.story,
            published_at=self.available_at,
            available_at=self.available_at,
            negative=self.negative,
            neutral=self.neutral,
            positive=self.positive,
            event=self.event,
            model="",
            companies=0,
            requeued_from=self.requeued_from,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="outcome", omit_defaults=True):
    """What became of a document that made no opinions, or that was a dead letter. Key on Kafka: DEAD.

    `unscored`: in a language that no model reads; it counts, and says nothing (schema 2). `deleted`: `letter` is the
    item that is gone, `available_at` when; it travels to every partition, as ticks do (schema 2).

    `letter` is its FIRST origin ("TOPIC_ID:PARTITION:OFFSET"), so that it counts once however often it is pressed.
    `document_id` is that of a document: two copies of one dead document count once, too. What is no document has none,
    and counts by its origin, whatever its key.
    """

    schema: int = SCHEMA
    origin: Origin
    letter: str
    state: Literal["dead", "scored", "unscored", "deleted"]
    reason: str = ""
    document_id: str = ""
    available_at: int = 0


DocumentMessage = Document | Deletion | Tick
OpinionMessage = Opinion | Echo | Tick | Outcome

M = TypeVar("M", DocumentMessage, OpinionMessage)


_encoder = msgspec.json.Encoder()
_documents: msgspec.json.Decoder[DocumentMessage] = msgspec.json.Decoder(DocumentMessage)
_opinions: msgspec.json.Decoder[OpinionMessage] = msgspec.json.Decoder(OpinionMessage)


def encode(message: Document | Deletion | Tick | Opinion | Echo | Outcome) -> bytes:
    """JSON, UTF-8; field order is the declaration's, so equal messages are equal bytes."""
    return _encoder.encode(message)


_DELETION: Final = b'"type":"deletion"'


def decode_document(raw: bytes) -> DocumentMessage:
    """Decode a record of documents.*; raises InvalidMessage."""
    return _checked(_documents, raw)


def deletion_in(raw: bytes | None) -> Deletion | None:
    """The deletion that a record of documents.* is; None of any other record. Cheap where it is none."""
    if raw is None or _DELETION not in raw:
        return None
    try:
        message = decode_document(raw)
    except InvalidMessage:
        return None
    return message if isinstance(message, Deletion) else None


def decode_opinion(raw: bytes) -> OpinionMessage:
    """Decode a record of `opinions`; raises InvalidMessage."""
    return _checked(_opinions, raw)


class _Version(msgspec.Struct):
    """The one field that every version of every message has."""

    schema: int = 1


_version = msgspec.json.Decoder(_Version)


def _checked(decoder: msgspec.json.Decoder[M], raw: bytes) -> M:
    try:
        message = decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        _refuse_newer(raw)
        raise InvalidMessage(str(error)) from None
    if message.schema > READS:
        _refuse_newer(raw)
    return message


def _refuse_newer(raw: bytes) -> None:
    try:
        schema = _version.decode(raw).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return
    if schema > READS:
        raise NewerSchema(f"schema {schema} is newer than this program's {READS}; upgrade Bellwether first")
