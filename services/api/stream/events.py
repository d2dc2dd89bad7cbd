"""A record of the log as an event of the stream; or nothing, of ticks, strangers' bytes and what nobody asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from services.api.stream.place import Kind
from services.api.stream.ring import Record
from services.api.wire.rows import opinion_row, signal_row
from shared.clock import to_iso
from shared.contract.events import Deletion, Document, InvalidMessage, Opinion, decode_document, decode_opinion
from shared.contract.signals import decode_signal
from shared.links import safe_link
from shared.reading.deleted import DELETED, is_gone


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked for; empty: everything."""

    companies: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    def takes(self, companies: tuple[str, ...], channel: str | None) -> bool:
        if self.companies and not self.companies & set(companies):
            return False
        return not (self.channels and channel is not None and channel not in self.channels)


def event_of(
    record: Record, wanted: Wanted, gone: MutableMapping[str, int] | None = None
) -> tuple[Kind, dict[str, Any]] | None:
    """The kind and the row; `id` of a row tells copies. `gone`: when items were deleted at their source, which a
    deletion that passes by adds to: what is older has no words."""
    gone = {} if gone is None else gone
    base = record.part.topic.rpartition(".")[2]
    try:
        if base == "signals":
            signal = decode_signal(record.value)
            return ("signals", signal_row(signal)) if wanted.takes((signal.company,), None) else None
        if base == "opinions":
            opinion = decode_opinion(record.value)
            if isinstance(opinion, Opinion) and wanted.takes((opinion.company,), opinion.channel):
                return "opinions", opinion_row(opinion) | _withheld(opinion, gone)
            return None
        document = decode_document(record.value)
    except (InvalidMessage, msgspec.MsgspecError, UnicodeDecodeError):
        return None  # scoring counts it as a dead letter
    row: dict[str, Any] = {}
    if isinstance(document, Deletion):
        gone[document.item] = document.deleted_at
        row = {
            "item": document.item,
            "channel": document.channel,
            "deleted_at": to_iso(document.deleted_at),
            "withheld": DELETED,
        }
    elif isinstance(document, Document):
        row = document_row(document) | _withheld(document, gone)
    companies = document.companies if isinstance(document, Document) else ()
    return ("documents", row) if row and wanted.takes(companies, row.get("channel")) else None


def _withheld(message: Document | Opinion, gone: Mapping[str, int]) -> dict[str, Any]:
    """What replaces the words of what is gone."""
    if not is_gone(message.item, message.available_at, gone):
        return {}
    words = ("title", "excerpt" if isinstance(message, Opinion) else "text", "url", "author")
    return dict.fromkeys(words) | {"withheld": DELETED}


def document_row(document: Document) -> dict[str, Any]:
    """A document as ingest published it."""
    return {
        "id": document.id,
        "item": document.key,
        "available_at": to_iso(document.available_at),
        "published_at": to_iso(document.published_at),
        "channel": document.channel,
        "source": document.source,
        "title": document.title,
        "text": document.text,
        "url": safe_link(document.url) or None,
        "author": document.author or None,
        "language": document.language,
        "companies": list(document.companies),
        "synthetic": document.synthetic,
    }


def written(event: str, data: Any, place: str) -> bytes:
    """One event of the stream, in UTF-8. JSON has no line end in it, so that nothing from outside can end the event."""
    return f"id: {place}\nevent: {event}\ndata: {json.dumps(data, ensure_ascii=True)}\n\n".encode()
