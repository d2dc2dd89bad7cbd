"""One story: its documents with what is a copy of what, how its lean moved, and what it did to its companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from shared.clock import DAY
from shared.contract.archive import DOCUMENTS
from shared.contract.contributions import Mean
from shared.contract.events import MICRO
from shared.reading.archive.candidates import rows_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.stories.following import COPY_WORDS, Linked, linked
from shared.reading.stories.headlines import Headline, headlines, shown_documents
from shared.reading.stories.story import Story, kept, mean_of, story_of
from shared.reading.stories.tellings import Span, Telling, Tellings

DOCUMENTS_SHOWN: Final = 100  # the first ones
_EVER: Final = -(2**62)  # before every available_at
COMPARED: Final = 7 * DAY  # of a company, before the story began


class Copy(NamedTuple):
    """One document of a story. `copy_of`: the earliest one before it that says the same in nearly the same words; ""
    where there is none. `mean`: of the story up to here, micro-units. `headline` None: gone at its source."""

    document: str
    at: int
    source: str
    channel: str
    author: str
    headline: Headline | None
    copy_of: str
    mean: int | None


class Effect(NamedTuple):
    """A company's mean over COMPARED before the story began, and from then to its last telling, micro-units; of the
    difference what is this story's own (shared/contract/contributions.py). None where nothing weighs."""

    company: str
    before: int | None
    since: int | None
    by_story: int | None


class Whole(NamedTuple):
    """`documents`: the first DOCUMENTS_SHOWN."""

    story: Story
    headline: Headline | None
    documents: list[Copy]
    effects: list[Effect]
    linked: Linked


def whole_story(
    tables: ArchiveTables, key: str, end: int | None = None, known_before: int | None = None
) -> Whole | None:
    """None where nothing was told under this key. `end`: what was told before then. Raises NoArchive."""
    tellings = Tellings(tables)
    if end is None:
        end = (tellings.newest(known_before) or 0) + 1
    heard = tellings.of(Span(_EVER, end, known_before), stories=[key])
    if not heard:
        return None
    own = kept(heard)
    story = story_of(key, own)
    span = Span(story.first_at, end, known_before)
    shown = headlines(tables, [story]).get(key)
    documents, effects = _documents(tables, story, own), _effects(tellings, story, own, span)
    return Whole(story, shown, documents, effects, linked(tables, tellings, story, own, span))


def _documents(tables: ArchiveTables, story: Story, tellings: Sequence[Telling]) -> list[Copy]:
    ids = story.ids[:DOCUMENTS_SHOWN]
    shown = shown_documents(tables, ids)
    words = {name: frozenset(text.split(" ")) for name, text in _words(tables, list(shown)).items()}
    first = {each.document: each for each in reversed(tellings)}
    found: list[Copy] = []
    for name in ids:
        each = first[name]
        mean = mean_of(other for other in tellings if (other.at, other.document) <= (each.at, name))
        author = each.author if name in shown else ""
        copy_of = next((one.document for one in found if _alike(words.get(one.document), words.get(name))), "")
        found.append(Copy(name, each.at, each.source, each.channel, author, shown.get(name), copy_of, mean))
    return found


def _words(tables: ArchiveTables, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows_of(tables, DOCUMENTS, ids, ["words"]):
        found.setdefault(row["document_id"], row["words"] or "")
    return found


def _alike(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """Whether two texts share nearly all their words."""
    if not one or not other:
        return False
    return 2 * len(one & other) * MICRO >= COPY_WORDS * (len(one) + len(other))


def _effects(tellings: Tellings, story: Story, own: Sequence[Telling], span: Span) -> list[Effect]:
    names = [about.company for about in story.companies][:20]
    around = Span(story.first_at - COMPARED, min(span.end, story.last_at + 1), span.known_before)
    heard = tellings.of(around, companies=names)
    return [_effect(name, story, own, [each for each in heard if each.company == name]) for name in names]


def _effect(company: str, story: Story, own: Sequence[Telling], heard: Sequence[Telling]) -> Effect:
    before, since = (_sums([each for each in heard if (each.at >= story.first_at) == late]) for late in (False, True))
    weight, score = _sums([each for each in own if each.company == company])
    if not before.weight or not since.weight:
        return Effect(company, _value(before), _value(since), None)
    middle = (before.value + since.value) / 2
    return Effect(company, _value(before), _value(since), round((score - weight * middle) / since.weight))


def _sums(tellings: Sequence[Telling]) -> Mean:
    return Mean(sum(each.weight for each in tellings), sum(each.score for each in tellings) * MICRO)


def _value(mean: Mean) -> int | None:
    return round(mean.value) if mean.weight else None
