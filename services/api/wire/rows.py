"""What is kept, as programs get it: times in ISO 8601, scores as fractions. Text from outside stays data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from shared.clock import DAY, to_iso
from shared.contract.aggregates import RecentDocument
from shared.contract.alerts import Alert
from shared.contract.events import MICRO, Document, Opinion
from shared.contract.signals import Signal
from shared.links import safe_link
from shared.reading.archive.document import Archived
from shared.reading.archive.search import Found
from shared.reading.deleted import DELETED
from shared.reading.stories.records import EventRecord
from shared.reading.values.signals import plain
from shared.universe.instrument import Instrument


def instrument_row(instrument: Instrument) -> dict[str, Any]:
    """An instrument, with every symbol and name that it had and when; null where something is not known."""
    return {
        "id": instrument.id,
        "kind": instrument.kind,
        "name": instrument.name,
        "ticker": instrument.ticker,
        "country": instrument.country or None,
        "exchange": instrument.exchange or None,
        "sector": instrument.sector or None,
        "industry": instrument.industry or None,
        "parent": instrument.parent or None,
        "names": [{"text": each.text, "language": each.language or None} for each in instrument.names],
        "listings": [
            {"symbol": each.symbol, "mic": each.mic or None, "from": each.start or None, "until": each.end or None}
            for each in instrument.listings
        ],
        "identifiers": [
            {"scheme": each.scheme, "value": each.value, "source": each.source or None}
            for each in instrument.identifiers
        ],
    }


def document_row(document: RecentDocument) -> dict[str, Any]:
    """A document with what it says of one company."""
    return {
        "id": document.id,
        "company": document.company,
        "available_at": to_iso(document.available_at),
        "published_at": to_iso(document.published_at),
        "channel": document.channel,
        "source": document.source,
        "title": None if document.deleted else document.title,
        "excerpt": None if document.deleted else document.excerpt,
        **_told(document),
        "weight": document.weight / MICRO,
        **_event(document),
        "model": document.model or None,
        "synthetic": document.synthetic,
        "updated": document.updated,
        "withheld": DELETED if document.deleted else None,
    }


def found_row(found: Found) -> dict[str, Any]:
    """A document of the archive, and why it was found."""
    row = archived_row(Archived(found.document, found.opinions))
    return (
        {"id": row.pop("id")}
        | {
            "score": found.score / MICRO,
            "words": None if found.words is None else found.words / MICRO,
            "meaning": None if found.meaning is None else found.meaning / MICRO,
        }
        | row
    )


def kept_row(kept: Sequence[RecentDocument]) -> dict[str, Any]:
    """A document as the aggregates keep it: an excerpt, and one opinion a company."""
    first = kept[0]
    return _document(first) | {"text": first.excerpt, "language": None, "opinions": [_heard(each) for each in kept]}


def archived_row(archived: Archived, records: Sequence[EventRecord | None] = ()) -> dict[str, Any]:
    """A document of the archive, whole. `records`: of its opinions, where they were asked for."""
    document = archived.document
    more = {"text": document.text, "language": document.language}
    opinions = [_heard(each) for each in archived.opinions]
    if records:
        opinions = [row | _record(record) for row, record in zip(opinions, records, strict=True)]
    return _document(document) | more | {"opinions": opinions}


def _record(record: EventRecord | None) -> dict[str, Any]:
    """When its story began, and how long ago the company had such an event."""
    if record is None:
        return {"story_first_at": None, "story_age_days": None, "days_since_event": None}
    return {
        "story_first_at": to_iso(record.first_at),
        "story_age_days": record.age / DAY,
        "days_since_event": record.days_since_event,
    }


def _document(document: Document | RecentDocument) -> dict[str, Any]:
    return {
        "id": document.id,
        "available_at": to_iso(document.available_at),
        "published_at": to_iso(document.published_at),
        "channel": document.channel,
        "source": document.source,
        "title": document.title,
        "url": safe_link(document.url) or None,
        "synthetic": document.synthetic,
    }


def _heard(each: Opinion | RecentDocument) -> dict[str, Any]:
    return {
        "company": each.company,
        "sentiment": (each.positive - each.negative) / MICRO,
        "relevance": each.relevance / MICRO,
        "event": each.event_class or None,
        "second_event": each.second_event or None,
        "role": each.role or None,
        "rumour": each.rumour,
        **_ruled(each),
    }


def _told(each: Opinion | RecentDocument) -> dict[str, Any]:
    """By whom, and what it says of one company."""
    return {
        "url": safe_link(each.url) or None,
        "author": each.author or None,
        "story": each.story or None,
        "sentiment": (each.positive - each.negative) / MICRO,
        "negative": each.negative / MICRO,
        "neutral": each.neutral / MICRO,
        "positive": each.positive / MICRO,
        "relevance": each.relevance / MICRO,
    }


def _ruled(each: Opinion | RecentDocument) -> dict[str, Any]:
    """What rules made of it."""
    return {"rules": list(each.spoke), "flags": list(each.flags), "dropped": each.dropped}


def _event(each: Opinion | RecentDocument) -> dict[str, Any]:
    return {
        "event": each.event_class or None,
        "event_probability": each.event_probability / MICRO if each.event else None,
        "second_event": each.second_event or None,
        "role": each.role or None,
        "rumour": each.rumour,
        **_ruled(each),
    }


def opinion_row(opinion: Opinion) -> dict[str, Any]:
    """An opinion as it passes by; `id` tells copies."""
    return {
        "id": f"{opinion.document_id}:{opinion.company}",
        "document": opinion.document_id,
        "company": opinion.company,
        "available_at": to_iso(opinion.available_at),
        "published_at": to_iso(opinion.published_at),
        "channel": opinion.channel,
        "source": opinion.source,
        "title": opinion.title,
        "excerpt": opinion.excerpt,
        **_told(opinion),
        **_event(opinion),
        "model": opinion.model,
        "synthetic": opinion.synthetic,
    }


def signal_row(signal: Signal) -> dict[str, Any]:
    """A signal with its reasons; `available_at` is when it was known."""
    row = plain(signal)
    row |= {"at": to_iso(signal.at), "available_at": to_iso(signal.available_at), "synthetic": signal.synthetic}
    # a list, for a table has one set of columns
    row["features"] = [{"feature": name, "value": value} for name, value in row["features"].items()]
    for name in ("schema", "type"):
        row.pop(name, None)
    return row | {"cadence_hours": signal.cadence_hours, "model": signal.model or None}


def alert_row(number: int, alert: Alert) -> dict[str, Any]:
    """An alert; `number` counts those of the run."""
    row: dict[str, Any] = msgspec.to_builtins(alert)
    for name in ("schema", "test"):
        row.pop(name, None)
    row["documents"] = [
        {
            "id": each.id,
            "title": each.title,
            "source": each.source,
            "url": safe_link(each.url) or None,
            "available_at": to_iso(each.available_at),
            "event": each.event_class or None,
            "contribution": each.contribution / MICRO,
        }
        for each in alert.documents
    ]
    return (
        {"number": number}
        | row
        | {
            "at": to_iso(alert.at),
            "available_at": to_iso(alert.available_at),
            "score": alert.score / MICRO,
            "confidence": alert.confidence / MICRO,
            "channels": list(alert.channels),
            "inside": alert.inside or None,
            "revision": alert.revision,
            "synthetic": alert.synthetic,
        }
    )
