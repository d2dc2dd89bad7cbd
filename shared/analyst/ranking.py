"""Personal ranking: what an analyst may want to see first, and why. Pure; page and commands rank alike.

The model is naive Bayes with Beta priors. An item has features (company, sector, events, source). A feature that was
rated `up` and `down` times multiplies the odds that the item is wanted by (up + PRIOR) / (down + PRIOR), the ratio of
the posterior means of its Beta(PRIOR, PRIOR); to follow a feature counts as FOLLOWED thumbs up. The item's strength,
in (0, 1], stands for the odds before: |score| x confidence of a signal, weight x recency of an article. So:

- a thumb up raises every item that shares a feature, none more than the one that was rated, and moves no other;
- a thumb down does the opposite, and taking a thumb back undoes it;
- the order of the ratings does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.clock import HOUR
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MARKET, MICRO
from shared.contract.signals import Signal, events_of
from shared.event_classes.former import class_of_former
from shared.event_classes.selection import event_words
from shared.reading.readers.profiles import Interests, Rating
from shared.universe.securities import Catalogue

PRIOR: Final = 2.0  # thumbs of each kind that every feature begins with: one thumb alone must not turn the page over
FOLLOWED: Final = 8.0  # thumbs up that following something is worth
HALF_LIFE_HOURS: Final = 24.0  # of an article
_LEAST: Final = 1e-6  # strength of what has none


@dataclass(frozen=True, slots=True)
class Item:
    """Something that can be recommended. `key` is the one of ratings, `group` what is shown once."""

    key: str
    group: str
    company: str
    strength: float
    features: tuple[str, ...]  # "company:AAPL", "sector:Energy", "event:earnings", "source:wire"
    basis: str  # where the strength comes from, in words


@dataclass(frozen=True, slots=True)
class Ranked:
    """An item with its place's reasons. `score` is a logarithm of odds: only its order means something."""

    item: Item
    score: float
    reasons: tuple[str, ...]
    followed: bool
    rated: int  # the reader's own thumb on it: -1, 0, 1


def article(document: RecentDocument, now: int) -> Item:
    """A document on a company; `now` is the run's newest `available_at`."""
    age = max(0.0, (now - document.available_at) / HOUR)
    strength = document.weight / MICRO * 0.5 ** (age / HALF_LIFE_HOURS)
    features = [*_of_company(document.company), f"source:{document.source}"]
    features += [f"event:{document.event_class}"] if document.event else []
    return Item(
        key=f"article:{document.id}:{document.company}",
        group=document.story or document.id,
        company=document.company,
        strength=max(strength, _LEAST),
        features=tuple(features),
        basis=f"{_age(age)} old, weight {document.weight / MICRO:.0%}",
    )


def recommendation(signal: Signal) -> Item:
    """A signal on a company."""
    events = sorted(f"event:{name}" for name in events_of(signal))
    return Item(
        key=f"signal:{signal.strategy}:{signal.company}:{signal.at}",
        group=signal.company,
        company=signal.company,
        strength=max(abs(signal.score) / MICRO * signal.confidence / MICRO, _LEAST),
        features=(*_of_company(signal.company), *events),
        basis=f"{signal.action} {signal.score / MICRO:+.2f}, confidence {signal.confidence / MICRO:.0%}",
    )


def rank(
    items: Iterable[Item], interests: Interests, ratings: Mapping[str, Rating], most: int = 10_000
) -> list[Ranked]:
    """The `most` best, best first, ties by key; of each group the best alone."""
    counts = counted(ratings.values())
    scored = [(_score(item, interests, counts), item) for item in items]
    scored.sort(key=lambda each: (-each[0], each[1].key))
    first: dict[str, tuple[float, Item]] = {}
    for each in scored:
        first.setdefault(each[1].group, each)
    best = list(first.values())[:most]
    return [_ranked(item, score, interests, ratings) for score, item in best]


def counted(ratings: Iterable[Rating]) -> dict[str, tuple[int, int]]:
    """Feature -> (thumbs up, thumbs down)."""
    counts: dict[str, tuple[int, int]] = {}
    for rating in ratings:
        for feature in {_of_now(feature) for feature in rating.features}:
            up, down = counts.get(feature, (0, 0))
            counts[feature] = (up + (rating.value > 0), down + (rating.value < 0))
    return counts


def _of_now(feature: str) -> str:
    """A feature as items have it: a rating of a former version may name a former event class."""
    kind, _, value = feature.partition(":")
    return f"event:{class_of_former(value)}" if kind == "event" else feature


def weight(feature: str, followed: bool, counts: Mapping[str, tuple[int, int]]) -> float:
    """The logarithm by which a feature moves the odds."""
    up, down = counts.get(feature, (0, 0))
    return math.log((up + PRIOR + (FOLLOWED if followed else 0.0)) / (down + PRIOR))


def _score(item: Item, interests: Interests, counts: Mapping[str, tuple[int, int]]) -> float:
    moved = math.fsum(weight(f, is_followed(f, interests), counts) for f in item.features)
    return math.log(item.strength) + moved


def _ranked(item: Item, score: float, interests: Interests, ratings: Mapping[str, Rating]) -> Ranked:
    follows = [feature for feature in item.features if is_followed(feature, interests)]
    own = ratings.get(item.key)
    reasons = [f"followed: {', '.join(map(words, follows))}"] if follows else []
    reasons += _liked(item, ratings)
    return Ranked(item, score, (*reasons, item.basis), bool(follows), own.value if own else 0)


def _liked(item: Item, ratings: Mapping[str, Rating]) -> list[str]:
    """`you liked 3 similar (Energy, earnings)`, and the same for what was turned down."""
    found = []
    for value, said in ((1, "you liked"), (-1, "you turned down")):
        similar = [set(map(_of_now, r.features)) & set(item.features) for r in ratings.values() if r.value == value]
        similar = [shared for shared in similar if shared]
        if similar:
            often = sorted(item.features, key=lambda f: (-sum(f in shared for shared in similar), f))
            named = [words(f) for f in often[:2] if any(f in shared for shared in similar)]
            found.append(f"{said} {len(similar)} similar ({', '.join(named)})")
    return found


def is_followed(feature: str, interests: Interests) -> bool:
    kind, _, value = feature.partition(":")
    if kind == "company":
        return value in interests.companies
    if kind == "event":
        return class_of_former(value) in interests.event_classes
    return kind == "sector" and value in interests.sectors


def words(feature: str) -> str:
    """A feature for a person: `AAPL`, `sector Energy`, `earnings`, `source wire`."""
    kind, _, value = feature.partition(":")
    if kind == "company":
        known = Catalogue.load().by_id.get(value)
        return known.ticker if known else value
    return event_words(value) if kind == "event" else f"{kind} {value}"


def _of_company(company: str) -> list[str]:
    known = Catalogue.load().by_id.get(company)
    if company == MARKET:
        return []
    return [f"company:{company}", *([f"sector:{known.sector}"] if known and known.sector else [])]


def _age(hours: float) -> str:
    if hours < 1:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
