"""Whether an embedding finds a re-issued story's earlier version: the yardstick for novelty, chains and search.

A re-issue is a story whose title begins UPDATE, RPT, CORRECTED and the like. Its earlier version is a story about the
same company, up to three days before, whose title shares most of its words without being the same.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from services.training.data.overlap import text_tokens
from services.training.measuring.measures import Floats

_PREFIX = re.compile(r"^(UPDATE \d+|RPT|REFILE|CORRECTED|WRAPUP \d+|REPEAT)[\s-]+", re.IGNORECASE)
_DAYS = 3
_ALIKE = 0.4


@dataclass(frozen=True)
class Story:
    """A news story: day, company, title (its re-issue prefix cut off), text to embed, and whether it is a re-issue."""

    day: date
    ticker: str
    title: str
    text: str
    reissue: bool


@dataclass(frozen=True)
class Chains:
    """Stories and, by query row, the rows that count as found."""

    stories: tuple[Story, ...]
    earlier: dict[int, frozenset[int]]


def read_chains(path: Path, limit: int = 3000) -> Chains:
    """The first ``limit`` distinct stories of a Reuters file (JSON lines, gzip: date, ticker, title, summary)."""
    stories: list[Story] = []
    seen: set[tuple[str, str]] = set()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if (key := (row["date"], row["title"])) in seen:
                continue
            seen.add(key)
            title = _PREFIX.sub("", row["title"])
            text = f"{title}. {row['summary']}"
            stories.append(Story(date.fromisoformat(row["date"]), row["ticker"], title, text, title != row["title"]))
            if len(stories) == limit:
                break
    return Chains(tuple(stories), _earlier_versions(stories))


def _earlier_versions(stories: Sequence[Story]) -> dict[int, frozenset[int]]:
    by_ticker: dict[str, list[int]] = defaultdict(list)
    for row, story in enumerate(stories):
        by_ticker[story.ticker].append(row)
    found = {}
    for row, story in enumerate(stories):
        if story.reissue:
            rows = frozenset(
                other for other in by_ticker[story.ticker] if other != row and _is_version(story, stories[other])
            )
            if rows:
                found[row] = rows
    return found


def _is_version(story: Story, other: Story) -> bool:
    if not 0 <= (story.day - other.day).days <= _DAYS:
        return False
    left, right = text_tokens(story.title), text_tokens(other.title)
    return left != right and bool(left | right) and len(left & right) / len(left | right) >= _ALIKE


def recall(embeddings: Floats, chains: Chains, ranks: Sequence[int] = (1, 5)) -> dict[str, float]:
    """Share of re-issues with an earlier version among the nearest k of all stories; ``mrr`` beside it."""
    queries = sorted(chains.earlier)
    similar = embeddings[queries] @ embeddings.T
    similar[np.arange(len(queries)), queries] = -np.inf
    order = np.argsort(-similar, axis=1, kind="stable")[:, :100]
    hit = np.array([[row in chains.earlier[q] for row in order[i]] for i, q in enumerate(queries)])
    first = np.where(hit.any(1), hit.argmax(1) + 1, np.inf)
    return {"n": float(len(queries)), "mrr": float((1 / first).mean())} | {
        f"recall_at_{k}": float((first <= k).mean()) for k in ranks
    }
