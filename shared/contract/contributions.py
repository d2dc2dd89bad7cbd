"""How much each document moved a weighted mean: the one formula of evidence, alerts and "why did it move". Pure.

Of a change m0 -> m1 of a mean of scores s under weights, with shares p0 and p1 of the weight before and after (absent:
0), a document's contribution is (p1 - p0) * (s - (m0 + m1) / 2). Over all documents they add up to m1 - m0 exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple


class Mean(NamedTuple):
    """A weighted mean as its two sums: of weights, above 0, and of weight times score (micro-units)."""

    weight: int
    score: int

    @property
    def value(self) -> Fraction:
        """The mean, in micro-units."""
        return Fraction(self.score, self.weight)


class Moved(NamedTuple):
    """A document's weight before and after (0: it was not there), and its score in micro-units."""

    before: int
    after: int
    score: int


def contribution(moved: Moved, before: Mean, after: Mean) -> Fraction:
    """The document's exact part in the change from `before` to `after`, in micro-units."""
    shares = Fraction(moved.after, after.weight) - Fraction(moved.before, before.weight)
    return shares * (moved.score - (before.value + after.value) / 2)


def contributions(known: Iterable[Moved], before: Mean, after: Mean) -> tuple[list[int], int]:
    """(each known document's part, the part of all others), whole micro-units that add up to the change, rounded."""
    parts = _rounded(list(known), before, after)
    return parts, round(after.value - before.value) - sum(parts)


def _rounded(known: list[Moved], before: Mean, after: Mean) -> list[int]:
    """`contribution` of many over one denominator: signals are made of a hundred documents, by the thousand."""
    w0, w1 = before.weight, after.weight
    middle = before.score * w1 + after.score * w0  # of (m0 + m1) * w0 * w1
    below = 2 * (w0 * w1) ** 2
    tops = [(one.after * w0 - one.before * w1) * (2 * one.score * w0 * w1 - middle) for one in known]
    return [(2 * top + below) // (2 * below) for top in tops]


def largest_first(parts: Iterable[tuple[int, str]], towards: int) -> list[tuple[int, str]]:
    """(contribution, document id) by what moved the mean most the way of `towards` (a signed score; 0: either way)."""
    if towards:
        return sorted(parts, key=lambda part: (-part[0] if towards > 0 else part[0], part[1]))
    return sorted(parts, key=lambda part: (-abs(part[0]), part[1]))
