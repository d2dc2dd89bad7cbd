"""Why it moved, as programs get it: times in ISO 8601, scores as fractions. Text from outside stays data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from shared.clock import SECOND, to_iso
from shared.contract.contributions import Mean
from shared.contract.events import MICRO
from shared.links import safe_link
from shared.reading.deleted import DELETED
from shared.reading.unfolding.company import Movement
from shared.reading.unfolding.movement import DocumentPart, EventPart, StoryPart
from shared.reading.unfolding.words import in_words

SHOWN: Final = 10  # stories of an event, and documents of a story, that are named


def plain(movement: Movement, name: str, shown: int = SHOWN) -> dict[str, Any]:
    """`events[].contribution` and `others.contribution` add up to `change`; so do the parts of each with its `rest`."""
    span = movement.span
    return {
        "company": movement.company,
        "from": to_iso(span.start * SECOND),
        "to": to_iso(span.end * SECOND),
        "against": to_iso(span.before * SECOND),
        "sentiment": _mean(movement.after),
        "sentiment_before": _mean(movement.before),
        "change": None if movement.change is None else movement.change / MICRO,
        "documents": movement.documents,
        "documents_before": movement.documents_before,
        "text": in_words(movement, name, to_iso),
        "events": [_event(event, shown) for event in movement.events],
        "others": {"documents": movement.unnamed, "contribution": movement.others / MICRO},
        "reason": None if movement.after else "nothing was written in this stretch",
    }


def _mean(mean: Mean | None) -> float | None:
    return float(mean.value) / MICRO if mean else None


def _event(event: EventPart, shown: int) -> dict[str, Any]:
    return {
        "event": event.event or None,
        "contribution": event.contribution / MICRO,
        "faded": event.faded / MICRO,
        "documents": event.documents,
        "stories": [_story(story, shown) for story in event.stories[:shown]],
        "rest": _rest(event.stories[shown:]),
    }


def _story(story: StoryPart, shown: int) -> dict[str, Any]:
    return {
        "story": story.story,
        "title": story.title or None,
        "contribution": story.contribution / MICRO,
        "faded": story.faded,
        "sources": story.sources,
        "documents": [_document(part) for part in story.documents[:shown]],
        "rest": _rest(story.documents[shown:]),
    }


def _rest(parts: Sequence[StoryPart] | Sequence[DocumentPart]) -> dict[str, Any]:
    """What is not named, and how much of the change it is."""
    return {"count": len(parts), "contribution": sum(part.contribution for part in parts) / MICRO}


def _document(part: DocumentPart) -> dict[str, Any]:
    document = part.document
    return {
        "id": document.id,
        "title": None if document.deleted else document.title,
        "source": document.source,
        "channel": document.channel,
        "url": safe_link(document.url) or None,
        "available_at": to_iso(document.available_at),
        "sentiment": (document.positive - document.negative) / MICRO,
        "share_before": part.before / MICRO,
        "share": part.after / MICRO,
        "contribution": part.contribution / MICRO,
        "faded": part.faded,
        "withheld": DELETED if document.deleted else None,
    }
