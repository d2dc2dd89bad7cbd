"""From features to a recommendation. Pure: the same features and strategy give the same signal, to the byte."""

from __future__ import annotations

from collections.abc import Mapping

from services.aggregation.signals.strategy import Strategy
from shared.contract.events import MICRO
from shared.contract.signals import EVENT_PREFIX, Action, Reason, Signal, event_share, signal_id

MOST_REASONS = 6


def recommend(
    company: str,
    at: int,
    found: Mapping[str, float],
    documents: int,
    strategy: Strategy,
    *,
    available_at: int,
    revision: int = 0,
) -> Signal | None:
    """The signal for T = `at` (microseconds), without evidence; None when fewer than `minimum_documents` were heard in
    the look-back, or none at all.
    """
    if documents < max(1, strategy.minimum_documents):
        return None
    reasons = _reasons(found, strategy)
    score = max(-MICRO, min(MICRO, sum(reason.contribution for reason in reasons)))
    ordered = sorted(reasons, key=lambda reason: (-abs(reason.contribution), reason.feature))
    return Signal(
        id=signal_id(strategy.name, company, at, revision),
        strategy=strategy.name,
        strategy_hash=strategy.digest,
        company=company,
        at=at,
        revision=revision,
        available_at=available_at,
        score=score,
        confidence=_confidence(found, documents, strategy),
        action=action_of(score, strategy),
        horizon_hours=strategy.horizon_hours,
        documents=documents,
        reasons=tuple(ordered[:MOST_REASONS]),
        features={name: micro for name, value in sorted(found.items()) if (micro := round(value * MICRO))},
        cadence_hours=strategy.cadence_hours,
    )


def action_of(score: int, strategy: Strategy) -> Action:
    """The action whose threshold the score (micro-units) reaches."""
    value, t = score / MICRO, strategy.thresholds
    if value >= t.strong_buy:
        return "strong buy"
    if value >= t.buy:
        return "buy"
    if value <= t.strong_sell:
        return "strong sell"
    if value <= t.sell:
        return "sell"
    return "hold"


def _reasons(found: Mapping[str, float], strategy: Strategy) -> list[Reason]:
    total = sum(abs(weight) for weight in strategy.weights.values())
    reasons = []
    for name, weight in sorted(strategy.weights.items()):
        value = _value(found, name)
        part = max(-1.0, min(1.0, value / strategy.scales.get(name, 1.0)))
        reasons.append(Reason(name, round(value * MICRO), round(weight / total * part * MICRO)))
    return reasons


def _value(found: Mapping[str, float], name: str) -> float:
    if name.startswith(EVENT_PREFIX):
        return float(event_share(found, name.removeprefix(EVENT_PREFIX)))
    return found.get(name, 0.0)


def _confidence(found: Mapping[str, float], documents: int, strategy: Strategy) -> int:
    """More documents, more different voices and less dispersion: more confidence. 0..MICRO.

    n / (n + prior) with n the documents damped by novelty, times 1 - dispersion / 2.
    """
    heard = documents * max(found.get("novelty", 1.0), 1.0 / documents)
    amount = heard / (heard + strategy.prior_documents)
    return round(MICRO * amount * (1.0 - found.get("dispersion", 0.0) / 2.0))
