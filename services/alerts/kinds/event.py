"""event: a class of event appears in what is written about a company."""

from __future__ import annotations

import msgspec

from services.alerts.kinds.kind import Heard, unknown_event, value_of
from shared.contract.events import MICRO
from shared.contract.signals import EVENT_PREFIX
from shared.event_classes.selection import classes_wanted, event_words


class EventClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Speaks when one of `events` makes up `share` of the look-back's documents and did not in the signal before. The
    classes of a group count together.

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
            return "give `events`, e.g. events: [deals]"
        if not 0 < self.share <= 1 or not 0 <= self.probability <= 1:
            return "share must lie above 0 and up to 1, probability in 0 to 1"
        return unknown_event("events", self.events)

    def why(self, heard: Heard) -> str | None:
        for event in self.events:
            share = value_of(heard.signal, EVENT_PREFIX + event)
            before = value_of(heard.earlier[-1], EVENT_PREFIX + event) if heard.earlier else 0.0
            if share >= self.share > before and self._sure(event, heard):
                return f"{share:.0%} of the documents are about {event_words(event)} (before: {before:.0%})"
        return None

    def _sure(self, event: str, heard: Heard) -> bool:
        if not self.probability:
            return True
        wanted = classes_wanted([event])
        return any(
            d.event_class in wanted and d.event_probability / MICRO >= self.probability for d in heard.documents()
        )
