"""What becomes of one record whose document is gone at its source. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from shared.contract.events import (
    Document,
    InvalidMessage,
    Opinion,
    decode_document,
    decode_opinion,
    encode,
)
from shared.contract.topics import LIVE
from shared.reading.deleted import bare_document, bare_opinion, is_gone

DOCUMENTS: Final = ("documents.news", "documents.social")
DEAD: Final = "documents.dead"
OPINIONS: Final = "opinions"


def run_and_kind(topic: str) -> tuple[str, str] | None:
    """Run and name of a topic that holds words (without "run.NAME."); None of any other."""
    kind = next((each for each in (*DOCUMENTS, DEAD, OPINIONS) if topic in (each, *_named(topic, each))), None)
    if kind is None:
        return None
    return (LIVE if topic == kind else topic.removeprefix("run.").removesuffix(f".{kind}")), kind


def _named(topic: str, kind: str) -> tuple[str, ...]:
    return (topic,) if topic.startswith("run.") and topic.endswith(f".{kind}") else ()


@dataclass(slots=True)
class Gone:
    """What is deleted of one run: item -> when (microseconds). `ids`: documents of these items, as they are met."""

    items: Mapping[str, int]
    ids: set[str] = field(default_factory=set)

    def bare(self, kind: str, key: bytes | None, value: bytes | None, milliseconds: int) -> bytes | None:
        """The record's value without words; None where it stays. Documents first: they tell the ids."""
        if not value or not self.items:
            return None
        if kind == OPINIONS:
            return self._opinion(value)
        try:
            message = decode_document(value)
        except InvalidMessage:  # a letter that nobody could read: its key is the item
            item = (key or b"").decode(errors="replace")
            return b"" if kind == DEAD and is_gone(item, milliseconds * 1_000, self.items) else None
        if not isinstance(message, Document) or not is_gone(message.item, message.available_at, self.items):
            return None
        self.ids.add(message.id)
        bare = bare_document(message)
        return None if bare is None else encode(bare)

    def _opinion(self, value: bytes) -> bytes | None:
        try:
            message = decode_opinion(value)
        except InvalidMessage:
            return None
        if not isinstance(message, Opinion):
            return None
        gone = message.document_id in self.ids or is_gone(message.item, message.available_at, self.items)
        bare = bare_opinion(message) if gone else None
        return None if bare is None else encode(bare)


class Forgotten(msgspec.Struct, kw_only=True):
    """What was done. `topics`: records that lost their words, or were cut off, by topic."""

    topics: dict[str, int] = {}
    store: dict[str, int] = {}  # entries of Redis that lost theirs, by run
    deletions: int = 0  # items that are known to be gone
    kept: dict[str, int] = {}  # records with such words that stay, by topic: not safe to cut yet
    cut: bool = False  # records went as a whole, those before them too
