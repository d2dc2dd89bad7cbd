"""What a signal looks back at: capped buckets, summed once per stretch of hours between two closes. Pure.

Two neighbouring signals share most of their look-back, so it is made of blocks. A block's decayed sums are those at its
end; a signal only has to age them. Whether a block was remembered or made anew changes nothing: it is the same function
of the same buckets (docs/decisions/0051).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import gcd, inf
from typing import Final, NamedTuple

from services.aggregation.signals.strategy import Caps, Strategy
from shared.clock import DAY_SECONDS, HOUR_SECONDS
from shared.contract.aggregates import Bucket, Share
from shared.contract.events import MICRO, Channel
from shared.contract.voices import by_author, pairs_in
from shared.contract.weighing import rescale

WEEK_SECONDS: Final = 7 * DAY_SECONDS
NO_CAP: Final = 2**62  # micro-units
WEEKS: Final = 5  # hours a week apart that hour_buzz compares, the present one among them


class Capped(NamedTuple):
    """One bucket after the caps on authors and stories. Sums in micro-units."""

    start: int
    channel: Channel
    documents: int
    weight: int
    score: int
    square: int
    authors: int
    stories: int
    sources: Mapping[str, int]
    events: Mapping[str, int]


class Shared(NamedTuple):
    """A bucket with its shares, the pairs of shared/contract/voices.py among its authors'."""

    start: int
    channel: Channel
    bucket: Bucket
    authors: Mapping[str, Share]
    stories: Mapping[str, Share]


def cap(some: Sequence[Shared], caps: Caps) -> list[Capped]:
    """The buckets of one company and stretch, one of each channel, in which no author, no feed without authors and no
    telling of a story weighs more than its cap, all channels together.

    A document is cut by the cap that cuts it more, so one who is over his cap neither makes room for another nor takes
    any. Integers throughout: the order of the shares does not matter. A strategy without a cap on feeds is one of a
    former version, and is given what it was given.
    """
    pairs = [pairs_in(each.authors) for each in some]
    told = [sum([share.documents for _, share in own]) for own in pairs]
    if caps[2] == inf or told != [each.bucket.documents for each in some]:
        return [_capped(each, *_cut_formerly(each, caps)) for each in some]
    author_cap, story_cap, feed_cap = (int(each * MICRO) if each < inf else NO_CAP for each in caps)
    voices: dict[str, int] = {}
    tellings: dict[str, int] = {}
    for own in pairs:
        for pair, share in own:
            voices[pair.voice] = voices.get(pair.voice, 0) + share.weight_sum
            tellings[pair.telling] = tellings.get(pair.telling, 0) + share.weight_sum
    found = []
    for each, own in zip(some, pairs, strict=True):
        weight, score = each.bucket.weight_sum, each.bucket.score_sum
        for pair, share in own:
            by_voice, by_telling = voices[pair.voice], tellings[pair.telling]
            most = feed_cap if pair.of_feed else author_cap
            whole = by_voice
            if by_telling * most > by_voice * story_cap:  # the telling is further above its cap than the voice
                most, whole = story_cap, by_telling
            if whole > most:
                weight -= share.weight_sum - rescale(share.weight_sum * most, whole)
                score -= share.score_sum - rescale(share.score_sum * most, whole)
        found.append(_capped(each, weight, score))
    return found


def _capped(whole: Shared, weight: int, score: int) -> Capped:
    bucket = whole.bucket
    square = bucket.score_square_sum * weight // bucket.weight_sum if bucket.weight_sum else 0
    counts = (bucket.authors, bucket.stories, bucket.sources, bucket.events)
    return Capped(whole.start, whole.channel, bucket.documents, weight, score, square, *counts)


def _cut_formerly(whole: Shared, caps: Caps) -> tuple[int, int]:
    """A bucket of a former version, or one of its documents: by what is known of authors and of stories apart, of which
    the one that cuts more decides."""
    authors, stories = by_author(whole.authors).values(), whole.stories.values()
    by_authors = _cut(whole.bucket, authors, int(caps[0] * MICRO))
    return min(by_authors, _cut(whole.bucket, stories, int(caps[1] * MICRO)))


def _cut(bucket: Bucket, shares: Iterable[Share], most: int) -> tuple[int, int]:
    weight, score = bucket.weight_sum, bucket.score_sum
    for share in shares:
        if share.weight_sum > most:
            weight -= share.weight_sum - most
            score -= share.score_sum - rescale(share.score_sum * most, share.weight_sum)
    return weight, score


class Shape(NamedTuple):
    """What a block depends on beside its buckets; strategies that agree in it share their blocks."""

    caps: Caps
    half_life: float  # hours
    size: int  # seconds of one block; divides the cadence (so a day, too) and the look-back

    @classmethod
    def of(cls, strategy: Strategy) -> Shape:
        size = gcd(strategy.cadence_hours, strategy.lookback_hours) * HOUR_SECONDS
        return cls(strategy.caps, strategy.half_life_hours, size)


class Voice(NamedTuple):
    """One channel's part of a block: documents, and weight and score decayed at the half-life to the block's end."""

    documents: int
    weight: float
    score: float


