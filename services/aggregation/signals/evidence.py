"""The documents behind a signal: what moved the strategy's level from neutral, nobody heard, to where it stands. Pure.

Each hour's heaviest documents are known one by one; what they leave of the level is not named (decisions/0070).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from services.aggregation.signals.features import standing
from services.aggregation.signals.lookback import LookBack
from services.aggregation.signals.strategy import Strategy
from shared.clock import HOUR_SECONDS, SECOND
from shared.contract.aggregates import RecentDocument
from shared.contract.contributions import Mean, Moved, contributions, largest_first
from shared.contract.events import MICRO
from shared.contract.signals import Signal

EVIDENCE: Final = 5  # documents named by a signal
Evidence = Sequence[tuple[int, RecentDocument]]  # contributions in micro-units of the level


def evidence_of(towards: int, look: LookBack, strategy: Strategy, kept: Iterable[RecentDocument]) -> Evidence:
    """What of `kept` moved the level most in the direction of `towards` (the signal's score), largest first; what
    moved it the other way comes last, where there is too little else.
    """
    documents = list(kept)
    before, after = _means(look, strategy)
    moved = [
        Moved(0, _aged(document, look.at, strategy), document.positive - document.negative) for document in documents
    ]
    parts, _ = contributions(moved, before, after)
    by_id = {document.id: document for document in documents}
    ordered = largest_first(((part, document.id) for part, document in zip(parts, documents, strict=True)), towards)
    return [(part, by_id[name]) for part, name in ordered[:EVIDENCE]]


def with_evidence(signal: Signal, evidence: Evidence) -> Signal:
    """The signal with the documents that moved it, and what is said of them together."""
    return msgspec.structs.replace(
        signal,
        evidence=tuple(document.id for _, document in evidence),
        contributions=tuple(part for part, _ in evidence),
        model=min((document.model for _, document in evidence), default=""),
        synthetic=any(document.synthetic for _, document in evidence),
    )


def _means(look: LookBack, strategy: Strategy) -> tuple[Mean, Mean]:
    """The level without any document, which is the neutral prior's, and the level at T."""
    weight, score = standing(look, strategy)
    prior = max(1, round(strategy.prior_documents * MICRO))
    return Mean(prior, 0), Mean(prior + round(weight), round(score) * MICRO)


def _aged(document: RecentDocument, at: int, strategy: Strategy) -> int:
    """The document's weight at T: decayed from the middle of its hour, as the level has it."""
    hour = document.available_at // SECOND // HOUR_SECONDS * HOUR_SECONDS
    age = (at - hour) / HOUR_SECONDS - 0.5
    return round(document.weight * math.pow(0.5, age / strategy.half_life_hours))
