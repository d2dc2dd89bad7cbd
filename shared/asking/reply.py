"""What is asked of Ask and what it says: plain data, the same at every door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Request(NamedTuple):
    """`asked_at`: ISO 8601, a day or a moment; "" is the newest document's day. `before`: the questions of the
    conversation so far, the first one first. `known_before`: only what Kafka had taken by then, microseconds."""

    question: str
    asked_at: str = ""
    before: tuple[str, ...] = ()
    known_before: int | None = None


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that stands in a document's title or text as it is."""

    text: str
    external_id: str
    document_id: str
    title: str
    source: str
    published_at: str
    url: str


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """`answer` is made of quotes and counts alone, or says what was looked for. Strings and lists are never null."""

    question: str
    kind: str  # why, what, who, number, compare, or count
    asked_at: str  # the day
    begin: str  # the days that the question means; "" where it names none
    end: str
    companies: list[str]
    refused: bool
    answer: str
    quotes: list[Quote]
    count: int | None
    value: int | str | list[str] | None  # what a count comes to: the number, or the winners
    query: str  # in words: what was counted, or looked for
    confidence: float
    retrieved: list[str]  # external ids (the document's own where there is none), the best first


def by_number(quotes: Sequence[Quote]) -> dict[int, list[Quote]]:
    """By document, numbered from 1 as every answer numbers them."""
    said: dict[str, list[Quote]] = {}
    for quote in quotes:
        said.setdefault(quote.document_id, []).append(quote)
    return dict(enumerate(said.values(), 1))