class Block(NamedTuple):
    """The sums of a company's hours in [start, start + size). ``levels``: weight and score, decayed from the middle of
    their hour to the block's end, at the half-life, a quarter of it and three of it.
    """

    start: int
    levels: tuple[float, float, float, float, float, float]
    voices: Mapping[Channel, Voice]
    documents: int
    authors: int
    stories: int
    weight: int
    score: int
    square: int
    sources: Mapping[str, int]
    events: Mapping[str, int]
    hours: Mapping[int, int]  # start -> documents, ascending


class Day(NamedTuple):
    """A day of the baseline, over all channels. ``buckets`` 0: silence."""

    documents: int
    weight: int
    score: int
    buckets: int


Blocks = Mapping[int, Block | None]  # start -> block; None: silence
Days = Mapping[int, Day | None]  # start -> day; None: silence
QUIET: Final = Day(0, 0, 0, 0)
SILENT: Final = Voice(0, 0.0, 0.0)


def block_of(begin: int, rows: Sequence[Capped], shape: Shape) -> Block:
    """A block of the capped hours in it, ascending by start and channel. The hot loop of a replay: local names."""
    decays, end = decays_from(-0.5, shape.half_life, shape.size // HOUR_SECONDS), begin + shape.size
    w = s = quick_w = quick_s = slow_w = slow_s = 0.0
    documents = authors = stories = weights = scores = squares = 0
    sources: dict[str, int] = {}
    events: dict[str, int] = {}
    hours: dict[int, int] = {}
    voices: dict[Channel, Voice] = {}
    for start, channel, count, weight, score, square, writers, told, by_source, by_event in rows:
        normal, quick, slow = decays[(end - start) // HOUR_SECONDS]
        now_w, now_s = normal * weight, normal * score
        w += now_w
        s += now_s
        quick_w += quick * weight
        quick_s += quick * score
        slow_w += slow * weight
        slow_s += slow * score
        documents += count
        authors += writers
        stories += told
        weights += weight
        scores += score
        squares += square
        hours[start] = hours.get(start, 0) + count
        before = voices.get(channel, SILENT)
        voices[channel] = Voice(before[0] + count, before[1] + now_w, before[2] + now_s)
        add_counts(sources, by_source)
        add_counts(events, by_event)
    levels = (w, s, quick_w, quick_s, slow_w, slow_s)
    return Block(begin, levels, voices, documents, authors, stories, weights, scores, squares, sources, events, hours)


@lru_cache(maxsize=256)
def decays_from(first: float, half_life: float, hours: int) -> list[tuple[float, float, float]]:
    """Decay over first, first + 1, … first + `hours` hours, at one, a quarter and three half-lives."""
    ages = [first + hour for hour in range(hours + 1)]
    return [(0.5 ** (a / half_life), 0.5 ** (a / (half_life / 4)), 0.5 ** (a / (half_life * 3))) for a in ages]


def add_counts(counts: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts up by name, in place."""
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number


def day_of(rows: Iterable[Capped]) -> Day:
    """One day's buckets of all channels as one."""
    documents = weight = score = buckets = 0
    for row in rows:
        documents += row.documents
        weight += row.weight
        score += row.score
        buckets += 1
    return Day(documents, weight, score, buckets)


# -- what counts at T
def block_starts(at: int, strategy: Strategy) -> range:
    """The blocks of [T - lookback, T)."""
    return range(at - strategy.lookback_hours * HOUR_SECONDS, at, Shape.of(strategy).size)


def weekly_hours(at: int) -> list[int]:
    """The last hour before T and the same hour of the weeks before it."""
    return [at - HOUR_SECONDS - week * WEEK_SECONDS for week in range(WEEKS)]


def baseline_starts(at: int, strategy: Strategy) -> range:
    """The days of the baseline: whole ones that end at least a day before T."""
    last = (at - DAY_SECONDS) // DAY_SECONDS * DAY_SECONDS
    return range(last - strategy.baseline_days * DAY_SECONDS, last, DAY_SECONDS)


@dataclass(frozen=True, slots=True)
class LookBack:
    """All that a signal at ``at`` knows: what does not end at or before T is not in it, whatever was remembered."""

    at: int
    blocks: Sequence[Block]  # ascending by start, without silence
    weeks: tuple[int, ...]  # documents of `weekly_hours`
    baseline: Sequence[Day]  # from the company's first day on: silence before it was followed says nothing

    @property
    def documents(self) -> int:
        """Documents of the look-back."""
        return sum([block.documents for block in self.blocks])

    def last_day(self) -> list[Block]:
        """The blocks of the last 24 hours."""
        return [block for block in self.blocks if block.start >= self.at - DAY_SECONDS]

    def latest_hours(self, most: int) -> list[int]:
        """The latest hours in which something was heard, latest first."""
        heard = (hour for block in reversed(self.blocks) for hour in reversed(block.hours))
        return list(islice(heard, most))


def look_back(at: int, blocks: Blocks, days: Days, strategy: Strategy) -> LookBack:
    """Choose from what is known of a company what counts at T, in seconds, a multiple of the cadence."""
    size = Shape.of(strategy).size
    heard = [block for start in block_starts(at, strategy) if (block := blocks.get(start)) is not None]
    weeks = [
        block.hours.get(hour, 0) if (block := blocks.get(hour // size * size)) is not None else 0
        for hour in weekly_hours(at)
    ]
    baseline = [days.get(start) or QUIET for start in baseline_starts(at, strategy)]
    first = next((number for number, day in enumerate(baseline) if day.buckets), len(baseline))
    return LookBack(at, heard, tuple(weeks), baseline[first:])
