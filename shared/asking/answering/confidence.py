"""How sure it is that the best documents answer the question: below a threshold, it is not answered.

The weights were set on questions that were written for it, with and without an answer in the archive (docs/ask.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.asking.answering.evidence import Evidence, Weighed
from shared.asking.answering.sentences import gives, sentences_of
from shared.asking.understanding.question import Asked

ENOUGH: Final = 0.64  # what an answer needs


def confidence(asked: Asked, weighed: Sequence[Weighed], cited: Sequence[Evidence]) -> float:
    """0 to 1, of the best of them."""
    return max((_of(asked, weighed, each) for each in cited), default=0.0)


def _of(asked: Asked, weighed: Sequence[Weighed], each: Evidence) -> float:
    own = [
        (item, held)
        for item, held in zip(weighed, each.held, strict=True)
        if not item.concept.told or item.concept.company
    ]
    whole = sum(item.weight for item, _ in own)
    if not whole:
        return 0.0
    held = sum(item.weight * min(1.0, value) for item, value in own) / whole
    sentences = [each.document.title, *sentences_of(each.document.text)]
    if asked.kind == "why" and not any(gives(sentence, "why") for sentence in sentences):
        held -= 0.15
    if asked.kind == "number" and not any(gives(sentence, "number") for sentence in sentences):
        held -= 0.15
    if any(item.concept.company and value == 0 for item, value in own):
        held -= 0.1
    events = [(item.weight, value) for item, value in own if item.concept.event]
    if events:
        held -= 0.25 * sum(weight for weight, value in events if value == 0) / sum(weight for weight, _ in events)
    return held * each.timely
