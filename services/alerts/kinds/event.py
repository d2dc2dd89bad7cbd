"""event: a class of event appears in what is written about a company."""

from __future__ import annotations

import msgspec

from services.alerts.kinds.kind import Heard, value_of
from shared.contract.events import MICRO
from shared.contract.signals import EVENT_PREFIX


class EventClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when one of `events` makes up `share` of the look-back's documents and did not in the signal before.

    With `probability`, one of the signal's evidence documents must be of that class with at least that probability.
    """

    events: tuple[str, ...] = ()
    share: float = 0.2
    probability: float = 0.0
    within_hours: int = 48

    @property
    def hours(self) -> int:
        return self.within_hours

    def problem(self) -> str:
        if not self.events:
            return "give `events`, e.g. events: [mergers_investments]"
        if not 0 < self.share <= 1 or not 0 <= self.probability <= 1:
            return "share must lie above 0 and up to 1, probability in 0 to 1"
        return ""

    def why(self, heard: Heard) -> str | None:
        for event in self.events:
            share = value_of(heard.signal, EVENT_PREFIX + event)
            before = value_of(heard.earlier[-1], EVENT_PREFIX + event) if heard.earlier else 0.0
            if share >= self.share > before and self._sure(event, heard):
                return f"{share:.0%} of the documents are about {event.replace('_', ' ')} (before: {before:.0%})"
        return None

    def _sure(self, event: str, heard: Heard) -> bool:
        if not self.probability:
            return True
        return any(d.event == event and d.event_probability / MICRO >= self.probability for d in heard.documents())
