"""What one opinion weighs, and which way it leans. Pure, all integers, so that sums do not depend on an order.

Confidence is the largest of the three probabilities; w = share x confidence, where a document's companies share its
weight by relevance (decisions/0090); s = positive - negative. Every product is brought back to micro-units ONCE per
opinion by `rescale`, before it is added: the nearest integer, a tie away from zero, so that swapping positive and
negative exactly flips the sign of a score.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from shared.contract.events import MICRO, Opinion

Label = Literal["positive", "neutral", "negative"]
MICRO_SQUARED: Final = MICRO * MICRO


class Contribution(NamedTuple):
    """What one opinion adds, in micro-units. weight 0..MICRO; score and score_square within +-weight."""

    label: Label
    weight: int
    score: int
    score_square: int


def rescale(product: int, unit: int) -> int:
    """product / unit to the nearest integer, a tie away from zero."""
    half = unit >> 1
    return (product + half) // unit if product >= 0 else -((half - product) // unit)


def class_of(negative: int, neutral: int, positive: int) -> tuple[Label, int]:
    """The class of an opinion, and its confidence; a tie between classes is neutral."""
    if positive > negative:
        return ("positive" if positive > neutral else "neutral"), max(positive, neutral)
    label: Label = "negative" if negative > neutral and negative > positive else "neutral"
    return label, max(negative, neutral)


def contribution(opinion: Opinion) -> Contribution:
    """Weight, score and class of one opinion."""
    negative, positive = opinion.negative, opinion.positive
    label, confidence = class_of(negative, opinion.neutral, positive)
    weight = rescale(opinion.share * confidence, MICRO)
    sentiment = positive - negative
    product = weight * sentiment
    return Contribution(label, weight, rescale(product, MICRO), rescale(product * sentiment, MICRO_SQUARED))
