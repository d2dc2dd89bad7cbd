"""What moved a mean, document by document: grouped by story and event, so that every level adds up to the change. Pure.

The formula is in shared/contract/contributions.py. Contributions are whole micro-units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from shared.contract.aggregates import RecentDocument
from shared.contract.contributions import Mean, Moved, contributions
from shared.contract.events import MICRO

T = TypeVar("T")
NEUTRAL: Final = Mean(MICRO, 0)  # in place of a stretch in which nothing was written


class Weighed(NamedTuple):
    """A document and its weight in the mean before and in the mean after; 0: it was not there."""

    document: RecentDocument
    before: int
    after: int


class DocumentPart(NamedTuple):
    """`before` and `after`: its shares of the weight, micro-units."""

    document: RecentDocument
    before: int
    after: int
    contribution: int

    @property
    def faded(self) -> bool:
        """It was there before, and weighs less now."""
        return self.before > self.after


class StoryPart(NamedTuple):
    """Documents of one story, the one that moved most first."""

    story: str
    contribution: int
    documents: tuple[DocumentPart, ...]

    @property
    def title(self) -> str:
        """As its heaviest document has it; of a text without a title, how that begins. Text from outside."""
        lead = self.documents[0].document
        return lead.title or lead.excerpt[:160]

    @property
    def sources(self) -> int:
        return len({part.document.source for part in self.documents})

    @property
    def faded(self) -> bool:
        return all(part.faded for part in self.documents)


class EventPart(NamedTuple):
    """Stories about one class of events ("": none), the one that moved most first."""

    event: str
    contribution: int
    stories: tuple[StoryPart, ...]

    @property
    def documents(self) -> int:
        return sum(len(story.documents) for story in self.stories)

    @property
    def faded(self) -> int:
        """What of the contribution is of documents that were there before."""
        return sum(part.contribution for story in self.stories for part in story.documents if part.faded)


def unfold(known: Sequence[Weighed], before: Mean, after: Mean) -> tuple[tuple[EventPart, ...], int]:
    """(events by how much they moved the mean, what is not known one by one): together the change, rounded."""
    moved = [Moved(one.before, one.after, one.document.positive - one.document.negative) for one in known]
    parts, others = contributions(moved, before, after)
    return grouped(
        DocumentPart(one.document, one.before * MICRO // before.weight, one.after * MICRO // after.weight, part)
        for one, part in zip(known, parts, strict=True)
    ), others


def grouped(parts: Iterable[DocumentPart]) -> tuple[EventPart, ...]:
    """By story, and by the event of most of a story's documents: all of a story stays together."""
    stories = [
        StoryPart(name, sum(part.contribution for part in own), _largest(own, lambda part: part.document.id))
        for name, own in _by(parts, lambda part: part.document.story or part.document.id)
    ]
    events = [
        EventPart(name, sum(story.contribution for story in own), _largest(own, lambda story: story.story))
        for name, own in _by(stories, _event_of)
    ]
    return _largest(events, lambda event: event.event)


def _event_of(story: StoryPart) -> str:
    counts = Counter(part.document.event_class for part in story.documents)
    return min(counts, key=lambda event: (-counts[event], event))


def _by(things: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    found: dict[str, list[T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    return list(found.items())


P = TypeVar("P", DocumentPart, StoryPart, EventPart)


def _largest(parts: Iterable[P], name: Callable[[P], str]) -> tuple[P, ...]:
    return tuple(sorted(parts, key=lambda part: (-abs(part.contribution), name(part))))
