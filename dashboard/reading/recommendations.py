"""What the page For you shows: a profile, what could be recommended to it, the ranked items as data. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import pandas as pd

from dashboard.drawing import formats, plots, tables
from dashboard.drawing.palette import Palette
from dashboard.reading import snapshots
from dashboard.reading.companies import label
from shared.analyst import ranking
from shared.analyst.ranking import Item, Ranked
from shared.clock import HOUR
from shared.contract.aggregates import RecentDocument
from shared.contract.events import CHANNELS, MARKET, MICRO, Channel
from shared.contract.signals import Signal
from shared.reading.profiles import Follow, Interests, Rating
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
    by_sector = [c.id for c in Catalogue.load().companies if c.sector in interests.sectors]
    return list(dict.fromkeys([*sorted(interests.companies), *by_sector]))[:MOST_COMPANIES]


def documents(run: RunView, interests: Interests, channels: Sequence[Channel]) -> tuple[int, list[RecentDocument]]:
    """(the run's newest time, documents that may be recommended): the newest of all, and those of what is followed."""
    newest = max(run.newest().values(), default=0)
    followed = followed_companies(interests)
    own = run.documents.between(followed, newest - REACH_HOURS * HOUR, newest + 1) if followed else []
    both = {(d.id, d.company): d for d in [*own, *snapshots.feed(run, CHANNELS, NEWEST)] if d.channel in channels}
    return newest, [document for document in both.values() if document.company != MARKET]


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


def signal_items(
    ranked: Sequence[Ranked], signals: Iterable[Signal], zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """Recommended companies as data of the list component."""
    by_key = {ranking.recommendation(signal).key: signal for signal in signals}
    return [_signal_item(each, by_key[each.item.key], zone, colours) for each in ranked]


def _signal_item(ranked: Ranked, signal: Signal, zone: tzinfo, colours: Palette) -> dict[str, Any]:
    named = label(signal.company)
    return {
        "key": ranked.item.key,
        "time": formats.moment(signal.at, zone)[:6],
        "moment": f"signal for {formats.moment(signal.at, zone, year=True)}",
        "company": signal.company,
        "ticker": named.ticker,
        "name": named.long,
        "title": f"{named.name}: {signal.action}",
        "excerpt": tables.reason_text(signal),
        "url": "",
        "tags": [named.sector, f"{signal.documents:,} documents", signal.strategy],
        "why": why(ranked),
        "rated": ranked.rated,
        "synthetic": signal.synthetic,
        **plots.score_bar(signal.score / MICRO, signal.confidence, colours),
    }


def article_items(
    ranked: Sequence[Ranked], found: Sequence[RecentDocument], zone: tzinfo, colours: Palette
) -> list[dict[str, Any]]:
    """Recommended articles as data of the list component."""
    by_key = {f"article:{d.id}:{d.company}": d for d in found}
    wanted = [by_key[each.item.key] for each in ranked]
    shown = plots.document_items(wanted, zone, colours, detailed=True)
    return [
        item | {"key": each.item.key, "why": why(each), "rated": each.rated, "excerpt": ""}
        for item, each in zip(shown, ranked, strict=True)
    ]


def why(ranked: Ranked) -> str:
    return "; ".join(ranked.reasons)


def table(ranked: Sequence[Ranked], titles: Mapping[str, str]) -> pd.DataFrame:
    """Ranked items as the rows of a CSV file; `titles` by key."""
    rows = [
        {
            "rank": place,
            "ticker": label(each.item.company).ticker,
            "what": titles.get(each.item.key, ""),
            "why": why(each),
            "score": round(each.score, 4),
            "thumb": each.rated,
            "key": each.item.key,
        }
        for place, each in enumerate(ranked, 1)
    ]
    return pd.DataFrame(rows, columns=["rank", "ticker", "what", "why", "score", "thumb", "key"])


def features_of(ranked: Iterable[Ranked]) -> dict[str, Item]:
    """Items by key, for a thumb that is put on one."""
    return {each.item.key: each.item for each in ranked}
