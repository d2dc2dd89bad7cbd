"""Features of one company at T, from its look-back. Pure; plain floats, fixed order of summation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from services.aggregation.signals.lookback import SILENT, Block, Day, LookBack, Shape, add_counts, decays_from
from services.aggregation.signals.strategy import Strategy
from shared.clock import HOUR_SECONDS
from shared.contract.events import CHANNELS, MICRO
from shared.contract.signals import EVENT_PREFIX
from shared.event_classes.selection import in_classes

DEVIATION_FLOOR: Final = 0.1  # sentiment: a quiet baseline must not turn a whisper into a shout


def features(look: LookBack, strategy: Strategy, peers: LookBack | None = None) -> dict[str, float]:
    """Every feature of FEATURES, and event.NAME for each class seen; those of peers where they are given."""
    blocks, last_day, prior = look.blocks, look.last_day(), strategy.prior_documents
    aged = _aged(look, strategy)
    normal, quick, slow = _levels(aged)
    documents, last_documents = look.documents, sum([block.documents for block in last_day])
    sources: dict[str, int] = {}
    events: dict[str, int] = {}
    for block in blocks:
        add_counts(sources, block.sources)
        add_counts(events, block.events)
    found = {
        "level": _level(*normal, prior),
        "change": _level(*quick, prior) - _level(*slow, prior),
        "surprise": _surprise(last_day, look.baseline, prior),
        "buzz": _z(last_documents, [day.documents for day in look.baseline]),
        "hour_buzz": _hour_buzz(look.weeks),
        "dispersion": _dispersion(blocks),
        "disagreement": _disagreement(aged, prior),
        "source_diversity": _effective_sources(sources),
        "author_diversity": _ratio(sum([block.authors for block in blocks]), documents),
        "novelty": _ratio(sum([block.stories for block in last_day]), last_documents),
    }
    for name, count in sorted(in_classes(events).items()):
        found[EVENT_PREFIX + name] = count / documents
    return found | (_of_peers(peers, strategy) if peers is not None else {})


def _of_peers(look: LookBack, strategy: Strategy) -> dict[str, float]:
    """What a company hears of others, as level and change of its own are made."""
    normal, quick, slow = _levels(_aged(look, strategy))
    prior = strategy.prior_documents
    return {"peers_level": _level(*normal, prior), "peers_change": _level(*quick, prior) - _level(*slow, prior)}


def standing(look: LookBack, strategy: Strategy) -> Level:
    """Weight and weighted score of `level` at T, in micro-units, without the prior."""
    return _levels(_aged(look, strategy))[0]


Level = tuple[float, float]  # weight, score


Aged = Sequence[tuple[Block, tuple[float, float, float]]]


def _aged(look: LookBack, strategy: Strategy) -> Aged:
    """Blocks in order, each with its decay from its end to T at the half-life, a quarter of it and three of it."""
    shape = Shape.of(strategy)
    decays, last = decays_from(0.0, shape.half_life, strategy.lookback_hours), look.at - shape.size
    return [(block, decays[(last - block.start) // HOUR_SECONDS]) for block in look.blocks]


def _levels(aged: Aged) -> tuple[Level, Level, Level]:
    w = s = quick_w = quick_s = slow_w = slow_s = 0.0
    for block, (normal, quick, slow) in aged:
        levels = block.levels
        w += normal * levels[0]
        s += normal * levels[1]
        quick_w += quick * levels[2]
        quick_s += quick * levels[3]
        slow_w += slow * levels[4]
        slow_s += slow * levels[5]
    return (w, s), (quick_w, quick_s), (slow_w, slow_s)


def _level(weight: float, score: float, prior: float) -> float:
    weight += prior * MICRO
    return score / weight if weight else 0.0


def _surprise(last_day: Sequence[Block], baseline: Sequence[Day], prior: float) -> float:
    micro = prior * MICRO
    means = [score / (micro + weight) for _, weight, score, buckets in baseline if buckets]
    if len(means) < 5 or not last_day:
        return 0.0
    average = sum(means) / len(means)
    deviation = math.sqrt(sum([(m - average) ** 2 for m in means]) / (len(means) - 1))
    return (_mean(last_day, prior) - average) / max(deviation, DEVIATION_FLOOR)


def _mean(some: Sequence[Block], prior: float) -> float:
    return sum([block.score for block in some]) / (prior * MICRO + sum([block.weight for block in some]))


def _z(value: float, past: Sequence[float]) -> float:
    """(value - mean) / deviation, the deviation at least that of a Poisson count; 0 with fewer than 5 past values."""
    if len(past) < 5:
        return 0.0
    average = sum(past) / len(past)
    variance = sum([(p - average) ** 2 for p in past]) / (len(past) - 1)
    return (value - average) / math.sqrt(max(variance, average, 1.0))


def _hour_buzz(weeks: Sequence[int]) -> float:
    """The last hour's documents against the mean of the same hour of the weeks before."""
    average = sum(weeks[1:]) / (len(weeks) - 1)
    return (weeks[0] - average) / math.sqrt(max(average, 1.0))


def _dispersion(blocks: Sequence[Block]) -> float:
    weight = sum([block.weight for block in blocks])
    if weight <= 0:
        return 0.0
    mean = sum([block.score for block in blocks]) / weight
    return math.sqrt(max(0.0, sum([block.square for block in blocks]) / weight - mean * mean))


def _disagreement(aged: Aged, prior: float) -> float:
    found = []
    for channel in CHANNELS:
        documents, weight, score = 0, 0.0, 0.0
        for block, (normal, _, _) in aged:
            voice = block.voices.get(channel, SILENT)
            documents += voice[0]
            weight += normal * voice[1]
            score += normal * voice[2]
        if not documents:
            return 0.0
        found.append(_level(weight, score, prior))
    return found[0] - found[1]


def _effective_sources(counts: Mapping[str, int]) -> float:
    total = sum(counts.values())
    return total * total / sum([count * count for count in counts.values()]) - 1.0 if total else 0.0


def _ratio(part: int, whole: int) -> float:
    return min(1.0, part / whole) if whole else 0.0
