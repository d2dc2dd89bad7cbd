"""Which stories are told in a stretch of time: the most told first, or the newest, with what may be shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from shared.clock import DAY
from shared.event_classes.selection import classes_wanted, recorded_as
from shared.reading.archive.tables import ArchiveTables
from shared.reading.stories.headlines import Headline, headlines
from shared.reading.stories.story import LOOK_BACK, Story, stories_of
from shared.reading.stories.tellings import Counted, Span, Tellings

By = Literal["told", "newest"]
WAYS: Final[tuple[By, ...]] = ("told", "newest")
STRETCH: Final = 7 * DAY


class Place(NamedTuple):
    """Where a story stands in the order of answers: its count and its time, as `by` says, then its key."""

    first: int
    second: int
    key: str


class Question(NamedTuple):
    """What is told on `company` (or of any), of this class or group, from `begin` on and before `end`. `known_before`:
    only what Kafka had taken by then (as of). `after`: the place of the last one of the page before. `stretch`: how
    long before the end, where no beginning is named."""

    company: str = ""
    event: str = ""
    begin: int | None = None
    end: int | None = None
    known_before: int | None = None
    by: By = "told"
    limit: int = 20
    after: Place | None = None
    stretch: int = STRETCH


class Told(NamedTuple):
    """A story of the answer; `recent`: how many of its documents lie in the stretch that was asked about."""

    story: Story
    recent: int
    headline: Headline | None
    place: Place


class Answer(NamedTuple):
    """`stories` were told in the stretch [begin, end); those of this page are in `told`."""

    told: list[Told]
    stories: int
    begin: int
    end: int
    more: bool


def told_stories(tables: ArchiveTables, question: Question) -> Answer:
    """Raises NoArchive."""
    tellings = Tellings(tables)
    span = _span(tellings, question)
    companies = [question.company] if question.company else []
    events = recorded_as(classes_wanted([question.event])) if question.event else []
    counted = {each.story: each for each in tellings.counts(span, companies=companies, events=events)}
    ranked = sorted(_place(each, question.by) for each in counted.values())
    following = [place for place in ranked if question.after is None or place > question.after]
    page = following[: question.limit]
    stories = whole(tellings, span, [place.key for place in page])
    shown = headlines(tables, list(stories.values()))
    told = [Told(stories[p.key], counted[p.key].documents, shown.get(p.key), p) for p in page]
    return Answer(told, len(ranked), span.begin, span.end, len(following) > len(page))


def whole(tellings: Tellings, span: Span, keys: Sequence[str]) -> dict[str, Story]:
    """The stories of these keys as they were told before the end of the span, from their first telling on."""
    if not keys:
        return {}
    since = span._replace(begin=span.begin - LOOK_BACK)
    return {story.key: story for story in stories_of(tellings.of(since, stories=keys))}


def _span(tellings: Tellings, question: Question) -> Span:
    """Up to the newest opinion, and a stretch long, where the question leaves it open."""
    end = question.end
    if end is None:
        newest = tellings.newest(question.known_before)
        end = 0 if newest is None else newest + 1
    begin = end - question.stretch if question.begin is None else question.begin
    return Span(begin, end, question.known_before)


def _place(counted: Counted, by: By) -> Place:
    if by == "newest":
        return Place(-counted.last_at, -counted.documents, counted.story)
    return Place(-counted.documents, -counted.last_at, counted.story)
