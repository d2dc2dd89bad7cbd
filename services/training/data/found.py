"""Texts of other sets to which this project gave an event: ``labelled/found.csv`` has keys and labels, never a text.

A label counts where its text is at hand: in the labelled sets, or in the news and posts that lie beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from services.training.data.overlap import text_key
from services.training.data.tables import read_table
from services.training.data.texts import lines_of

OPEN = ("tfns_topic", "tfns_sentiment", "sentfin", "finentity")  # what a model that is used for anything may learn from
_SUMMARY = 230  # characters of a story of which the title and the summary were read together


def found_key(text: str) -> str:
    """How a text is named without being told: 16 hexadecimal digits of the SHA-256 of its key."""
    return hashlib.sha256(text_key(text).encode()).hexdigest()[:16]


def found_texts(labelled: Path, keys: frozenset[str], *, research: bool) -> dict[str, str]:
    """The texts of the keys that are at hand under ``labelled``; ``research``: in its neighbour ``backtest``, too."""
    texts: dict[str, str] = {}
    for text in _texts(labelled, research):
        if (key := found_key(text)) in keys:
            texts.setdefault(key, text)
    return texts


def _texts(labelled: Path, research: bool) -> Iterator[str]:
    for name in OPEN:
        yield from _column(labelled / name / "train.csv", "text")
    if research:
        beside = labelled.parent / "backtest"
        for row in _rows(beside / "reuters_news_2012_2017.jsonl.gz"):
            yield row["title"]
            yield f"{row['title']}. {row['summary']}"[:_SUMMARY]
        yield from (row["text"] for row in _rows(beside / "stocknet_tweets_raw.jsonl.gz"))
        yield from _column(beside / "benzinga_headlines.csv", "title")


def _column(path: Path, name: str) -> Iterator[str]:
    if path.is_file():
        yield from read_table(path, [name])[name]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.is_file():
        yield from map(json.loads, lines_of(path))
