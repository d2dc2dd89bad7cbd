"""A batch of records of ONE slot and the loaded state -> everything that it changes, exactly once. Pure.

Records come in offset order; where batches are cut changes nothing (docs/decisions/0002). What the marks say was
applied is skipped; copies are recognised by the id window; ticks move watermarks; outcomes move dead letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.aggregation.core.buckets import (
    add,
    add_share,
    bucket_of,
    bucket_start,
    copy_bucket,
    copy_share,
    oldest_start,
)
from services.aggregation.core.composing import Composing
from services.aggregation.core.copies import AGAIN, COPY, FIRST, Copies, unread_mark
from services.aggregation.core.dead_letters import UNSCORED, apply_outcome
from services.aggregation.core.kept_documents import cut_recent, keep_recent, keep_top
from services.aggregation.core.state import Cell, CompanyDraft, Draft, Position, SlotState, Writes
from shared.clock import DAY, SECOND
from shared.contract.aggregates import (
    DETAILED,
    RESOLUTIONS,
    SECONDS,
    RecentDocument,
    Resolution,
    Share,
    Totals,
    as_recent,
)
from shared.contract.events import CHANNELS, PEERS, Channel, Echo, Opinion, OpinionMessage, Outcome, Tick
from shared.contract.voices import pair_name
from shared.contract.weighing import Contribution, contribution
from shared.settings import AggregationSettings

Decoded = tuple[int, OpinionMessage | None]  # offset in `opinions`, message (None: no schema of ours reads it)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings decide about the result (the rest of them only decides about speed). Microseconds."""

    keep: Mapping[Resolution, int]
    duplicates: int
    lateness: int
    signals: bool = True  # whether changed hours are noted for signals

    @classmethod
    def of(cls, settings: AggregationSettings) -> Rules:
        keep: dict[Resolution, int] = {
            "minute": settings.keep_minutes_days * DAY,
            "hour": settings.keep_hours_days * DAY,
            "day": settings.keep_days_days * DAY,
        }
        return cls(keep, settings.duplicate_days * DAY, settings.lateness_seconds * SECOND, bool(settings.strategies))


@dataclass(slots=True)
class Plan:
    """What one batch does. `expected` is the position it starts from, `position` the one it ends at."""

    slot: int
    expected: Position | None
    position: Position
    writes: Writes
    redelivered: int = 0  # records that the marks, or the position, said were applied


def plan(records: Sequence[Decoded], state: SlotState, position: Position, rules: Rules) -> Plan:
    """All that `records` (offset-ordered, ending just before `position`) change in `state`, which stays as it is."""
    step = Step(state, position, rules)
    start = state.position.offset if state.position is not None else 0
    for offset, message in records:
        if offset < start:
            step.plan.redelivered += 1
        elif isinstance(message, Opinion):
            step.opinion(message)
        elif isinstance(message, Tick):
            step.tick(message)
        elif message is None:
            step.totals.invalid += 1
        elif isinstance(message, Echo):
            step.opinion(message.opinion)
        elif message.state == UNSCORED:
            step.unscored(message)
        else:
            apply_outcome(message, step.copies.letter, step.writes.letters.__setitem__, step.totals)
    step.finish()
    return step.plan


