"""Why a company's sentiment moved over a stretch of time: the stretch against the equally long one before it.

The means are those that pages and API show, of the buckets. Documents come from the archive, and from what the
aggregates keep; what neither has is one sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from shared.clock import DAY_SECONDS, HOUR, HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument, as_recent
from shared.contract.archive import OPINIONS
from shared.contract.contributions import Mean
from shared.contract.events import MICRO, Channel, Opinion, decode_opinion
from shared.contract.weighing import contribution
from shared.reading.archive.tables import ArchiveTables, NoArchive, all_of, quoted
from shared.reading.known import Counted, Kept, Told
from shared.reading.measuring.measures import Sums
from shared.reading.measuring.windows import Period, between, clock, needed, period
from shared.reading.unfolding.movement import NEUTRAL, EventPart, Weighed, unfold

MOST_SECONDS: Final = 400 * DAY_SECONDS  # of a stretch


class Movement(NamedTuple):
    """`events` and `others` add up to `change`, micro-units. None: nothing was written in that stretch; what came
    before is taken as neutral then."""

    company: str
    span: Period
    before: Mean | None
    after: Mean | None
    documents_before: int  # as counted by the aggregates
    documents: int
    named: int  # of both together, those that are known one by one
    events: tuple[EventPart, ...] = ()
    others: int = 0

    @property
    def change(self) -> int | None:
        """None where nothing was written in the stretch."""
        return None if self.after is None else round(self.after.value - (self.before or NEUTRAL).value)

    @property
    def unnamed(self) -> int:
        return max(self.documents_before + self.documents - self.named, 0)


def stretch(start: int, end: int) -> Period:
    """[start, end) seconds, outwards to whole hours (whole days of UTC, where it is long), and as long before it."""
    return period(0, between("", start, end))


def newest_stretch(run: Counted, wall: int, seconds: int = DAY_SECONDS) -> tuple[int, int]:
    """[start, end) seconds: the latest `seconds`, to the end of the hour of the newest opinion of all."""
    newest = clock(run.newest().values(), wall) or wall
    end = (newest // HOUR + 1) * HOUR_SECONDS
    return end - seconds, end


def moved(
    run: Told,
    tables: ArchiveTables,
    company: str,
    channels: Sequence[Channel],
    start: int,
    end: int,
    known: str = "",
) -> Movement:
    """With what is archived; `known`: as of archived_opinions. Raises redis.RedisError."""
    archived = run.documents.shown(archived_opinions(tables, company, stretch(start, end), known))
    return movement(run, archived, company, channels, start, end)


def movement(
    run: Kept, archived: Iterable[RecentDocument], company: str, channels: Sequence[Channel], start: int, end: int
) -> Movement:
    """Over [start, end) seconds, outwards to whole hours. `archived`: of the same stretch, and of the one before,
    as they may be shown now.

    Raises redis.RedisError.
    """
    window = between("", start, end)
    span = period(0, window)
    rows = run.buckets.rows([company], channels, needed(span, window))
    sums = [Sums.of(row.bucket for row in rows if (row.start >= span.start) == after) for after in (False, True)]
    known = {each.id: each for each in run.documents.behind(company, span.before, span.end)}
    known |= {each.id: each for each in archived}
    documents = [each for each in known.values() if each.channel in channels]
    parts = [
        [each for each in documents if (each.available_at >= span.start * SECOND) == after] for after in (False, True)
    ]
    before, after = (_mean(total, some) for total, some in zip(sums, parts, strict=True))
    counted = (sums[0].documents, sums[1].documents, len(documents))
    if after is None:
        return Movement(company, span, before, None, *counted)
    weighed = [Weighed(each, each.weight, 0) for each in parts[0]] if before else []
    weighed += [Weighed(each, 0, each.weight) for each in parts[1]]
    events, others = unfold(weighed, before or NEUTRAL, after)
    return Movement(company, span, before, after, *counted, events, others)


def _mean(sums: Sums, documents: Sequence[RecentDocument]) -> Mean | None:
    """As the buckets have it, where each opinion is rounded to micro-units; exact, where every document is known."""
    if not sums.weight_sum:
        return None
    weight = sum(each.weight for each in documents)
    if len(documents) == sums.documents and weight == sums.weight_sum:
        return Mean(weight, sum(each.weight * (each.positive - each.negative) for each in documents))
    return Mean(sums.weight_sum, sums.score_sum * MICRO)


def archived_opinions(tables: ArchiveTables, company: str, span: Period, known: str = "") -> list[RecentDocument]:
    """What the archive has of a company in a stretch and the one before it, each document as it counted: the first
    time, and none that a rule dropped; empty without an archive. `known`: a condition on the records (SQL), for what
    had been applied by a moment."""
    begin, end = span.before * SECOND, span.end * SECOND
    where = all_of(
        f"company = {quoted(company)}", "kind = 'opinion'", f"available_at >= {begin}", f"available_at < {end}", known
    )
    columns = ["document_id", "value", "topic_id", "partition", "offset", "appended_at"]
    try:
        found = tables.rows(OPINIONS, columns, where) if tables.exists() else None
    except NoArchive:
        return []
    if found is None:
        return []
    rows = sorted(
        found.to_pylist(), key=lambda row: (row["appended_at"], row["topic_id"], row["partition"], row["offset"])
    )
    first: dict[str, RecentDocument] = {}
    for row in rows:
        if row["document_id"] not in first:
            opinion = decode_opinion(row["value"])
            if isinstance(opinion, Opinion) and not opinion.dropped:
                first[opinion.document_id] = as_recent(opinion, contribution(opinion).weight)
    return list(first.values())
