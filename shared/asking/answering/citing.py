"""Which documents an answer cites: the best, those that tell the same, and for a comparison those that tell the rest.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.asking.answering.evidence import Evidence, Weighed
from shared.asking.understanding.question import Asked
from shared.contract.archive import words_of

MOST: Final = 3  # documents that an answer cites; of a comparison one more
_NEAR: Final = 0.93  # of the best one's score: as good as it
_LIKE: Final = 0.45  # of the words of two titles in common: the same told again

_REPEATED: Final = 0.6


def cited(asked: Asked, weighed: Sequence[Weighed], found: Sequence[Evidence]) -> list[Evidence]:
    """In their order."""
    if not found:
        return []
    if asked.kind == "compare":
        return _different(weighed, found)
    best = found[0]
    kept = [best]
    for each in found[1:12]:
        if len(kept) >= MOST:
            break
        if _repeats(each, kept):
            continue
        told = alike(each, best)
        if each.score >= _NEAR * best.score or (told >= _LIKE and each.score >= 0.8 * best.score):
            kept.append(each)
    return kept


def _different(weighed: Sequence[Weighed], found: Sequence[Evidence]) -> list[Evidence]:
    """The best of each thing told: what is like one that is cited already adds nothing to a comparison."""
    best, kept = found[0], [found[0]]
    for each in found[1:20]:
        if len(kept) > MOST:
            break
        enough = each.score >= 0.8 * best.score or (each.score >= 0.6 * best.score and _adds(each, kept, weighed))
        if enough and all(alike(each, other) < _REPEATED for other in kept):
            kept.append(each)
    return kept


def alike(one: Evidence, other: Evidence) -> float:
    """The words that two documents' titles have in common, of those of the shorter."""
    first, second = (set(words_of(each.document.title or each.document.text[:100])) for each in (one, other))
    return len(first & second) / max(1, min(len(first), len(second)))


def _repeats(each: Evidence, kept: Sequence[Evidence]) -> bool:
    """Whether it says word for word what is cited already."""
    return any(
        each.document.title == other.document.title and each.document.text == other.document.text for other in kept
    )


def _adds(each: Evidence, kept: Sequence[Evidence], weighed: Sequence[Weighed]) -> bool:
    """Whether it speaks of something that no other does, and that tells much."""
    most = max(item.weight for item in weighed)
    return any(
        value >= 0.8 and item.weight > 0.4 * most and all(other.held[place] < 0.8 for other in kept)
        for place, (item, value) in enumerate(zip(weighed, each.held, strict=True))
    )
