"""What rules need besides the signal: the company's earlier signals, the evidence, what is followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.alerts.evaluate import earlier_of
from services.alerts.kinds.kind import Heard
from services.alerts.rules import Rules
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import SECONDS, RecentDocument
from shared.contract.signals import Signal
from shared.reading.readers.profiles import Interests
from shared.reading.run import RunView
from shared.reading.values.signals import Asked

EVIDENCE_HOURS: Final = 120  # the look-back in whose hours a signal's evidence lies, at most


class Past:
    """Reads of one batch; what profiles follow is read once. Methods raise redis.RedisError."""

    def __init__(self, run: RunView, rules: Rules) -> None:
        self._run = run
        self._hours = max((rule.condition.hours for rule in rules.rules), default=0)
        self._followed: dict[str, Interests] = {}

    def heard(self, signals: Sequence[Signal]) -> list[Heard]:
        """Each signal with its past, in one round trip."""
        asked = [Asked(signal.company, signal.strategy, self._times(signal)) for signal in signals]
        answers = self._run.signals.revisions_at(asked)
        return [self._one(signal, answer) for signal, answer in zip(signals, answers, strict=True)]

    def _times(self, signal: Signal) -> list[int]:
        """T lies on full hours (services/aggregation/signals/strategy.py)."""
        return [signal.at - back * HOUR for back in range(self._hours + 1)]

    def _one(self, signal: Signal, revisions: dict[int, list[Signal]]) -> Heard:
        earlier, before = earlier_of(signal, revisions)
        return Heard(signal, earlier, before, lambda: self.evidence(signal))

    def evidence(self, signal: Signal) -> list[RecentDocument]:
        """The documents behind a signal that are still kept, in the signal's order."""
        last, hour = signal.at // SECOND, SECONDS["hour"]
        hours = range(last - EVIDENCE_HOURS * hour, last, hour)
        return self._run.documents.named(signal.company, signal.evidence, hours)

    def followed(self, watchlist: str) -> Interests:
        """What PROFILE, or PROFILE/LIST, follows."""
        if watchlist not in self._followed:
            profile, _, chosen = watchlist.partition("/")
            self._followed[watchlist] = Interests.of(self._run.profiles.follows(profile), chosen)
        return self._followed[watchlist]
