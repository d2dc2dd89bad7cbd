"""What the page For you shows: a profile, what could be recommended to it, ranked. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dashboard.reading import snapshots
from shared.analyst import ranking
from shared.analyst.ranking import Item, Ranked
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.events import CHANNELS, MARKET, Channel
from shared.contract.signals import Signal
from shared.reading.measuring.windows import Window, clock
from shared.reading.readers.profiles import Follow, Interests, Rating
from shared.reading.run import RunView
from shared.universe.securities import Catalogue

NEWEST: Final = 300  # of all companies, that may be recommended
REACH_HOURS: Final = 72  # of the followed companies' documents
MOST_COMPANIES: Final = 120  # followed ones whose documents are read


@dataclass(frozen=True, slots=True)
class Profile:
    """One analyst."""

    name: str
    follows: tuple[Follow, ...]
    ratings: Mapping[str, Rating]
    known: tuple[str, ...]  # names of all profiles

    @property
    def lists(self) -> list[str]:
        return sorted({follow.list for follow in self.follows})

    def interests(self, chosen: str = "") -> Interests:
        return Interests.of(self.follows, chosen)


def read_profile(run: RunView, name: str) -> Profile:
    """Raises redis.RedisError."""
    profiles = run.profiles
    known = sorted({name, *profiles.names()})
    return Profile(name, tuple(profiles.follows(name)), profiles.ratings(name), tuple(known))


def followed_companies(interests: Interests) -> list[str]:
    """Companies that are followed by name, then those of followed sectors."""
    by_sector = [c.id for c in Catalogue.load().instruments if c.sector in interests.sectors]
    return list(dict.fromkeys([*sorted(interests.companies), *by_sector]))[:MOST_COMPANIES]


def documents(
    run: RunView, interests: Interests, channels: Sequence[Channel], wall: int, window: Window
) -> tuple[int, list[RecentDocument]]:
    """(the page's time, documents that may be recommended): the newest of all, and those of what is followed; of a
    window that has an end, those that lie in it. `wall`: the wall clock."""
    now = clock(run.newest().values(), wall)
    start = now - REACH_HOURS * HOUR
    if window.end is not None:
        now, start = window.end * SECOND - 1, (window.end - window.seconds) * SECOND
    followed = followed_companies(interests)
    own = run.documents.between(followed, start, now + 1) if followed else []
    newest = snapshots.feed(run, CHANNELS, NEWEST, wall, window)
    both = {(d.id, d.company): d for d in [*own, *newest] if d.channel in channels}
    return now, [document for document in both.values() if document.company != MARKET]


def ranked_signals(signals: Iterable[Signal], profile: Profile, interests: Interests, most: int) -> list[Ranked]:
    return ranking.rank(map(ranking.recommendation, signals), interests, profile.ratings, most)


def ranked_articles(
    found: tuple[int, Sequence[RecentDocument]], profile: Profile, interests: Interests, most: int
) -> list[Ranked]:
    newest, some = found
    return ranking.rank((ranking.article(d, newest) for d in some), interests, profile.ratings, most)


def signals_of(signals: Iterable[Signal], interests: Interests) -> list[Signal]:
    """The signals on what is followed: by company, sector, or an event class that is talked of."""
    return [s for s in signals if any(ranking.is_followed(f, interests) for f in ranking.recommendation(s).features)]


def only_followed(items: Iterable[Ranked]) -> list[Ranked]:
    return [each for each in items if each.followed]


def features_of(ranked: Iterable[Ranked]) -> dict[str, Item]:
    """Items by key, for a thumb that is put on one."""
    return {each.item.key: each.item for each in ranked}
