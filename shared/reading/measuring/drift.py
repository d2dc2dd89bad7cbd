"""Drift: whether what is scored differs from what was scored in the 28 days before. Pure; in words: docs/drift.md.

The newest two days of market time (a day alone would compare a morning with whole days) are compared with the 28 days
before them by the Jensen-Shannon divergence in bits: 0 for equal shares, 1 for nothing in common. It is drift when that
is more than the limit, the larger of two:

    chance  what two samples of these sizes from one source differ by, once in a thousand times:
            JSD ~ (1/n + 1/m) / (8 ln 2) * chi2(K - 1), for K values [1]
    habit   half more than nine in ten pairs of neighbouring days of the 28 differ from their other days: weekends and
            earnings seasons are no news, and documents are no independent draws

plus SMALLEST, so that no difference is reported that nobody would call one.

[1] The leading term of both the G and the chi-squared statistic of two samples; S. Kullback, Information Theory and
    Statistics (1959), chapter 6. The quantile of chi-squared is Wilson's and Hilferty's (1931).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from shared.contract.operation.composition import Composition

BEFORE: Final = 28  # days to compare with
NEW: Final = 2  # days that are compared
FEWEST_DAYS: Final = 7  # of the 28, that hold anything
FEWEST: Final = 50  # documents or opinions, of either side
SMALLEST: Final = 0.005  # bits
HABIT: Final = 1.5
HABIT_QUANTILE: Final = 0.9
CHANCE_Z: Final = 3.09  # of the normal distribution: 0.999

Counts = Mapping[str, int]


class Moved(NamedTuple):
    """A value whose share changed, by how much it adds to the distance."""

    value: str
    before: float
    now: float


class Drift(NamedTuple):
    """One kind: `distance` and `limit` in bits; `moved`: its values, those first that differ most."""

    kind: str
    distance: float
    limit: float
    compared: int  # documents or opinions of the newest days
    moved: tuple[Moved, ...]

    @property
    def drifting(self) -> bool:
        return self.distance > self.limit


def _sentiment(day: Composition) -> Counts:
    return {"positive": day.positive, "neutral": day.neutral, "negative": day.negative}


def _confidence(day: Composition) -> Counts:
    return {f"{tenth / 10:.1f}": count for tenth, count in enumerate(day.confidence) if count}


def _linked(day: Composition) -> Counts:
    return {"linked": day.documents - day.unlinked, "unlinked": day.unlinked}


KINDS: Final = {
    "sentiment": _sentiment,
    "event": lambda day: day.events,
    "confidence": _confidence,
    "language": lambda day: day.languages,
    "unlinked": _linked,
}


def drifts(days: Mapping[int, Composition]) -> list[Drift]:
    """Every kind of which there is enough to compare, in the order of KINDS. `days`: RunView.compositions."""
    if not days:
        return []
    first = max(days) - NEW + 1
    new = [days[number] for number in days if number >= first]
    old = {number: day for number, day in days.items() if first - BEFORE <= number < first}
    return [found for kind in KINDS if (found := _of(kind, new, old)) is not None]


def _of(kind: str, new: Sequence[Composition], old: Mapping[int, Composition]) -> Drift | None:
    read = KINDS[kind]
    counted = {number: read(day) for number, day in old.items()}
    counted = {number: counts for number, counts in counted.items() if sum(counts.values())}
    now, before = _sum(read(day) for day in new), _sum(counted.values())
    if len(counted) < FEWEST_DAYS or min(sum(now.values()), sum(before.values())) < FEWEST:
        return None
    limit = SMALLEST + max(chance(now, before), _habit(counted, before))
    return Drift(kind, divergence(now, before), limit, sum(now.values()), _moved(now, before))


def in_words(drift: Drift) -> str:
    """What moved, in a line."""
    moved = ", ".join(f"{each.value} {each.before:.1%} to {each.now:.1%}" for each in drift.moved[:3])
    return f"{drift.kind} of the newest two days differs from the 28 before: {moved} (docs/drift.md)"


def divergence(first: Counts, second: Counts) -> float:
    """Jensen-Shannon divergence of the shares, in bits: 0 to 1, the same either way round. 0 where a side is empty."""
    return min(1.0, max(0.0, math.fsum(part for part in _parts(first, second).values())))


def _parts(first: Counts, second: Counts) -> dict[str, float]:
    """What each value adds to the divergence."""
    n, m = sum(first.values()), sum(second.values())
    if not n or not m:
        return {}
    found = {}
    for value in first.keys() | second.keys():
        p, q = first.get(value, 0) / n, second.get(value, 0) / m
        middle = (p + q) / 2
        found[value] = sum(each * math.log2(each / middle) for each in (p, q) if each) / 2
    return found


def chance(first: Counts, second: Counts) -> float:
    """The divergence that two samples of these sizes from one source stay below 999 times in a thousand, in bits."""
    values = sum(1 for value in first.keys() | second.keys() if first.get(value, 0) + second.get(value, 0))
    freedom = max(1, values - 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + CHANCE_Z * math.sqrt(spread)) ** 3
    return (1 / sum(first.values()) + 1 / sum(second.values())) / (8 * math.log(2)) * quantile


def _habit(counted: Mapping[int, Counts], before: Counts) -> float:
    """Of pairs of neighbouring days against the other days of the reference."""
    found = []
    for number in sorted(counted):
        pair = _sum(counted[each] for each in range(number, number + NEW) if each in counted)
        rest = {value: count - pair.get(value, 0) for value, count in before.items()}
        if sum(pair.values()) >= FEWEST and sum(rest.values()) >= FEWEST:
            found.append(divergence(pair, rest))
    if not found:
        return 0.0
    return HABIT * sorted(found)[min(len(found) - 1, int(HABIT_QUANTILE * len(found)))]


def _moved(now: Counts, before: Counts) -> tuple[Moved, ...]:
    n, m = sum(now.values()), sum(before.values())
    parts = _parts(now, before)
    return tuple(
        Moved(value, before.get(value, 0) / m, now.get(value, 0) / n)
        for value in sorted(parts, key=lambda value: (-parts[value], value))
    )


def _sum(some: Iterable[Counts]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for counts in some:
        for value, count in counts.items():
            whole[value] = whole.get(value, 0) + count
    return whole
