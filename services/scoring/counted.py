"""What the scored documents of this process say, and what became of the others, counted for /metrics. What a run as a
whole has counted lies in Redis (shared/contract/aggregates.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.model.interface import Answer
from services.scoring.entries import Entry
from shared.contract.events import MICRO
from shared.contract.operation import metrics
from shared.contract.weighing import class_of
from shared.measured import MEASURED, Measured


def count(entries: Sequence[Entry], measured: Measured = MEASURED) -> None:
    """Count entries whose outcome is durable."""
    measured.count_each(metrics.DEAD, Counter(entry.reason for entry in entries if entry.reason))
    scored = [entry for entry in entries if entry.answer is not None and not entry.reason]
    if not scored:
        return
    measured.count_each(metrics.SCORED, Counter(entry.document.language for entry in scored if entry.document))
    measured.count(metrics.UNLINKED, by=sum(not entry.links for entry in scored))
    measured.count_each(
        metrics.EVENTS, Counter(entry.answer.event or "none" for entry in scored if entry.answer is not None)
    )
    said = [class_of(*each) for entry in scored if entry.answer is not None for each in _sentiments(entry.answer)]
    measured.count_each(metrics.SENTIMENT, Counter(label for label, _ in said))
    measured.observe_all(metrics.CONFIDENCE, values=[confidence / MICRO for _, confidence in said])


def _sentiments(answer: Answer) -> list[tuple[int, int, int]]:
    """Of each company, or of the document that names none: as its opinions carry them."""
    return [(each.negative, each.neutral, each.positive) for each in answer.companies or (answer.document,)]
