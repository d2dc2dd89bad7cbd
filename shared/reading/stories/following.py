"""Which stories follow one another: the rule, a pure function of how two stories began (docs/decisions/0161).

B follows A where it began later, within WITHIN of A's beginning, and of their first documents (that are not gone at
their source) the companies of one are all among those of the other, and what they say is near. Likeness is the cosine
of the embeddings, exact in integers; where one has none, or of another model, how many words the headlines share. What
an index finds first decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from shared.clock import DAY
from shared.contract.archive import READINGS
from shared.contract.events import MARKET, MICRO
from shared.contract.readings import SCALE
from shared.reading.archive.candidates import products, rows_of
from shared.reading.archive.tables import ArchiveTables
from shared.reading.stories.headlines import Headline, headlines
from shared.reading.stories.story import LOOK_BACK, Story, stories_of
from shared.reading.stories.tellings import Span, Telling, Tellings
from shared.story import signature

WITHIN: Final = 14 * DAY
LOOKED_AT: Final = 300  # stories on the same companies, the nearest in time, before and after
SHOWN: Final = 20  # the likest, before and after
NEAR: Final = 800_000  # likeness from which on it is the same affair, by meaning
COPY: Final = 930_000  # … and the same news in nearly the same words
NEAR_WORDS: Final = 500_000
COPY_WORDS: Final = 800_000
_WORDS: Final = 14  # of a text without a title, as for the story key

By = Literal["meaning", "words"]


class Link(NamedTuple):
    """Another story; `likeness` in micro-units. `copy`: it tells the same, under another headline."""

    story: Story
    headline: Headline
    likeness: int
    by: By
    copy: bool


class Linked(NamedTuple):
    """`before`: what it follows. `after`: what followed. The likest first, equal ones by time and key."""

    before: list[Link]
    after: list[Link]


class Meant(NamedTuple):
    """The first document of a story: its companies, its headline's words and, of one model, an embedding in 8 bits."""

    words: frozenset[str]
    companies: frozenset[str] = frozenset()
    model: str = ""
    embedding: bytes = b""
    scale: int = 0


def same_companies(one: Meant, other: Meant) -> bool:
    """Whether the companies of one are all among those of the other; the market as a whole is no company."""
    first, second = one.companies - {MARKET}, other.companies - {MARKET}
    return bool(first and second) and (first <= second or second <= first)


def likeness(one: Meant, other: Meant) -> tuple[int, By]:
    """0 to MICRO (a little more: 8 bits are rounded)."""
    if one.embedding and one.model == other.model and len(one.embedding) == len(other.embedding):
        product = products([one.embedding], other.embedding)[0]
        return product * one.scale * other.scale * MICRO // SCALE**2, "meaning"
    return _worded(one, other), "words"


def _worded(one: Meant, other: Meant) -> int:
    """How many words two headlines share, of both together."""
    count = len(one.words) + len(other.words)
    return 2 * len(one.words & other.words) * MICRO // count if count else 0


def link_of(own: Meant, other: Story, headline: Headline, said: Meant) -> Link | None:
    """None where they are too far apart."""
    if not same_companies(own, said):
        return None
    value, by = likeness(own, said)
    near, copy = (NEAR, COPY) if by == "meaning" else (NEAR_WORDS, COPY_WORDS)
    if value < near:
        return None
    worded = _worded(own, said)
    return Link(other, headline, value, by, value >= copy or worded >= COPY_WORDS)


def linked(tables: ArchiveTables, tellings: Tellings, story: Story, own: Sequence[Telling], span: Span) -> Linked:
    """The stories before and after this one, as they had been told WITHIN after its beginning.

    `own`: its tellings. `span`: its end, and what was known, bound what is seen.
    """
    heard = _others(tellings, story, own, span)
    others = [other for other in stories_of(heard) if abs(other.first_at - story.first_at) <= WITHIN]
    said = _said(tables, [story, *others], [*own, *heard], span)
    if story.key not in said:
        return Linked([], [])
    mine = said[story.key][1]
    found = [link for each in others if each.key in said and (link := link_of(mine, each, *said[each.key])) is not None]
    found.sort(key=lambda each: (-each.likeness, _began(each.story)))
    before = [each for each in found if _began(each.story) < _began(story)]
    after = [each for each in found if _began(each.story) > _began(story)]
    return Linked(before[:SHOWN], after[:SHOWN])


def _began(story: Story) -> tuple[int, str]:
    return story.first_at, story.key


def _others(tellings: Tellings, story: Story, own: Sequence[Telling], span: Span) -> list[Telling]:
    """What was told of other stories on these companies, around the beginning of this one."""
    companies = sorted({each.company for each in own} - {MARKET})
    around = Span(story.first_at - WITHIN, min(span.end, story.first_at + WITHIN + 1), span.known_before)
    told = tellings.counts(around, companies=companies) if companies else ()
    first = {each.story: each.first_at for each in told if each.story != story.key}
    if not first:
        return []
    since = around._replace(begin=around.begin - LOOK_BACK)
    return tellings.of(since, stories=_nearest(first, story.first_at))


def _nearest(first: Mapping[str, int], at: int) -> list[str]:
    """The keys of at most LOOKED_AT that were told up to a moment, and as many later, nearest to it."""
    order = sorted(first, key=lambda key: (abs(first[key] - at), key))
    return [
        *[key for key in order if first[key] <= at][:LOOKED_AT],
        *[key for key in order if first[key] > at][:LOOKED_AT],
    ]


def _said(
    tables: ArchiveTables, stories: Sequence[Story], tellings: Sequence[Telling], span: Span
) -> dict[str, tuple[Headline, Meant]]:
    """Key -> what its first document says that is not gone."""
    shown = headlines(tables, stories)
    ids = {headline.document for headline in shown.values()}
    companies: dict[str, set[str]] = {name: set() for name in ids}
    for each in tellings:
        if each.document in ids:
            companies[each.document].add(each.company)
    known = f"appended_at <= {span.known_before}" if span.known_before is not None else ""
    readings: dict[str, Mapping[str, Any]] = {}
    for row in rows_of(tables, READINGS, sorted(ids), ["model", "embedding", "scale"], known):
        readings.setdefault(row["document_id"], row)
    return {
        key: (each, _meant(each, companies[each.document], readings.get(each.document))) for key, each in shown.items()
    }


def _meant(headline: Headline, companies: set[str], reading: Mapping[str, Any] | None) -> Meant:
    words = frozenset((signature(headline.title) or signature(headline.excerpt, _WORDS)).split())
    if reading is None or not reading["embedding"]:
        return Meant(words, frozenset(companies))
    return Meant(words, frozenset(companies), reading["model"], reading["embedding"], reading["scale"])
