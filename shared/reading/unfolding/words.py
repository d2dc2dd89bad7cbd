"""Why it moved, in a few sentences: the same movement gives the same words. Titles are from outside: escape them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from shared.clock import SECOND
from shared.contract.contributions import Mean
from shared.contract.events import MICRO
from shared.event_classes.selection import event_words
from shared.reading.unfolding.company import Movement
from shared.reading.unfolding.movement import EventPart, StoryPart

STILL: Final = 5_000  # micro-units: a change that is written as 0.00
_QUOTED: Final = 110  # characters of a title
Moment = Callable[[int], str]


def in_words(movement: Movement, name: str, moment: Moment) -> list[str]:
    """`name`: of the company; `moment` writes an instant (microseconds)."""
    change, span = movement.change, movement.span
    stretch = f"from {moment(span.start * SECOND)} to {moment(span.end * SECOND)}"
    if change is None:
        return [f"Nothing was written of {name} {stretch}, so there is nothing to explain."]
    found = [_first(movement, change, name, stretch)]
    along = [event for event in movement.events if event.contribution * (change or 1) > 0]
    against = [event for event in movement.events if event.contribution * (change or 1) < 0]
    if along:
        found.append(f"Most of it: {_event(along[0])}.")
    if len(along) > 1:
        found.append(f"Then {'; '.join(_event(event) for event in along[1:3])}.")
    if against:
        found.append(f"Against it: {_event(against[0])}.")
    found += _faded(movement)
    if movement.unnamed or abs(movement.others) >= STILL:
        found.append(
            f"{_count(movement.unnamed, 'document')} of both stretches, no longer kept one by one, add "
            f"{signed(movement.others)}."
        )
    return found


def _first(movement: Movement, change: int, name: str, stretch: str) -> str:
    way = "did not move" if abs(change) < STILL else f"{'rose' if change > 0 else 'fell'} by {abs(change) / MICRO:.2f}"
    after = f"{_mean(movement.after)} ({_count(movement.documents, 'document')})"
    if movement.before is None:
        return f"Sentiment of {name} is {after} {stretch}; nothing was written before, so it is told against neutral."
    before = f"{_mean(movement.before)} ({movement.documents_before:,} in the equally long stretch before)"
    return f"Sentiment of {name} {way} {stretch}: to {after}, from {before}."


def _event(event: EventPart) -> str:
    """`legal regulation -0.40 (7 documents), above all "Regulator opens a case" -0.31, told 5 times`."""
    said = event_words(event.event) or "texts about no event"
    lead = next((s for s in event.stories if s.contribution * event.contribution > 0), event.stories[0])
    return f"{said} {signed(event.contribution)} ({_count(event.documents, 'document')}), above all {_story(lead)}"


def _story(story: StoryPart) -> str:
    title = " ".join(story.title.split())
    cut = title if len(title) <= _QUOTED else title[:_QUOTED].rstrip() + "…"
    times = f", told {len(story.documents):,} times" if len(story.documents) > 1 else ""
    faded = ", which has faded" if story.faded else ""
    return f"“{cut}” {signed(story.contribution)}{times}{faded}"


def _faded(movement: Movement) -> list[str]:
    """What was there before, and is no longer."""
    gone = [part for event in movement.events for story in event.stories for part in story.documents if part.faded]
    if not gone:
        return []
    total = sum(part.contribution for part in gone)
    return [f"Of this, {signed(total)} is of what has faded: {_count(len(gone), 'document')} of before."]


def _mean(mean: Mean | None) -> str:
    return signed(round(mean.value)) if mean else "neutral"


def signed(micro: int) -> str:
    """+0.12, -0.40, 0.00."""
    text = f"{micro / MICRO:+.2f}"
    return text if float(text) else "0.00"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
