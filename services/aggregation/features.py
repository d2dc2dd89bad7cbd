"""Features of one company at T, from its buckets that end at or before T. Pure; plain floats,
fixed order of summation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
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


@dataclass(frozen=True, slots=True)
class _Sums:
    """One channel's look-back in one pass: decayed sums at three half-lives, and the plain ones."""

    levels: tuple[float, ...]  # weight, score at the half-life, a quarter of it, and three of it
    count: int
    documents: int
    authors: int
    weight: int
    score: int
    square: int
    sources: dict[str, int]
    events: dict[str, int]


def _summed(rows: Sequence[Capped], at: int, decays: Sequence[tuple[float, float, float]]) -> _Sums:
    """Buckets in order; `decays` by age in hours. The hot loop of a replay: local names."""
    w = s = quick_w = quick_s = slow_w = slow_s = 0.0
    documents = authors = weights = scores = squares = 0
    sources: dict[str, int] = {}
    events: dict[str, int] = {}
    for start, count, weight, score, square, writers, _, by_source, by_event in rows:
        normal, quick, slow = decays[(at - start) // HOUR]
        w += normal * weight
        s += normal * score
        quick_w += quick * weight
        quick_s += quick * score
        slow_w += slow * weight
        slow_s += slow * score
        documents += count
        authors += writers
        weights += weight
        scores += score
        squares += square
        for name, number in by_source.items():
            sources[name] = sources.get(name, 0) + number
        for name, number in by_event.items():
            events[name] = events.get(name, 0) + number
    levels = (w, s, quick_w, quick_s, slow_w, slow_s)
    return _Sums(levels, len(rows), documents, authors, weights, scores, squares, sources, events)


@lru_cache(maxsize=256)
def _decays(half_life: float, hours: int) -> list[tuple[float, float, float]]:
    """Decay from the middle of a bucket that began 0, 1, … `hours` ago, at one, a quarter and three half-lives."""
    ages = [hour - 0.5 for hour in range(hours + 1)]
    return [(0.5 ** (a / half_life), 0.5 ** (a / (half_life / 4)), 0.5 ** (a / (half_life * 3))) for a in ages]


def features(at: int, hours: Hours, days: Hours, strategy: Strategy) -> dict[str, float]:
    """Every feature of FEATURES, and event.NAME for each class seen. `at` is T in seconds.

    hours: capped hour buckets in [T - lookback, T) and, for hour_buzz, earlier ones may be among them; days: capped day
    buckets. What does not end at or before T is left out here, whatever the caller passes.
    """
    begin, last = at - strategy.lookback_hours * HOUR, at - HOUR
    decays = _decays(strategy.half_life_hours, strategy.lookback_hours)
    last_day: list[Capped] = []
    channels: dict[str, _Sums] = {}
    for channel in sorted(hours):
        rows = [h for h in hours[channel] if begin <= h[0] <= last]  # h[0]: start
        channels[channel] = _summed(rows, at, decays)
        last_day += [h for h in rows if h[0] >= at - DAY]
    baseline, prior = _baseline(at, days, strategy), strategy.prior_documents
    normal, quick, slow = ([_total(channels, k), _total(channels, k + 1)] for k in (0, 2, 4))
    documents = sum(s.documents for s in channels.values())
    last_documents = sum(h.documents for h in last_day)
    found = {
        "level": _level(normal, prior),
        "change": _level(quick, prior) - _level(slow, prior),
        "surprise": _surprise(last_day, baseline, prior),
        "buzz": _z(last_documents, [documents for documents, _, _, _ in baseline]),
        "hour_buzz": _hour_buzz(at, hours),
        "dispersion": _dispersion(channels),
        "disagreement": _disagreement(channels, prior),
        "source_diversity": _effective_sources(channels),
        "author_diversity": _ratio(sum(s.authors for s in channels.values()), documents),
        "novelty": _ratio(sum(h.stories for h in last_day), last_documents),
    }
    for name, count in sorted(_merged([s.events for s in channels.values()]).items()):
        found[EVENT_PREFIX + name] = count / documents
    return found


def _total(channels: Mapping[str, _Sums], index: int) -> float:
    return sum([sums.levels[index] for sums in channels.values()])


def _level(weight_and_score: Sequence[float], prior: float) -> float:
    weight = prior * MICRO + weight_and_score[0]
    return weight_and_score[1] / weight if weight else 0.0


_Day = tuple[int, int, int, int]  # of the baseline, over all channels: documents, weight, score, buckets (0: silence)
_QUIET: Final[_Day] = (0, 0, 0, 0)


def _baseline(at: int, days: Hours, strategy: Strategy) -> list[_Day]:
    """The day buckets of the baseline: whole days that end at least a day before T, summed over channels.

    Days before the company's first one are left out: silence before a company was followed says nothing.
    """
    last = (at - DAY) // DAY * DAY
    first = last - strategy.baseline_days * DAY
    by_day: dict[int, _Day] = {}
    for some in days.values():
        for start, documents, weight, score, *_ in [d for d in some if first <= d[0] < last]:  # d[0]: start
            before = by_day.get(start)
            by_day[start] = (
                (documents, weight, score, 1)
                if before is None
                else (before[0] + documents, before[1] + weight, before[2] + score, before[3] + 1)
            )
    if not by_day:
        return []
    return [by_day.get(start, _QUIET) for start in range(min(by_day), last, DAY)]


def _surprise(last_day: Sequence[Capped], baseline: Sequence[_Day], prior: float) -> float:
    means = [score / (prior * MICRO + weight) for _, weight, score, buckets in baseline if buckets]
    if len(means) < 5 or not last_day:
        return 0.0
    average = sum(means) / len(means)
    deviation = math.sqrt(sum([(m - average) ** 2 for m in means]) / (len(means) - 1))
    return (_mean(last_day, prior) - average) / max(deviation, DEVIATION_FLOOR)


def _mean(some: Sequence[Capped], prior: float) -> float:
    return sum(c.score for c in some) / (prior * MICRO + sum(c.weight for c in some))


def _z(value: float, past: Sequence[float]) -> float:
    """(value - mean) / deviation, the deviation at least that of a Poisson count; 0 with fewer than 5 past values."""
    if len(past) < 5:
        return 0.0
    average = sum(past) / len(past)
    variance = sum([(p - average) ** 2 for p in past]) / (len(past) - 1)
    return (value - average) / math.sqrt(max(variance, average, 1.0))


def _hour_buzz(at: int, hours: Hours) -> float:
    now = at - HOUR
    wanted = {now - week * 7 * DAY: week for week in range(5)}
    counts = [0] * 5
    for some in hours.values():
        for h in [h for h in some if h[0] in wanted]:  # h[0]: start
            counts[wanted[h[0]]] += h.documents
    average = sum(counts[1:]) / 4
    return (counts[0] - average) / math.sqrt(max(average, 1.0))


def _dispersion(channels: Mapping[str, _Sums]) -> float:
    weight = sum(s.weight for s in channels.values())
    if weight <= 0:
        return 0.0
    mean = sum(s.score for s in channels.values()) / weight
    return math.sqrt(max(0.0, sum(s.square for s in channels.values()) / weight - mean * mean))


def _disagreement(channels: Mapping[str, _Sums], prior: float) -> float:
    news, social = channels.get("news"), channels.get("social")
    if news is None or social is None or not news.count or not social.count:
        return 0.0
    return _level(news.levels, prior) - _level(social.levels, prior)


def _effective_sources(channels: Mapping[str, _Sums]) -> float:
    counts = _merged([s.sources for s in channels.values()]).values()
    total = sum(counts)
    return total * total / sum(count * count for count in counts) - 1.0 if total else 0.0


def _merged(some: Sequence[Mapping[str, int]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in some:
        for name, count in each.items():
            counts[name] = counts.get(name, 0) + count
    return counts


def _ratio(part: int, whole: int) -> float:
    return min(1.0, part / whole) if whole else 0.0
