"""What is said of the companies that one listens to, over a window and the one before it.

Read of their own buckets: a company is heard here whether or not opinions are passed on to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.clock import SECOND, to_datetime
from shared.contract.aggregates import Bucket
from shared.contract.events import MICRO, Channel
from shared.reading.known import Counted
from shared.reading.measuring.market import compared
from shared.reading.measuring.measures import Sums
from shared.reading.measuring.windows import Period, Window, clock, needed, period
from shared.universe.relations.graph import Relations
from shared.universe.relations.relation import Relation


class Peer(NamedTuple):
    """`row`: documents, sentiment, change, … as of a company of the market."""

    relation: Relation
    row: dict[str, Any]


class Peers(NamedTuple):
    """The strongest relation first. `level`: the mean over all of them, each by its weight; None where none is heard.
    `before`: of the window before."""

    company: str
    span: Period
    peers: list[Peer]
    level: float | None
    before: float | None


def peers_of(
    run: Counted, relations: Relations, company: str, window: Window, channels: Sequence[Channel], wall: int
) -> Peers:
    """By the relations of the window's last day. `wall`: the wall clock. Raises redis.RedisError."""
    now = clock(run.newest().values(), wall) or wall
    span = period(now, window)
    related = relations.of(company, to_datetime(span.end * SECOND - 1).date())
    found: dict[str, tuple[list[Bucket], list[Bucket]]] = {each.other: ([], []) for each in related}
    for row in run.buckets.rows(list(found), channels, needed(span, window)):
        found[row.company][row.start < span.start].append(row.bucket)
    peers = [Peer(each, compared(each.other, *found[each.other])) for each in related]
    return Peers(company, span, peers, *(_level(related, found, side) for side in (0, 1)))


def _level(related: Sequence[Relation], found: dict[str, tuple[list[Bucket], list[Bucket]]], side: int) -> float | None:
    weight = score = 0
    for each in related:
        own = Sums.of(found[each.other][side])
        weight += own.weight_sum * abs(each.weight)
        score += own.score_sum * each.weight
    return score / weight if weight else None


def peer_row(peer: Peer, name: str) -> dict[str, Any]:
    """A peer as plain data. `name`: of the company."""
    relation, row = peer
    return {
        "company": relation.other,
        "name": name,
        "kind": relation.kind,
        "weight": relation.weight / MICRO,
        "from": relation.start or None,
        "until": relation.end or None,
        "source": relation.source or None,
        "documents": row["documents"],
        "documents_before": row["documents_before"],
        "sentiment": row["sentiment"],
        "sentiment_before": row["sentiment_before"],
        "change": row["change"],
    }
