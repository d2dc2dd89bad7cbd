"""The arithmetic of aggregates: what one opinion adds to a bucket. Pure, all integers, so that order never matters.

Confidence is the largest of the three probabilities; w = share x confidence, where a document's companies share its
weight by relevance (decisions/0090); s = positive - negative. Every product is brought back to micro-units ONCE per
opinion by `rescale`, before it is added: the nearest integer, a tie away from zero, so that swapping positive and
negative exactly flips the sign of a score.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from shared.clock import SECOND
from shared.contract.aggregates import SECONDS, Bucket, Resolution, Share
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


def contribution(opinion: Opinion) -> Contribution:
    """Weight, score and class of one opinion; a tie between classes is neutral."""
    negative, neutral, positive = opinion.negative, opinion.neutral, opinion.positive
    if positive > negative:
        label: Label = "positive" if positive > neutral else "neutral"
        confidence = max(positive, neutral)
    else:
        label = "negative" if negative > neutral and negative > positive else "neutral"
        confidence = max(negative, neutral)
    weight = rescale(opinion.share * confidence, MICRO)
    sentiment = positive - negative
    product = weight * sentiment
    return Contribution(label, weight, rescale(product, MICRO), rescale(product * sentiment, MICRO_SQUARED))


def bucket_start(available_at: int, resolution: Resolution) -> int:
    """Start, in seconds since the epoch, of the bucket [start, end) that holds an instant in microseconds."""
    size = SECONDS[resolution]
    return available_at // (size * SECOND) * size


def oldest_start(newest: int, keep: int, resolution: Resolution) -> int:
    """Start of the oldest bucket kept when a company's highest available_at is `newest` and `keep` microseconds stay.

    Whole buckets: the one that holds newest - keep stays. It only ever grows with `newest`, so what an early cut drops
    a later one would drop too, and the result does not depend on the order of arrival.
    """
    return bucket_start(newest - keep, resolution)


def add(bucket: Bucket, opinion: Opinion, part: Contribution) -> None:
    """Add one opinion to a bucket in place (distinct authors and stories are counted by who knows them)."""
    bucket.documents += 1
    if part.label == "neutral":
        bucket.neutral += 1
    elif part.label == "positive":
        bucket.positive += 1
    else:
        bucket.negative += 1
    bucket.weight_sum += part.weight
    bucket.score_sum += part.score
    bucket.score_square_sum += part.score_square
    sources = bucket.sources
    sources[opinion.source] = sources.get(opinion.source, 0) + 1
    if opinion.event:
        events = bucket.events
        events[opinion.event] = events.get(opinion.event, 0) + 1


def bucket_of(opinion: Opinion, part: Contribution) -> Bucket:
    """A bucket of one opinion: what `add` makes of an empty one, in half the time (most minutes hold just one)."""
    return Bucket(
        1,
        1 if part.label == "positive" else 0,
        1 if part.label == "neutral" else 0,
        1 if part.label == "negative" else 0,
        part.weight,
        part.score,
        part.score_square,
        0,
        0,
        {opinion.source: 1},
        {opinion.event: 1} if opinion.event else {},
    )


def add_share(share: Share, part: Contribution) -> None:
    """Add one opinion to its author's or its story's part of a bucket, in place."""
    share.documents += 1
    share.weight_sum += part.weight
    share.score_sum += part.score


def copy_bucket(bucket: Bucket) -> Bucket:
    """A copy that shares nothing with the original."""
    return Bucket(
        bucket.documents,
        bucket.positive,
        bucket.neutral,
        bucket.negative,
        bucket.weight_sum,
        bucket.score_sum,
        bucket.score_square_sum,
        bucket.authors,
        bucket.stories,
        bucket.sources.copy(),
        bucket.events.copy(),
    )


def copy_share(share: Share) -> Share:
    """A copy of a share."""
    return Share(share.documents, share.weight_sum, share.score_sum)
