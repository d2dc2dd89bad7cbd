"""A company's sentiment over time, bucket by bucket, as the API, agents and commands give it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from shared.clock import SECOND, to_iso
from shared.contract.aggregates import DETAILED, SECONDS, Bucket, Resolution
from shared.contract.events import Channel
from shared.reading.measuring.measures import Sums
from shared.reading.values.buckets import MAX_STARTS, Row

MOST_BUCKETS: Final = 2 * MAX_STARTS  # of one question


class TooLong(ValueError):
    """A stretch with more buckets than one question may ask for; the text names the remedy."""


class Stored(Protocol):
    """Buckets of a run that lives, or of one as it was."""

    def rows(
        self, companies: Iterable[str], channels: Sequence[Channel], starts: Mapping[Resolution, Sequence[int]]
    ) -> list[Row]: ...

    def distinct_each(
        self, company: str, resolution: Resolution, channels: Mapping[int, Collection[Channel]]
    ) -> dict[int, tuple[int, int]]: ...


class HasBuckets(Protocol):
    @property
    def buckets(self) -> Stored: ...


def series(
    run: HasBuckets, company: str, resolution: Resolution, channels: Sequence[Channel], start: int, end: int
) -> list[dict[str, Any]]:
    """The buckets that begin in [start, end) seconds and hold anything, oldest first. Raises TooLong.

    `authors` and `stories` are distinct over the channels; None for minutes, which keep neither.
    """
    step = SECONDS[resolution]
    starts = range(-(-start // step) * step, end, step)
    if len(starts) > MOST_BUCKETS:
        raise TooLong(
            f"{len(starts):,} buckets of a {resolution}, {MOST_BUCKETS:,} at most; narrow the range, or ask for a "
            "coarser resolution"
        )
    found: dict[int, dict[Channel, Bucket]] = {}
    for row in run.buckets.rows([company], channels, {resolution: list(starts)}):
        found.setdefault(row.start, {})[row.channel] = row.bucket
    distinct = _distinct(run, company, resolution, found)
    return [
        {"start": to_iso(at * SECOND)}
        | Sums.of(found[at].values()).plain()
        | dict(zip(("authors", "stories"), distinct.get(at, (None, None)), strict=True))
        for at in sorted(found)
    ]


def _distinct(
    run: HasBuckets, company: str, resolution: Resolution, found: dict[int, dict[Channel, Bucket]]
) -> dict[int, tuple[int, int]]:
    """(authors, stories) of each start; only where several channels have a bucket do their names have to be read."""
    if resolution not in DETAILED:
        return {}
    counts = {at: (bucket.authors, bucket.stories) for at, own in found.items() for bucket in own.values()}
    several = {at: own.keys() for at, own in found.items() if len(own) > 1}
    return counts | (run.buckets.distinct_each(company, resolution, several) if several else {})


def most_frequent(counts: Iterable[dict[str, int]]) -> list[tuple[str, int]]:
    """Counters added up, largest first, ties by name."""
    total: dict[str, int] = {}
    for some in counts:
        for name, count in some.items():
            total[name] = total.get(name, 0) + count
    return sorted(total.items(), key=lambda item: (-item[1], item[0]))