class Step:
    """A batch half-way: reads see the state with the batch's own writes over it."""

    def __init__(self, state: SlotState, position: Position, rules: Rules) -> None:
        old = state.totals
        self.totals = Totals(**{name: getattr(old, name) for name in old.__struct_fields__})
        self.writes = Writes(self.totals)
        self.plan = Plan(state.slot, state.position, position, self.writes)
        self.state = state
        self.rules = rules
        self.copies = Copies(state, self.writes, rules.duplicates)
        self.composing = Composing(state, self.writes)

    # -- records
    def tick(self, tick: Tick) -> None:
        """Move the watermark of the tick's origin partition; it never goes back."""
        if tick.origin is None:
            self.totals.invalid += 1
            return
        stream = tick.origin.stream
        before = self.writes.watermarks.get(stream, self.state.watermarks.get(stream))
        if before is not None and tick.watermark <= before:
            return
        self.writes.watermarks[stream] = tick.watermark

    def opinion(self, opinion: Opinion) -> None:
        """Apply one opinion, unless it was applied before or is a copy."""
        verdict = self.copies.judge(opinion)
        if verdict is AGAIN:
            self.plan.redelivered += 1
            return
        if verdict is COPY:
            self.totals.duplicates += 1
            return
        if opinion.origin.index == 0 and not opinion.requeued_from:
            self.totals.documents_scored += 1
        if opinion.dropped:
            self.totals.dropped += 1
            return
        if opinion.company.startswith(PEERS):
            self.totals.echoes += 1
        else:
            self.totals.opinions_applied += 1
        self._count(opinion)

    def unscored(self, outcome: Outcome) -> None:
        """Count a document that no model reads, once: by the marks and the window of ids, as an opinion on nobody."""
        verdict = self.copies.judge(unread_mark(outcome))
        self.plan.redelivered += verdict is AGAIN
        self.totals.duplicates += verdict is COPY
        if verdict is FIRST:
            self.totals.documents_unscored += 1
            self.composing.unscored(outcome)

    # -- one opinion into its buckets
    def _count(self, opinion: Opinion) -> None:
        company = self._company(opinion.company)
        at = opinion.available_at
        if company.newest is None or at > company.newest:
            company.newest = at
        behind = at < company.newest  # retention can only concern what is
        part = contribution(opinion)
        self.composing.opinion(opinion, part)
        kept = False
        for resolution in RESOLUTIONS:
            start = bucket_start(at, resolution)
            if behind and start < oldest_start(company.newest, self.rules.keep[resolution], resolution):
                continue
            kept = True
            self._add(opinion, part, resolution, start)
        if not kept:
            self.totals.late += 1
            return
        hour = bucket_start(at, "hour")
        changed = not behind or hour >= oldest_start(company.newest, self.rules.keep["hour"], "hour")
        if changed:
            self._changed(opinion.company, hour)
        if opinion.company.startswith(PEERS):
            return  # echoes have no words to be shown
        document = as_recent(opinion, part.weight)
        keep_recent(company, document)
        if changed:
            self._top(opinion.company, hour, document)

    def _add(self, opinion: Opinion, part: Contribution, resolution: Resolution, start: int) -> None:
        key = (opinion.company, opinion.channel, resolution, start)
        detailed = resolution in DETAILED
        draft = self.writes.cells.get(key)
        if draft is not None:
            add(draft.bucket, opinion, part)
        else:
            base = self._cell(*key)
            if base is None:
                draft = Draft(None, bucket_of(opinion, part), detailed)
            else:
                draft = Draft(base, copy_bucket(base.bucket), detailed)
                add(draft.bucket, opinion, part)
            self.writes.cells[key] = draft
        if detailed:
            base = draft.base
            if opinion.author and _share(draft.authors, base.authors if base else None, opinion.author, part):
                draft.bucket.authors += 1
            if _share(draft.stories, base.stories if base else None, opinion.story, part):
                draft.bucket.stories += 1
            _share(draft.authors, base.authors if base else None, pair_name(opinion, part.label), part)

    def _changed(self, company: str, hour: int) -> None:
        """Note an hour for signals: late when they were given out for its end."""
        if self.rules.signals:
            closed = self.state.closed
            late = closed is not None and hour + SECONDS["hour"] <= closed
            (self.writes.late if late else self.writes.pending).add((company, hour))

    def _top(self, company: str, hour: int, document: RecentDocument) -> None:
        known = self.writes.tops.get((company, hour))
        if known is None:
            known = self.state.tops.get((company, hour), [])
        better = keep_top(known, document)
        if better is not None:
            self.writes.tops[company, hour] = better

    def _company(self, company: str) -> CompanyDraft:
        draft = self.writes.companies.get(company)
        if draft is None:
            known = self.state.companies.get(company)
            if known is not None:
                draft = CompanyDraft(known.newest, known.recent.copy(), known.ids.copy())
            else:
                draft = CompanyDraft(None, [], {})
            self.writes.companies[company] = draft
        return draft

    def _cell(self, company: str, channel: Channel, resolution: Resolution, start: int) -> Cell | None:
        series = self.state.series.get((company, channel, resolution))
        return series.cells.get(start) if series is not None else None

    # -- what a batch forgets
    def finish(self) -> None:
        """Cut what retention no longer keeps; unlink chunks of ids that can match nothing any more."""
        self.copies.forget()
        self.composing.finish()
        oldest = {
            (company, resolution): oldest_start(draft.newest, self.rules.keep[resolution], resolution)
            for company, draft in self.writes.companies.items()
            if draft.newest is not None
            for resolution in RESOLUTIONS
        }
        for (company, resolution), start in oldest.items():
            self._cut(company, resolution, start)
        for key in [key for key in self.writes.cells if key[3] < oldest[key[0], key[2]]]:
            del self.writes.cells[key]
        for hour in [hour for hour in self.writes.tops if hour[1] < oldest[hour[0], "hour"]]:
            del self.writes.tops[hour]

    def _cut(self, company: str, resolution: Resolution, oldest: int) -> None:
        gone: set[int] = set()
        for channel in CHANNELS:
            series = self.state.series.get((company, channel, resolution))
            if series is not None and series.starts and series.starts[0] < oldest:
                starts = series.cut(oldest)
                gone.update(starts)
                self.writes.dropped_cells.append(((company, channel, resolution), starts))
        if resolution == "hour":
            self.writes.dropped_tops.extend((company, start) for start in sorted(gone))
        elif resolution == "day":
            cut_recent(self.writes.companies[company], oldest * SECOND)


def _share(touched: dict[str, Share], base: dict[str, Share] | None, name: str, part: Contribution) -> bool:
    """Add to one author's or story's share; whether it is the bucket's first."""
    share = touched.get(name)
    if share is not None:
        add_share(share, part)
        return False
    known = base.get(name) if base is not None else None
    if known is None:
        touched[name] = Share(1, part.weight, part.score)
        return True
    touched[name] = share = copy_share(known)
    add_share(share, part)
    return False
