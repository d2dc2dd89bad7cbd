"""One record of documents.* on its way through the stages: what it is, what was found out, what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from services.model.interface import Answer, Request
from services.runtime.record import Headers, Record, ahead_of_broker
from services.scoring.linking.linker import Link, Linker
from services.scoring.opinions import check, read
from shared.contract.events import (
    HEADER_FIRST_ORIGIN,
    Deletion,
    Document,
    InvalidMessage,
    Origin,
    Tick,
    decode_document,
)
from shared.traced import TRACES, Context, context_among

T = TypeVar("T")

DEAD_LETTER_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}:\d{1,9}:\d{1,18}")

UNDECODABLE: Final = "undecodable"  # not JSON, not UTF-8, or not of the schema
FUTURE: Final = "future"  # dated more than an hour ahead of when Kafka took it
UNREADABLE: Final = "unreadable"  # linking or tokenising failed on it, twice
UNSCORABLE: Final = "unscorable"  # the model failed on it alone, twice


@dataclass(slots=True)
class Entry:
    """Filled in from stage to stage. Exactly one of `document`, `deletion`, `tick` and `reason` says what it is."""

    record: Record  # acknowledged when its outcome is durable
    origin: Origin
    value: bytes
    first_origin: str = ""  # of a re-queued dead letter
    document_id: str = ""  # once it is known to be a document; dead letters that are none count by their origin
    document: Document | None = None
    deletion: Deletion | None = None
    tick: Tick | None = None
    hidden: bool = False  # a replayed document that is gone at its source: its numbers count, its words are not shown
    unread: str = ""  # the language of a document that no model reads
    links: Sequence[Link] = ()
    request: Request | None = None
    answer: Answer | None = None
    reason: str = ""  # why it is a dead letter; "" while it is none
    detail: str = ""
    trace: Context | None = None  # its own; None: it is not traced
    sender: str = ""  # the span of the one who sent it

    def die(self, reason: str, error: BaseException | str) -> None:
        self.reason = reason
        self.detail = str(error) if isinstance(error, str) else f"{type(error).__name__}: {error}"
        self.document, self.request, self.answer = None, None, None


def dead_letter_id(origin: Origin) -> str:
    """An origin as dead letters are named: TOPIC_ID:PARTITION:OFFSET."""
    return f"{origin.topic_id}:{origin.partition}:{origin.offset}"


def entry_of(record: Record, topic_ids: Mapping[str, str], linker: Linker) -> Entry:
    """Decode, check, link. Never raises for what the record holds: what is wrong with it makes it a dead letter."""
    origin = Origin(topic_ids[record.topic], record.partition, record.offset)
    entry = Entry(record, origin, record.value or b"")
    try:
        if headers := record.headers:
            _trace(entry, headers)
            entry.first_origin = _first_origin(headers)
        decoded = decode_document(entry.value)
        check(decoded)
    except InvalidMessage as error:
        entry.die(UNDECODABLE, str(error))
        return entry
    if ahead := _ahead(decoded, record):
        entry.die(FUTURE, ahead)
        return entry
    if isinstance(decoded, Tick):
        entry.tick = decoded
        return entry
    if isinstance(decoded, Deletion):
        entry.deletion = decoded
        return entry
    entry.document, entry.document_id = decoded, decoded.id
    try:
        entry.links, entry.request = twice(lambda: read(decoded, linker))
    except Exception as error:
        entry.die(UNREADABLE, error)
    return entry


def _trace(entry: Entry, headers: Headers) -> None:
    """Where it is traced: a span of ours if we tell any, else what came is passed on."""
    sent = context_among(headers)
    if sent is not None:
        entry.trace, entry.sender = (sent.child(), sent.span) if TRACES.on else (sent, "")


def _ahead(message: Document | Deletion | Tick, record: Record) -> str:
    """What is wrong with a message that is dated ahead of the broker's time: clocks and retention would follow it.
    Ingest refuses such items, too, but others write to the topics. A record of a file has no such time."""
    if isinstance(message, Tick):
        stated = {} if message.closing else {"watermark": message.watermark}
    elif isinstance(message, Deletion):
        stated = {"deleted_at": message.deleted_at}
    else:
        stated = {"available_at": message.available_at, "published_at": message.published_at}
    for name, instant in stated.items():
        if told := ahead_of_broker(instant, record.timestamp):
            return f"{name} is {told}"
    return ""


def twice(attempt: Callable[[], T]) -> T:
    """A document is dead only when it fails twice; lack of memory is never its fault."""
    try:
        return attempt()
    except MemoryError:
        raise
    except Exception:
        return attempt()


def _first_origin(headers: Headers) -> str:
    for name, raw in headers:
        if name == HEADER_FIRST_ORIGIN:
            letter = bytes(raw or b"").decode("utf-8", "replace")
            if not DEAD_LETTER_ID.fullmatch(letter):
                raise InvalidMessage(f"header {HEADER_FIRST_ORIGIN} is {letter[:80]!r}, not TOPIC_ID:PARTITION:OFFSET")
            return letter
    return ""
