"""Signals as rules see them, in few words."""

from __future__ import annotations

from typing import Any

from services.alerts.kinds.kind import Heard
from services.alerts.rules import Rule
from shared.clock import HOUR, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.events import MICRO
from shared.contract.signals import ACTIONS, Signal, signal_id

T = 1_772_204_400_000_000 // HOUR * HOUR


def signal(step: int = 0, score: float = 0.0, company: str = "AAPL", **more: Any) -> Signal:
    """The signal of T + `step` * 12 h; other features and fields by name."""
    at, revision = T + step * 12 * HOUR, more.pop("revision", 0)
    features = {name: round(value * MICRO) for name, value in more.pop("features", {}).items()}
    fields: dict[str, Any] = {
        "id": signal_id("pulse", company, at, revision),
        "strategy": "pulse",
        "strategy_hash": "0" * 16,
        "company": company,
        "at": at,
        "revision": revision,
        "available_at": at + 60 * SECOND,
        "score": round(score * MICRO),
        "confidence": MICRO // 2,
        "action": ACTIONS[min(4, max(0, round(score * 2.5 + 2)))],
        "horizon_hours": 120,
        "documents": 20,
        "features": features,
    }
    return Signal(**(fields | more))


def heard(*signals: Signal) -> Heard:
    """The last of them, with the others as its past."""
    return Heard(signals[-1], signals[:-1])


def rule(kind: str, condition: Any, **more: Any) -> Rule:
    return Rule(name=more.pop("name", kind), kind=kind, condition=condition, **more)


def document(number: int, **more: Any) -> RecentDocument:
    fields: dict[str, Any] = {
        "id": f"{number:032x}",
        "company": "AAPL",
        "channel": "news",
        "source": "wire",
        "title": f"title {number}",
        "published_at": T,
        "available_at": T,
        "negative": 0,
        "neutral": 0,
        "positive": MICRO,
        "relevance": MICRO,
        "weight": MICRO,
    }
    return RecentDocument(**(fields | more))
