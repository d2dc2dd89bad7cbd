"""A story as people are told of it, made of its tellings alone. Pure, in integers: no order of arrival changes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from shared.clock import DAY, HOUR
from shared.contract.events import MICRO
from shared.contract.weighing import rescale
from shared.reading.stories.tellings import Telling

LOOK_BACK: Final = 91 * DAY  # before its last telling: what is older is no part of a story
LEAN: Final = HOUR  # how long from the first, and back from the last telling, its lean is read


class Lean(NamedTuple):
    """Weighted means of sentiment in micro-units; None where nothing weighs. `first`: of what was told within an hour
    of the first telling; `last`: within an hour up to the last one."""

    mean: int | None
    first: int | None
    last: int | None

    @property
    def moved(self) -> int | None:
        return None if self.first is None or self.last is None else self.last - self.first


class About(NamedTuple):
    """A company that a story speaks of."""

    company: str
    documents: int
    weight: int
    lean: Lean


class Story(NamedTuple):
    """`documents`, `authors`: how many different ones. `sources`: of each how many documents, the most first.
    `companies`: by their weight in it. `ids`: its documents in the order in which they were told."""

    key: str
    first_at: int
    last_at: int
    documents: int
    news: int
    social: int
    sources: tuple[tuple[str, int], ...]
    authors: int
    companies: tuple[About, ...]
    event: str  # the class of most of its documents
    lean: Lean
    ids: tuple[str, ...]


def stories_of(tellings: Iterable[Telling]) -> list[Story]:
    """The stories of these tellings, in the order of their keys."""
    by_key: dict[str, list[Telling]] = defaultdict(list)
    for telling in tellings:
        by_key[telling.story].append(telling)
    return [story_of(key, kept(sorted(by_key[key]))) for key in sorted(by_key)]


def kept(tellings: Sequence[Telling]) -> Sequence[Telling]:
    """Those within LOOK_BACK of the last one; in the order of time."""
    since = tellings[-1].at - LOOK_BACK
    return [each for each in tellings if each.at >= since]


def story_of(key: str, tellings: Sequence[Telling]) -> Story:
    """One story; `tellings` in the order of time, at least one."""
    documents = {each.document: each for each in reversed(tellings)}  # of each the first telling
    first, last = tellings[0].at, tellings[-1].at
    by_company: dict[str, list[Telling]] = defaultdict(list)
    for each in tellings:
        by_company[each.company].append(each)
    channels = Counter(each.channel for each in documents.values())
    return Story(
        key=key,
        first_at=first,
        last_at=last,
        documents=len(documents),
        news=channels["news"],
        social=channels["social"],
        sources=tuple(most(each.source for each in documents.values())),
        authors=len({each.author for each in documents.values() if each.author}),
        companies=tuple(sorted((_about(name, own, first, last) for name, own in by_company.items()), key=_heaviest)),
        event=next((name for name, _ in most(each.event for each in documents.values() if each.event)), ""),
        lean=lean_of(tellings, first, last),
        ids=tuple(sorted(documents, key=lambda name: (documents[name].at, name))),
    )


def most(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name with its count, the most frequent first, equal ones by name."""
    return sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))


def lean_of(tellings: Sequence[Telling], first: int, last: int) -> Lean:
    """How these lean together, and at both ends of a story that was told from `first` to `last`."""
    return Lean(
        mean_of(tellings),
        mean_of([each for each in tellings if each.at <= first + LEAN]),
        mean_of([each for each in tellings if each.at >= last - LEAN]),
    )


def mean_of(tellings: Iterable[Telling]) -> int | None:
    """The weighted mean of sentiment, micro-units; None where nothing weighs."""
    weight = score = 0
    for each in tellings:
        weight, score = weight + each.weight, score + each.score
    return rescale(score * MICRO, weight) if weight else None


def _about(company: str, tellings: Sequence[Telling], first: int, last: int) -> About:
    documents = len({each.document for each in tellings})
    return About(company, documents, sum(each.weight for each in tellings), lean_of(tellings, first, last))


def _heaviest(about: About) -> tuple[int, str]:
    return -about.weight, about.company
