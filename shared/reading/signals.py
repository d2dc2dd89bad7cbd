"""The signals of a run: the latest of each company and strategy, their history, and every revision of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec
import redis

from shared.contract.events import MICRO
from shared.contract.keys import Keys
from shared.contract.signals import Signal, decode_revisions, decode_signal
from shared.reading.round_trip import ask


class Asked(NamedTuple):
    """The signals of one company and strategy at these T (microseconds)."""

    company: str
    strategy: str
    times: Sequence[int]


class Signals:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys) -> None:
        self._client, self._keys = client, keys

    def latest(self) -> list[Signal]:
        """The latest signal of every company and strategy; strongest conviction first."""
        replies = ask(self._client, [("HVALS", self._keys.latest_signals(slot)) for slot in range(self._keys.slots)])
        signals = [decode_signal(raw) for reply in replies for raw in reply]
        return sorted(signals, key=lambda signal: (-abs(signal.score), signal.company, signal.strategy))

    def history(self, company: str, strategy: str) -> list[Signal]:
        """The last revision of each of a company's signals, oldest first."""
        raw = cast("list[bytes]", self._client.hvals(self._keys.signals(company, strategy)))
        return sorted((decode_revisions(value)[-1] for value in raw), key=lambda signal: signal.at)

    def revisions(self, companies: Iterable[str], strategies: Sequence[str] | None = None) -> list[Signal]:
        """Every revision of every signal on these companies, one company after the other, each by (T, strategy,
        revision). `strategies`: None for all that have a signal on any of them. One round trip a company."""
        companies = list(companies)
        if strategies is None:
            strategies = sorted({signal.strategy for signal in self.latest() if signal.company in companies})
        signals: list[Signal] = []
        for company in companies:
            replies = ask(self._client, [("HVALS", self._keys.signals(company, name)) for name in strategies])
            own = [signal for reply in replies for raw in reply for signal in decode_revisions(raw)]
            signals += sorted(own, key=lambda signal: (signal.at, signal.strategy, signal.revision))
        return signals

    def revisions_at(self, asked: Sequence[Asked]) -> list[dict[int, list[Signal]]]:
        """For each question T -> the revisions at that T, where there is a signal. One round trip."""
        calls = [("HMGET", self._keys.signals(company, name), *times) for company, name, times in asked]
        replies = ask(self._client, calls)
        return [
            {revisions[0].at: revisions for raw in reply if raw is not None for revisions in [decode_revisions(raw)]}
            for reply in replies
        ]


def plain(signal: Signal) -> dict[str, Any]:
    """A signal for a person or a script: scores as fractions."""
    value: dict[str, Any] = msgspec.to_builtins(signal)
    value["reasons"] = [
        {"feature": r.feature, "value": r.value / MICRO, "contribution": r.contribution / MICRO} for r in signal.reasons
    ]
    return value | {
        "score": signal.score / MICRO,
        "confidence": signal.confidence / MICRO,
        "revision": signal.revision,
        "evidence": list(signal.evidence),
        "contributions": [part / MICRO for part in signal.contributions],
        "features": {name: micro / MICRO for name, micro in signal.features.items()},
    }
