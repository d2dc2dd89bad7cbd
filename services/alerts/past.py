"""What rules need besides the signal, from Redis: the company's earlier signals, the evidence, what is followed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import redis

from services.alerts.evaluate import earlier_of
from services.alerts.kinds.kind import Heard
from services.alerts.rules import Rules
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import SECONDS, RecentDocument, unpack_recent, unpack_top
from shared.contract.keys import Keys
from shared.contract.signals import Signal, decode_revisions, decode_signal
from shared.reading.profiles import Interests, Profiles

EVIDENCE_HOURS: Final = 120  # the look-back in whose hours a signal's evidence lies, at most


class Facts:
    """Reads of one batch; what profiles follow is read once. Methods raise redis.RedisError."""

    def __init__(self, client: redis.Redis, keys: Keys, rules: Rules) -> None:
        self._client, self._keys = client, keys
        self._hours = max((rule.condition.hours for rule in rules.rules), default=0)
        self._followed: dict[str, Interests] = {}

    def heard(self, signals: Sequence[Signal]) -> list[Heard]:
        """Each signal with its past, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        for signal in signals:
            pipeline.hmget(self._keys.signals(signal.company, signal.strategy), self._times(signal))
        answers = pipeline.execute() if signals else []
        return [self._one(signal, answer) for signal, answer in zip(signals, answers, strict=True)]

    def _times(self, signal: Signal) -> list[str]:
        """T lies on full hours (services/aggregation/signals/strategy.py)."""
        return [str(signal.at - back * HOUR) for back in range(self._hours + 1)]

    def _one(self, signal: Signal, answer: Sequence[bytes | None]) -> Heard:
        revisions = {found[0].at: found for raw in answer if raw is not None and (found := decode_revisions(raw))}
        earlier, before = earlier_of(signal, revisions)
        return Heard(signal, earlier, before, lambda: self.evidence(signal))

    def evidence(self, signal: Signal) -> list[RecentDocument]:
        """The documents behind a signal that are still kept, in the signal's order."""
        if not signal.evidence:
            return []
        raw = cast(Any, self._client.hmget(self._keys.recent(signal.company), list(signal.evidence)))
        found = {document.id: document for each in raw if each is not None for document in [unpack_recent(each)]}
        if len(found) < len(signal.evidence):
            last, hour = signal.at // SECOND, SECONDS["hour"]
            hours = [str(start) for start in range(last - EVIDENCE_HOURS * hour, last, hour)]
            for each in cast(Any, self._client.hmget(self._keys.top(signal.company), hours)):
                found |= {document.id: document for document in (unpack_top(each) if each is not None else ())}
        return [found[name] for name in signal.evidence if name in found]

    def followed(self, watchlist: str) -> Interests:
        """What PROFILE, or PROFILE/LIST, follows."""
        if watchlist not in self._followed:
            profile, _, chosen = watchlist.partition("/")
            self._followed[watchlist] = Interests.of(Profiles(self._client).follows(profile), chosen)
        return self._followed[watchlist]

    def latest(self) -> list[Signal]:
        """The latest signal of every company and strategy, strongest first."""
        keys = [self._keys.latest_signals(slot) for slot in range(self._keys.slots)]
        raw = [value for key in keys for value in cast("list[bytes]", self._client.hvals(key))]
        return sorted(map(decode_signal, raw), key=lambda s: (-abs(s.score), s.company, s.strategy))
