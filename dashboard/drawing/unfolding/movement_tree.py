"""What moved a mean as data of the component `unfolding`: events, stories and documents, each with its bar. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

from dashboard.drawing import formats
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import Signal
from shared.event_classes.selection import event_words
from shared.reading.deleted import DELETED
from shared.reading.unfolding.movement import DocumentPart, EventPart, StoryPart, grouped

STORIES: Final = 12  # of an event, and documents of a story, that are drawn
DIGITS: Final = 3

Node = dict[str, Any]


def nodes(events: Sequence[EventPart], others: int, unnamed: str, zone: tzinfo) -> list[Node]:
    """One node an event, and one of what is not known document by document, where that is anything."""
    found = [_event(event, zone) for event in events]
    if unnamed and others:
        found.append(_node(unnamed, "", others, []))
    return _sized(found)


def signal_nodes(signal: Signal, kept: Mapping[str, RecentDocument], zone: tzinfo) -> list[Node]:
    """What moved a strategy's level from neutral: the documents that the signal names, and all others together."""
    parts = [
        DocumentPart(kept[name], 0, kept[name].weight, part)
        for name, part in zip(signal.evidence, signal.contributions, strict=False)
        if name in kept
    ]
    others = signal.features.get("level", 0) - sum(part.contribution for part in parts)
    return nodes(grouped(parts), others, f"All others of {signal.documents:,} documents", zone) if parts else []


def _event(event: EventPart, zone: tzinfo) -> Node:
    note = f"{event.documents:,} document{'' if event.documents == 1 else 's'}"
    if event.faded and event.faded != event.contribution:
        note += f", {formats.score(event.faded / MICRO, DIGITS)} of it faded"
    children = [_story(story, zone) for story in event.stories[:STORIES]]
    children += _rest(event.stories[STORIES:], "other stories")
    name = event_words(event.event).capitalize() or "No event"
    faded = all(story.faded for story in event.stories)
    return _node(name, note, event.contribution, children) | {"faded": faded}


def _story(story: StoryPart, zone: tzinfo) -> Node:
    if len(story.documents) == 1:
        return _document(story.documents[0], zone)
    sources = f"{story.sources:,} source{'' if story.sources == 1 else 's'}"
    note = f"told {len(story.documents):,} times by {sources}"
    children = [_document(part, zone) for part in story.documents[:STORIES]]
    children += _rest(story.documents[STORIES:], "more times")
    return _node(story.title or "(no text)", note, story.contribution, children) | {"faded": story.faded}


def _document(part: DocumentPart, zone: tzinfo) -> Node:
    document = part.document
    score = formats.score((document.positive - document.negative) / MICRO)
    title = f"({DELETED})" if document.deleted else document.title or document.excerpt[:160] or "(no text)"
    note = f"{document.source}, {formats.moment(document.available_at, zone)}, sentiment {score}"
    opens = {"document": document.id, "company": document.company}
    return _node(title, note, part.contribution, []) | {"faded": part.faded, "opens": opens}


def _rest(parts: Sequence[StoryPart] | Sequence[DocumentPart], what: str) -> list[Node]:
    if not parts:
        return []
    return [_node(f"{len(parts):,} {what}", "", sum(part.contribution for part in parts), [])]


def _node(label: str, note: str, contribution: int, children: list[Node]) -> Node:
    value = contribution / MICRO
    return {
        "label": label,
        "note": note,
        "size": value,
        "value": formats.score(value, DIGITS),
        "children": children,
        "faded": False,
        "opens": None,
    }


def _sized(found: list[Node]) -> list[Node]:
    """Bars as shares of the longest of all."""
    flat = list(found)
    for node in flat:
        flat += node["children"]
    longest = max((abs(node["size"]) for node in flat), default=0.0) or 1.0
    for node in flat:
        node["size"] = round(node["size"] / longest, 4)
    return found
