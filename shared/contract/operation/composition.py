"""What the documents of one day are made of: counts by class, confidence, language and link, of a slot or a whole run.

Sums alone, so they do not depend on the order of arrival; shared/reading/measuring/drift.py compares days by them.
The number of values is bounded: of languages only tags of two or three letters are told apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

KEPT_DAYS: Final = 36  # of a slot, up to its newest: 28 to compare with, two that are compared, and a week to look back
TENTHS: Final = 10
OTHER: Final = "other"
NONE: Final = "none"  # no event
_TAG: Final = re.compile(r"[a-z]{2,3}")


class Composition(msgspec.Struct, array_like=True, gc=False):
    """Counts of one day of market time. Copies of a document are not in it."""

    documents: int = 0  # scored
    unlinked: int = 0  # of them, those that name no company
    unscored: int = 0  # in a language that no model reads
    positive: int = 0  # opinions by their most probable class
    neutral: int = 0
    negative: int = 0
    confidence: list[int] = []  # opinions by tenths of the probability of that class; TENTHS numbers, or none
    languages: dict[str, int] = {}  # documents, the unscored among them
    events: dict[str, int] = {}  # scored documents by event class


def language_of(tag: str) -> str:
    """A language as it is counted."""
    return tag if _TAG.fullmatch(tag) else OTHER


def copy_of(day: Composition) -> Composition:
    return msgspec.structs.replace(
        day, confidence=list(day.confidence), languages=dict(day.languages), events=dict(day.events)
    )


def add_to(whole: Composition, part: Composition) -> None:
    """Add the counts of `part` to `whole`."""
    for name in ("documents", "unlinked", "unscored", "positive", "neutral", "negative"):
        setattr(whole, name, getattr(whole, name) + getattr(part, name))
    if part.confidence:
        held = whole.confidence or [0] * TENTHS
        whole.confidence = [a + b for a, b in zip(held, part.confidence, strict=True)]
    for counts, added in ((whole.languages, part.languages), (whole.events, part.events)):
        _add(counts, added)


def _add(counts: dict[str, int], added: Mapping[str, int]) -> None:
    for name, count in added.items():
        counts[name] = counts.get(name, 0) + count


_pack = msgspec.msgpack.Encoder()
_unpack = msgspec.msgpack.Decoder(Composition)


def pack_day(day: Composition) -> bytes:
    return _pack.encode(day)


def unpack_day_of(raw: bytes) -> Composition:
    return _unpack.decode(raw)
