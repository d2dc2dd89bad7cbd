"""The arithmetic of aggregates: what one opinion adds to a bucket. Pure, all integers, so that order never matters.

How much it weighs, and what it says: shared/contract/weighing.py.
"""

from __future__ import annotations

from shared.clock import SECOND
from shared.contract.aggregates import SECONDS, Bucket, Resolution, Share
from shared.contract.events import Opinion
from shared.contract.weighing import Contribution


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
