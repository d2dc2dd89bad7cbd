"""What a replay made, as its folder, its report and its back-test take it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.aggregation.core.store import Store
from shared.contract.events import Opinion, OpinionMessage
from shared.contract.signals import Signal


@dataclass(slots=True)
class Result:
    """What a replay made."""

    store: Store
    documents: int = 0
    dead: int = 0
    unscored: int = 0  # in a language that no model reads
    opinions: int = 0
    cached: int = 0
    reused: int = 0  # answers taken from the live opinions
    signals: list[Signal] = field(default_factory=list)
    events: list[tuple[str, int, str]] = field(default_factory=list)  # company, available_at, event

    def heard(self, messages: Iterable[OpinionMessage]) -> None:
        """Note what the event study and the summary want to know of opinions."""
        for message in messages:
            if isinstance(message, Opinion):
                self.opinions += 1
                if message.event and not message.dropped:
                    self.events.append((message.company, message.available_at, message.event_class))
