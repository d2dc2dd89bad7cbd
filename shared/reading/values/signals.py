"""The signals of a run: the latest of each company and strategy, their history, and every revision of them.

Redis keeps those of the latest moments; what is older comes of the archive, where one is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import redis

from shared.contract.events import MICRO
from shared.contract.keys import Keys
from shared.contract.signals import KEPT_MOMENTS, Signal, decode_revisions, decode_signal
from shared.reading.archive.history import archived_signals
from shared.reading.archive.tables import ArchiveTables
from shared.reading.round_trip import ask


class Asked(NamedTuple):
    """The signals of one company and strategy at these T (microseconds)."""

    company: str
    strategy: str
    times: Sequence[int]


class Signals:
    """Methods raise redis.RedisError, or msgspec.MsgspecError for values of another layout."""

    def __init__(self, client: redis.Redis, keys: Keys, archive: ArchiveTables | None = None) -> None:
        self._client, self._keys, self._archive = client, keys, archive

    def latest(self) -> list[Signal]:
        """The latest signal of every company and strategy; strongest conviction first."""
        replies = ask(self._client, [("HVALS", self._keys.latest_signals(slot)) for slot in range(self._keys.slots)])
        signals = [decode_signal(raw) for reply in replies for raw in reply]
        return sorted(signals, key=lambda signal: (-abs(signal.score), signal.company, signal.strategy))

    def history(self, company: str, strategy: str) -> list[Signal]:
        """The last revision of each of a company's signals, oldest first."""
        last: dict[int, Signal] = {}
        for signal in self.revisions([company], [strategy]):
            last[signal.at] = signal
        return list(last.values())

    def revisions(self, companies: Iterable[str], strategies: Sequence[str] | None = None) -> list[Signal]:
        """Every revision of every signal on these companies, one company after the other, each by (T, strategy,
        revision). `strategies`: None for all that have a signal on any of them. One round trip a company."""
        companies = list(companies)
        if strategies is None:
            strategies = sorted({signal.strategy for signal in self.latest() if signal.company in companies})
        held: dict[str, dict[str, Signal]] = {company: {} for company in companies}
        cut: list[str] = []  # companies of which Redis may have no more than the latest moments
        for company, own in held.items():
            replies = ask(self._client, [("HVALS", self._keys.signals(company, name)) for name in strategies])
            own |= {signal.id: signal for reply in replies for raw in reply for signal in decode_revisions(raw)}
            if any(len(reply) >= KEPT_MOMENTS for reply in replies):
                cut.append(company)
        if cut and self._archive is not None:
            for signal in archived_signals(self._archive, cut, strategies):
                held[signal.company].setdefault(signal.id, signal)
        return [
            signal
            for own in held.values()
            for signal in sorted(own.values(), key=lambda signal: (signal.at, signal.strategy, signal.revision))
        ]

    def revisions_at(self, asked: Sequence[Asked]) -> list[dict[int, list[Signal]]]:
        """For each question T -> the revisions at that T, where there is a signal. One round trip, where Redis still
        has them."""
        calls = [("HMGET", self._keys.signals(company, name), *times) for company, name, times in asked]
        replies = ask(self._client, calls)
        found = [
            {revisions[0].at: revisions for raw in reply if raw is not None for revisions in [decode_revisions(raw)]}
            for reply in replies
        ]
        if self._archive is not None:
            self._older(self._archive, asked, found)
        return found

    def _older(self, archive: ArchiveTables, asked: Sequence[Asked], found: Sequence[dict[int, list[Signal]]]) -> None:
        """Add what is asked for and lies before the moments that Redis keeps."""
        replies = ask(self._client, [("HKEYS", self._keys.signals(company, name)) for company, name, _ in asked])
        missing: dict[tuple[str, str, int], list[dict[int, list[Signal]]]] = {}
        for one, reply, held in zip(asked, replies, found, strict=True):
            oldest = min(map(int, reply), default=0) if len(reply) >= KEPT_MOMENTS else 0
            for at in {at for at in one.times if at < oldest} - held.keys():
                missing.setdefault((one.company, one.strategy, at), []).append(held)
        if not missing:
            return
        companies, strategies, times = (set(each) for each in zip(*missing, strict=True))
        span = f"at >= {min(times)} AND at <= {max(times)}"
        signals = archived_signals(archive, companies, sorted(strategies), span)
        for signal in sorted(signals, key=lambda each: each.revision):
            for held in missing.get((signal.company, signal.strategy, signal.at), ()):
                held.setdefault(signal.at, []).append(signal)


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
