"""Features of one company at T, from its buckets that end at or before T. Pure; plain floats,
fixed order of summation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from services.aggregation.buckets import rescale
from services.aggregation.strategy import EVENT_PREFIX, Strategy
from shared.aggregates import Bucket, Share
from shared.events import MICRO

HOUR: Final = 3600
DAY: Final = 86400
DEVIATION_FLOOR: Final = 0.1  # sentiment: a quiet baseline must not turn a whisper into a shout


class Capped(NamedTuple):
    """One bucket after the caps on authors and stories. Sums in micro-units."""

    start: int
    documents: int
    weight: int
    score: int
    square: int
    authors: int
    stories: int
    sources: Mapping[str, int]
    events: Mapping[str, int]


Hours = Mapping[str, Sequence[Capped]]  # channel -> ascending by start


def cap(
    start: int,
    bucket: Bucket,
    authors: Iterable[Share],
    stories: Iterable[Share],
    author_cap: float,
    story_cap: float,
) -> Capped:
    """A bucket in which no author and no story weighs more than its cap.

    Both caps are applied to the same sums, so the one that cuts more decides; opinions without an author are not cut by
    the author's. Integers throughout: the order of the shares does not matter.
    """
    by_author = _cut(bucket, authors, int(author_cap * MICRO))
    by_story = _cut(bucket, stories, int(story_cap * MICRO))
    weight, score = min(by_author, by_story)
    square = bucket.score_square_sum * weight // bucket.weight_sum if bucket.weight_sum else 0
    return Capped(
        start, bucket.documents, weight, score, square, bucket.authors, bucket.stories, bucket.sources, bucket.events
    )


def _cut(bucket: Bucket, shares: Iterable[Share], most: int) -> tuple[int, int]:
    weight, score = bucket.weight_sum, bucket.score_sum
    for share in shares:
        if share.weight_sum > most:
            weight -= share.weight_sum - most
            score -= share.score_sum - rescale(share.score_sum * most, share.weight_sum)
    return weight, score


def features(at: int, hours: Hours, days: Hours, strategy: Strategy) -> dict[str, float]:
    """Every feature of FEATURES, and event.NAME for each class seen. `at` is T in seconds.

    hours: capped hour buckets in [T - lookback, T) and, for hour_buzz, earlier ones may be among them; days: capped day
    buckets. What does not end at or before T is left out here, whatever the caller passes.
    """
    end, begin = at, at - strategy.lookback_hours * HOUR
    recent = {
        channel: [h for h in some if begin <= h.start and h.start + HOUR <= end] for channel, some in hours.items()
    }
    both = sorted((h for some in recent.values() for h in some), key=lambda h: h.start)
    last_day = [h for h in both if h.start >= at - DAY]
    baseline = _baseline(at, days, strategy)
    half_life = strategy.half_life_hours
    documents = sum(h.documents for h in both)
    found = {
        "level": _level(at, both, half_life, strategy.prior_documents),
        "change": _level(at, both, half_life / 4, strategy.prior_documents)
        - _level(at, both, half_life * 3, strategy.prior_documents),
        "surprise": _surprise(last_day, baseline, strategy.prior_documents),
        "buzz": _z(sum(h.documents for h in last_day), [sum(d.documents for d in day) for day in baseline]),
        "hour_buzz": _hour_buzz(at, hours),
        "dispersion": _dispersion(both),
        "disagreement": _disagreement(at, recent, half_life, strategy.prior_documents),
        "source_diversity": _effective_sources(both) - 1.0 if both else 0.0,
        "author_diversity": _ratio(sum(h.authors for h in both), documents),
        "novelty": _ratio(sum(h.stories for h in last_day), sum(h.documents for h in last_day)),
    }
    for name, count in sorted(_events(both).items()):
        found[EVENT_PREFIX + name] = count / documents
    return found


def _level(at: int, hours: Sequence[Capped], half_life: float, prior: float) -> float:
    weight, score = prior * MICRO, 0.0
    for h in hours:
        decay = 0.5 ** ((at - h.start - HOUR / 2) / HOUR / half_life)
        weight += decay * h.weight
        score += decay * h.score
    return score / weight if weight else 0.0


def _baseline(at: int, days: Hours, strategy: Strategy) -> list[list[Capped]]:
    """The day buckets of the baseline: whole days that end at least a day before T, one list (maybe empty) a day.

    Days before the company's first one are left out: silence before a company was followed says nothing.
    """
    last = (at - DAY) // DAY * DAY
    first = last - strategy.baseline_days * DAY
    by_day: dict[int, list[Capped]] = {}
    for some in days.values():
        for d in some:
            if first <= d.start < last:
                by_day.setdefault(d.start, []).append(d)
    if not by_day:
        return []
    return [by_day.get(start, []) for start in range(min(by_day), last, DAY)]


def _surprise(last_day: Sequence[Capped], baseline: Sequence[Sequence[Capped]], prior: float) -> float:
    means = [_mean(day, prior) for day in baseline if day]
    if len(means) < 5 or not last_day:
        return 0.0
    average = sum(means) / len(means)
    deviation = math.sqrt(sum((m - average) ** 2 for m in means) / (len(means) - 1))
    return (_mean(last_day, prior) - average) / max(deviation, DEVIATION_FLOOR)


def _mean(some: Sequence[Capped], prior: float) -> float:
    return sum(c.score for c in some) / (prior * MICRO + sum(c.weight for c in some))


def _z(value: float, past: Sequence[float]) -> float:
    """(value - mean) / deviation, the deviation at least that of a Poisson count; 0 with fewer than 5 past values."""
    if len(past) < 5:
        return 0.0
    average = sum(past) / len(past)
    variance = sum((p - average) ** 2 for p in past) / (len(past) - 1)
    return (value - average) / math.sqrt(max(variance, average, 1.0))


def _hour_buzz(at: int, hours: Hours) -> float:
    counts: dict[int, int] = {}
    for some in hours.values():
        for h in some:
            counts[h.start] = counts.get(h.start, 0) + h.documents
    now = at - HOUR
    past = [counts.get(now - week * 7 * DAY, 0) for week in range(1, 5)]
    average = sum(past) / len(past)
    return (counts.get(now, 0) - average) / math.sqrt(max(average, 1.0))


def _dispersion(hours: Sequence[Capped]) -> float:
    weight = sum(h.weight for h in hours)
    if weight <= 0:
        return 0.0
    mean = sum(h.score for h in hours) / weight
    return math.sqrt(max(0.0, sum(h.square for h in hours) / weight - mean * mean))


def _disagreement(at: int, recent: Hours, half_life: float, prior: float) -> float:
    news, social = recent.get("news", ()), recent.get("social", ())
    if not news or not social:
        return 0.0
    return _level(at, news, half_life, prior) - _level(at, social, half_life, prior)


def _effective_sources(hours: Sequence[Capped]) -> float:
    counts: dict[str, int] = {}
    for h in hours:
        for name, count in h.sources.items():
            counts[name] = counts.get(name, 0) + count
    total = sum(counts.values())
    return total * total / sum(count * count for count in counts.values()) if total else 0.0


def _events(hours: Sequence[Capped]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for h in hours:
        for name, count in h.events.items():
            counts[name] = counts.get(name, 0) + count
    return counts


def _ratio(part: int, whole: int) -> float:
    return min(1.0, part / whole) if whole else 0.0
