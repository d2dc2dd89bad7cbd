"""What time says of an event: how old its story is, and how long ago the company had such an event (decisions/0160).

Read of the archive when it is asked for, from what was available up to the opinion itself: so a replay says what was
said live, a kill changes nothing, and no opinion that came later does either.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from shared.clock import DAY
from shared.event_classes.selection import recorded_as
from shared.reading.archive.tables import ArchiveTables, NoArchive
from shared.reading.stories.story import LOOK_BACK
from shared.reading.stories.tellings import Span, Telling, Tellings


class Heard(Protocol):
    """What an opinion is asked for; `Opinion` and `RecentDocument` are."""

    @property
    def company(self) -> str: ...
    @property
    def story(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def event_class(self) -> str: ...
    @property
    def available_at(self) -> int: ...


class EventRecord(NamedTuple):
    """`first_at`: when its story was first told, of any company, within LOOK_BACK before it. `since_event`: how long
    before it another story told an event of this class of this company, within LOOK_BACK; None: none did."""

    age: int
    first_at: int
    since_event: int | None

    @property
    def days_since_event(self) -> float | None:
        return None if self.since_event is None else self.since_event / DAY


def event_records(
    tables: ArchiveTables, heard: Sequence[Heard], known_before: int | None = None
) -> list[EventRecord | None]:
    """One an opinion, in their order; None of each where there is no archive, or it does not have the opinion yet."""
    if not heard:
        return []
    try:
        tellings = Tellings(tables)
    except NoArchive:
        return [None] * len(heard)
    times = [each.available_at for each in heard]
    span = Span(min(times) - LOOK_BACK, max(times) + 1, known_before)
    told = _times_of(tellings.of(span, stories=sorted({each.story for each in heard})))
    companies = sorted({each.company for each in heard})
    events = sorted({*recorded_as(each.event_class for each in heard), *(each.event for each in heard)} - {""})
    before = _events_of(tellings.of(span, companies=companies, events=events)) if events else {}
    return [_record(each, told.get(each.story, []), before.get((each.company, each.event_class), [])) for each in heard]


def _times_of(tellings: Iterable[Telling]) -> dict[str, list[int]]:
    """Story -> when it was told, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for each in tellings:
        found[each.story].append(each.at)
    return found


def _events_of(tellings: Iterable[Telling]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Company and class -> (when, story), in order."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for each in tellings:
        found[each.company, each.event].append((each.at, each.story))
    return found


def _record(heard: Heard, told: Sequence[int], events: Sequence[tuple[int, str]]) -> EventRecord | None:
    at = heard.available_at
    place = bisect_left(told, at - LOOK_BACK)
    if place == len(told) or told[place] > at:
        return None
    return EventRecord(at - told[place], told[place], _since(heard, events))


def _since(heard: Heard, events: Sequence[tuple[int, str]]) -> int | None:
    at = heard.available_at
    for place in range(bisect_left(events, (at, "")) - 1, -1, -1):
        when, story = events[place]
        if when < at - LOOK_BACK:
            return None
        if story != heard.story:
            return at - when
    return None
