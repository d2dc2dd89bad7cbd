"""Signals as they were given out, read from Redis for a person or a script: scores as fractions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from services.aggregation.stores.redis_store import RedisStore
from shared.contract.events import MICRO
from shared.contract.signals import Signal, decode_revisions, decode_signal


def latest(store: RedisStore, strategies: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The latest signal of every company and strategy, strongest first."""
    keys = [store.keys.latest_signals(slot) for slot in range(store.slots)]
    found = [decode_signal(raw) for key in keys for raw in store.values(key)]
    wanted = [signal for signal in found if strategies is None or signal.strategy in strategies]
    return [_plain(s) for s in sorted(wanted, key=lambda s: (-abs(s.score), s.company, s.strategy))]


def given_out(store: RedisStore, company: str, strategies: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Every revision of every signal on one company, by (T, strategy, revision)."""
    if strategies is None:
        slot = store.keys.slot_of(company)
        names = {decode_signal(raw).strategy for raw in store.values(store.keys.latest_signals(slot))}
    else:
        names = set(strategies)
    raw = [value for name in names for value in store.values(store.keys.signals(company, name))]
    found = [signal for value in raw for signal in decode_revisions(value)]
    return [_plain(s) for s in sorted(found, key=lambda s: (s.at, s.strategy, s.revision))]


def _plain(signal: Signal) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(signal)
    value["reasons"] = [
        {"feature": r.feature, "value": r.value / MICRO, "contribution": r.contribution / MICRO} for r in signal.reasons
    ]
    return value | {
        "score": signal.score / MICRO,
        "confidence": signal.confidence / MICRO,
        "revision": signal.revision,
        "evidence": list(signal.evidence),
        "features": {name: micro / MICRO for name, micro in signal.features.items()},
    }
