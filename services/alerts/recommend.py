"""What a profile may want to see first, for a script: the ranking of the page For you (shared/analyst/ranking.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import redis

from shared.analyst import ranking
from shared.analyst.ranking import Item, Ranked
from shared.contract.events import MARKET
from shared.reading.archive.tables import ArchiveTables
from shared.reading.readers.profiles import Interests, Profiles, Rating
from shared.reading.run import RunView
from shared.reading.values.documents import EVER
from shared.universe.securities import Catalogue

COMPANIES_READ: Final = 60  # whose recent documents are looked at, besides those of followed companies


class UnknownItem(LookupError):
    """A key that nothing recommended has; the text says where to find one."""


def candidates(
    client: redis.Redis, run: str, interests: Interests, archive: ArchiveTables | None = None
) -> tuple[list[Item], dict[str, str], list[Item]]:
    """(signals, titles by key, articles) that may be recommended. Raises UnknownRun, redis.RedisError."""
    view = RunView.open(client, run, archive)
    newest, signals = view.newest(), view.signals.latest()
    latest = sorted(set(newest) - {MARKET}, key=lambda company: (-newest[company], company))[:COMPANIES_READ]
    known = Catalogue.load().by_id
    own = [c for c in newest if c in interests.companies or (c in known and known[c].sector in interests.sectors)]
    documents = view.documents.between(dict.fromkeys([*own, *latest]), *EVER)
    now = max(newest.values(), default=0)
    titles = {ranking.recommendation(s).key: f"{s.company}: {s.action}" for s in signals}
    titles |= {ranking.article(d, now).key: d.title or d.excerpt[:160] for d in documents}
    return list(map(ranking.recommendation, signals)), titles, [ranking.article(d, now) for d in documents]


def recommend(
    client: redis.Redis, run: str, profile: str, most: int, archive: ArchiveTables | None = None
) -> dict[str, Any]:
    """`companies` and `articles`, best first, each with `key`, `what`, `reasons`, `followed` and `thumb`."""
    profiles = Profiles(client)
    interests, ratings = Interests.of(profiles.follows(profile)), profiles.ratings(profile)
    signals, titles, articles = candidates(client, run, interests, archive)
    return {
        "profile": profile,
        "companies": _plain(ranking.rank(signals, interests, ratings, most), titles),
        "articles": _plain(ranking.rank(articles, interests, ratings, most), titles),
    }


def rate(
    client: redis.Redis, run: str, profile: str, key: str, value: int, now: int, archive: ArchiveTables | None = None
) -> None:
    """Put a thumb (1, -1; 0 takes it back) on what `recommend` calls `key`. Raises UnknownItem."""
    profiles = Profiles(client)
    signals, _, articles = candidates(client, run, Interests.of(profiles.follows(profile)), archive)
    item = next((each for each in (*signals, *articles) if each.key == key), None)
    if item is None and value:
        raise UnknownItem(f"no current recommendation has the key {key!r}; see: bellwether watchlist recommend --json")
    rating = Rating(value=1 if value > 0 else -1, at=now, features=item.features) if item and value else None
    profiles.rate(profile, key, rating)


def _plain(ranked: Iterable[Ranked], titles: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "key": each.item.key,
            "company": each.item.company,
            "what": titles[each.item.key],
            "reasons": list(each.reasons),
            "followed": each.followed,
            "thumb": each.rated,
            "score": round(each.score, 6),
        }
        for each in ranked
    ]
