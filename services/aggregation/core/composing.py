"""What a batch adds to the composition of the days that it touches (shared/contract/operation/composition.py). Pure.

Days older than KEPT_DAYS before the slot's newest are not kept. Which those are only grows, so the result does not
depend on the order of arrival.
"""

from __future__ import annotations

from services.aggregation.core.state import SlotState, Writes
from shared.clock import DAY
from shared.contract.events import MARKET, MICRO, Opinion, Outcome
from shared.contract.operation.composition import KEPT_DAYS, NONE, TENTHS, Composition, copy_of, language_of
from shared.contract.weighing import Contribution


class Composing:
    """Reads the state, writes to the batch's writes."""

    def __init__(self, state: SlotState, writes: Writes) -> None:
        self._state, self._writes = state, writes
        self._newest = max(state.days, default=None)

    def opinion(self, opinion: Opinion, part: Contribution) -> None:
        """Count an opinion that is no copy; a document's first one counts the document, too."""
        day = self._day(opinion.available_at)
        if day is None:
            return
        setattr(day, part.label, getattr(day, part.label) + 1)
        if not day.confidence:
            day.confidence = [0] * TENTHS
        surest = max(opinion.negative, opinion.neutral, opinion.positive)
        day.confidence[min(TENTHS - 1, surest * TENTHS // MICRO)] += 1
        if opinion.origin.index == 0:
            day.documents += 1
            day.unlinked += opinion.company == MARKET
            _count(day.languages, language_of(opinion.language))
            _count(day.events, opinion.event_class or NONE)

    def unscored(self, outcome: Outcome) -> None:
        """Count a document that no model reads; its outcome names the language."""
        day = self._day(outcome.available_at)
        if day is not None:
            day.unscored += 1
            _count(day.languages, language_of(outcome.reason))

    def finish(self) -> None:
        """Let go of days that are no longer kept."""
        if self._newest is None:
            return
        oldest = self._newest - KEPT_DAYS + 1
        self._writes.dropped_days = sorted(number for number in self._state.days if number < oldest)
        for number in [number for number in self._writes.days if number < oldest]:
            del self._writes.days[number]

    def _day(self, available_at: int) -> Composition | None:
        number = available_at // DAY
        day = self._writes.days.get(number)
        if day is not None:
            return day
        if self._newest is None or number > self._newest:
            self._newest = number
        elif number <= self._newest - KEPT_DAYS:
            return None
        held = self._state.days.get(number)
        day = self._writes.days[number] = copy_of(held) if held is not None else Composition()
        return day


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
