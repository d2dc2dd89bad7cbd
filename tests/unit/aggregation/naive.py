"""A recount that shares no code with services/aggregation: opinions one by one into plain dicts, with fractions.

It knows the documented rules only: weight, rounding, retention, and which copy counts (given as a set of origins).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from shared.contract.events import Opinion

SIZES = {"minute": 60, "hour": 3600, "day": 86400}
SHARE = ("documents", "weight_sum", "score_sum")
KEEP_DAYS = {"minute": 3, "hour": 400, "day": 7300}


def nearest(value: Fraction) -> int:
    """The nearest integer, a tie away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def recount(opinions: Iterable[Opinion]) -> bytes:
    """The canonical dump of distinct opinions, in any order."""
    everything = list(opinions)
    newest: dict[str, int] = {}
    for each in everything:
        newest[each.company] = max(newest.get(each.company, each.available_at), each.available_at)
    groups: dict[tuple[str, str, str, int], list[Opinion]] = defaultdict(list)
    for each in everything:
        for resolution, size in SIZES.items():
            start = each.available_at // 1_000_000 // size * size
            if (start + size) * 1_000_000 > newest[each.company] - KEEP_DAYS[resolution] * 86_400_000_000:
                groups[resolution, each.company, each.channel, start].append(each)
    return b"".join(_line(key, groups[key]) for key in sorted(groups))


def _line(key: tuple[str, str, str, int], members: list[Opinion]) -> bytes:
    resolution, company, channel, start = key
    value: dict[str, Any] = {
        "company": company,
        "channel": channel,
        "resolution": resolution,
        "start": (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "documents": len(members),
        "sources": _counts(m.source for m in members),
        "events": _counts(m.event for m in members if m.event),
        "authors": 0,
        "stories": 0,
    }
    for name in ("positive", "neutral", "negative"):
        value[name] = sum(_label(m) == name for m in members)
    for name, part in zip(("weight_sum", "score_sum", "score_square_sum"), range(3), strict=True):
        value[name] = sum(_parts(m)[part] for m in members)
    if resolution != "minute":
        by_author = _shares((m.author, m) for m in members if m.author).values()
        value["author_shares"] = sorted(by_author, key=lambda share: [share[name] for name in SHARE])
        value["story_shares"] = _shares((m.story, m) for m in members)
        value["authors"], value["stories"] = len(value["author_shares"]), len(value["story_shares"])
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _counts(names: Iterable[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for name in names:
        out[name] = out.get(name, 0) + 1
    return out


def _label(opinion: Opinion) -> str:
    values = {"negative": opinion.negative, "neutral": opinion.neutral, "positive": opinion.positive}
    best = [name for name, value in values.items() if value == max(values.values())]
    return best[0] if len(best) == 1 else "neutral"


def _parts(opinion: Opinion) -> tuple[int, int, int]:
    micro = 1_000_000
    confidence = max(opinion.negative, opinion.neutral, opinion.positive)
    weight = nearest(Fraction(opinion.relevance * confidence, micro))
    sentiment = Fraction(opinion.positive - opinion.negative, micro)
    return weight, nearest(weight * sentiment), nearest(weight * sentiment * sentiment)


def _shares(members: Iterable[tuple[str, Opinion]]) -> dict[str, dict[str, int]]:
    out: dict[str, dict[str, int]] = {}
    for name, opinion in members:
        weight, score, _ = _parts(opinion)
        share = out.setdefault(name, {"documents": 0, "weight_sum": 0, "score_sum": 0})
        share["documents"] += 1
        share["weight_sum"] += weight
        share["score_sum"] += score
    return out
